"""T1 and T2: a new tenant with its schema, from the stock and with nothing in stock.

Both sides end with the same committed: a tenant's row, a host's row and a schema of the same tables. The peer's is
`Client.save()`, by migrations and by `TENANT_BASE_SCHEMA`; the limit is the insert of the two rows alone.
"""

from collections.abc import Callable
from statistics import median

from scripts.benches.ratio import QUICK_ROUNDS, REPEATS, ROUNDS, Ratio, compare
from scripts.benches.tenancy_place import Place
from scripts.stack.progress import doing

CLAIMS, MADE = 20, 3
# Made before anything is measured: the first schemas of a new server take longer than later ones.
FIRST, QUICK_FIRST = 25, 2


def t1(place: Place, *, quick: bool) -> list[Ratio]:
    """A tenant with a schema of the stock."""
    line = Ratio("T1", "ms", {"vs_peer": 800.0, "vs_limit": 2.0}, quick=quick)
    claims = 5 if quick else CLAIMS
    with doing("filling the stock"):
        place.ours.call("pool_fill", target=claims * (QUICK_ROUNDS if quick else ROUNDS * REPEATS) + 1)
    warm = place.ours.call("claim", times=1)
    place.ours.call("insert", times=2)
    made: list[str] = []
    compare(
        line,
        {
            "ours": lambda: median(place.ours.call("claim", times=claims)["ms"]),
            "peer": lambda: _stock(place, made),
            "limit": lambda: median(place.ours.call("insert", times=claims)),
        },
    )
    _alike(line, place, warm["schemas"][0], made[0])
    line.note = "peer: Client.save() by migrations; limit: the tenant's and the host's row alone, by the driver"
    return [line]


def t2(place: Place, *, quick: bool) -> list[Ratio]:
    """A tenant whose schema is made first, against migrations and against a cloned schema."""
    stock = Ratio("T2", "ms", {"vs_peer": 15.0}, quick=quick, note="peer: Client.save() by migrations")
    clone = Ratio("T2.clone", "ms", {"vs_peer": 4.5}, quick=quick, note="peer: Client.save() with TENANT_BASE_SCHEMA")
    place.grown(QUICK_FIRST if quick else FIRST)
    place.settled()
    made: list[str] = []
    ours: list[str] = []
    base = _unused(place, made)
    place.stock.call("create", schema=base)
    cloned: list[str] = []

    def create() -> float:
        told = place.ours.call("create", times=MADE)
        ours.extend(told["schemas"])
        return median(told["ms"])

    compare(stock, {"ours": create, "peer": lambda: _stock(place, made)})
    compare(clone, {"ours": create, "peer": lambda: median(_cloned(place, base, cloned) for _ in range(MADE))})
    _alike(stock, place, ours[0], made[-1])
    _alike(clone, place, ours[-1], cloned[-1], names=False)
    return [stock, clone]


def _unused(place: Place, made: list[str]) -> str:
    """A name no earlier line gave."""
    known = {row[0] for row in place.asked(place.stock_name, "SELECT nspname FROM pg_namespace")}
    number = len(known)
    while f"s_{number}" in known:
        number += 1
    made.append(f"s_{number}")
    return made[-1]


def _stock(place: Place, made: list[str]) -> float:
    return float(place.stock.call("create", schema=_unused(place, made)))


def _cloned(place: Place, base: str, made: list[str]) -> float:
    return float(place.stock.call("clone", schema=_unused(place, made), base=base))


def _alike(line: Ratio, place: Place, ours: str, theirs: str, *, names: bool = True) -> None:
    """Whether both sides made the same schema: columns, constraints, indexes, functions by name and definition.

    Without `names` constraints and indexes are only counted: the peer's clone gives its own to those that are unique.
    """
    held, wanted = place.holds(place.ours_name, ours), place.holds(place.stock_name, theirs)
    line.values |= {what: len(held[what]) for what in ("columns", "constraints", "indexes")}
    for what, rows in wanted.items():
        if not rows and what != "functions":
            line.wrong.append(f"there are no {what} to compare")
        elif what in {"constraints", "indexes"} and not names:
            if len(rows) != len(held[what]):
                line.wrong.append(f"{len(held[what])} {what}, by the peer {len(rows)}")
        elif rows != held[what]:
            odd = sorted(set(rows) ^ set(held[what]))
            line.wrong.append(f"{what} differ from the peer's: {odd[:2]}")


# T1 fills a pool, and its files are being written long after: new schemas are made before it.
LINES: dict[str, Callable[..., list[Ratio]]] = {"T2": t2, "T1": t1}
