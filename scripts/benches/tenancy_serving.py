"""T6: what tenancy adds to a request, in statements and in time.

The same view, which asks the database once, is called through Django's handler in three processes: with our tenancy,
with the stock middleware, and in plain Django on one schema. What the first two take over the third is what tenancy
costs; connections stay open on all three.
"""

from collections.abc import Callable

from scripts.benches.ratio import Ratio, compare
from scripts.benches.tenancy_place import OURS, STOCK, Place

REQUESTS, QUICK = 3_000, 300
NAMES = [f"Branch {number}" for number in range(5)]
LEAST_MS = 0.001  # below a microsecond the clock is measured


def t6(place: Place, *, quick: bool) -> list[Ratio]:
    """A request's tenancy when the same tenant was served before."""
    line = Ratio("T6", "ms over plain Django", {"vs_peer": 30.0}, quick=quick)
    line.note = "peer: TenantMainMiddleware on a connection that stays"
    number = QUICK if quick else REQUESTS
    ours_schema = place.grown(1)["ours"][0]
    hosts = {
        "ours": place.ours.call("furnish", schema=ours_schema, names=NAMES),
        "peer": place.stock.call("furnish", schema="s_1", names=NAMES),
        "limit": "localhost",
    }
    stock = "scripts.benches.peers.stock.settings"
    # As a process that serves: without the login that changes schemas.
    bare = {"DJANGO_SETTINGS_MODULE": "scripts.benches.ours_settings", "BENCH_BARE": "1", "MIGRATE_DATABASE_URL": ""}
    plain = {"DJANGO_SETTINGS_MODULE": stock, "BENCH_TENANCY": "none", "BENCH_SCHEMA": "s_1"}
    with (
        place.worker(OURS, **bare) as ours,
        place.worker(STOCK, DJANGO_SETTINGS_MODULE=stock) as peer,
        place.worker("scripts.benches.requests", **plain) as none,
    ):
        workers = {"ours": ours, "peer": peer, "limit": none}
        said = {name: worker.call("requests", host=hosts[name], number=number) for name, worker in workers.items()}

        def side(name: str) -> Callable[[], float]:
            return lambda: float(workers[name].call("requests", host=hosts[name], number=number)["ms"])

        compare(line, {name: side(name) for name in workers})
    line.values = {
        "statements": {name: one["statements"] for name, one in said.items()},
        "request_ms": {name: line.side(name) for name in workers},
    }
    line.rounds = [
        {name: round(max(one[name] - one["limit"], LEAST_MS), 4) for name in ("ours", "peer")} for one in line.rounds
    ]
    if len({one["body"] for one in said.values()}) != 1:
        line.wrong.append("the sides answered differently")
    if (extra := said["ours"]["statements"] - said["limit"]["statements"]) > 0:
        line.wrong.append(f"{extra} statements more than without tenancy")
    return [line]


LINES: dict[str, Callable[..., list[Ratio]]] = {"T6": t6}
