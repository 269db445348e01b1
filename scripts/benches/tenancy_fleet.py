"""T3, T4 and T5: one migration over a fleet, nothing to migrate, and what a server process keeps of all it has served.

Every round writes one more migration (a column and an index of two) that both sides then carry out. Of a large fleet
the peer is given `SAMPLE` tenants in a database that holds all the schemas, and its time is multiplied: what it spends
on a tenant depends on how many schemas there are, not on which tenants it is told to serve.
"""

from collections.abc import Callable
from typing import Any

from psycopg.sql import Composed

from scripts.benches import tenancy_sql
from scripts.benches.ratio import Ratio, compare
from scripts.benches.tenancy_place import Place, migration_write
from scripts.stack.progress import doing

SIZES, ALL, QUICK = {100: 60.0, 500: 150.0}, 1_000, 8
SAMPLE = 100
# What a request of a busy tenant touches.
TABLES = ["people_student", "people_branch", "people_access", "accounts_user", "accounts_signin", "payments_payment",
          "ledger_account", "ledger_transfer", "fees_due", "messaging_message"]  # fmt: skip


def t3(place: Place, *, quick: bool) -> list[Ratio]:
    """One migration over fleets of growing size, each tenant in a transaction of its own."""
    lines = []
    for size, least in {QUICK: 60.0}.items() if quick else SIZES.items():
        _grow(place, size)
        line = Ratio(f"T3.{size}", "ms a tenant", {"vs_peer": least}, quick=quick, note=_note(size))
        lines.append(compare(line, _steps(place, size)))
        _migrated(line, place, size)
    growth = Ratio(
        "T3.growth", "ms a tenant", {"vs_limit": 1.2}, quick=quick, note="ours at the most; limit: at the fewest"
    )
    most = 2 * QUICK if quick else ALL
    _grow(place, most)
    ours = _steps(place, most)["ours"]
    with doing(f"T3.growth: one migration over {most}, {len(lines[0].rounds)} times"):
        growth.rounds = [{"ours": round(ours(), 4), "limit": one["ours"]} for one in lines[0].rounds]
    return [*lines, growth]


def t4(place: Place, *, quick: bool) -> list[Ratio]:
    """Nothing to migrate."""
    size = 2 * QUICK if quick else ALL
    _grow(place, size)
    line = Ratio("T4", "s", {"vs_peer": 100.0}, quick=quick, note=_note(size))
    sample = min(size, SAMPLE)
    place.ours.call("migrate")
    place.stock.call("migrate")
    compare(
        line,
        {
            "ours": lambda: place.ours.call("migrate"),
            "peer": lambda: place.stock.call("migrate") * size / sample,
        },
        rounds=2 if quick else 5,
    )
    _migrated(line, place, size)
    return [line]


def t5(place: Place, *, quick: bool) -> list[Ratio]:
    """Memory of a server process once every tenant was served through the connection that stays."""
    size = 2 * QUICK if quick else ALL
    schemas = _grow(place, size)
    line = Ratio("T5", "MB", {"vs_peer": 10.0}, quick=quick)
    line.note = f"RssAnon of the fullest server process after {size} tenants, {len(TABLES)} tables of each"
    seen: dict[str, dict[str, Any]] = {}

    def ours() -> float:
        with place.worker("scripts.benches.ours", DJANGO_SETTINGS_MODULE="scripts.benches.ours_settings") as fresh:
            seen["ours"] = fresh.call("visit", schemas=schemas["ours"], tables=TABLES)
        return float(seen["ours"]["mb"])

    def peer() -> float:
        settings = "scripts.benches.peers.stock.settings"
        with place.worker("scripts.benches.peers.stock.work", DJANGO_SETTINGS_MODULE=settings) as fresh:
            seen["peer"] = fresh.call("visit", schemas=schemas["peer"], tables=TABLES)
        return float(seen["peer"]["mb"])

    compare(line, {"ours": ours, "peer": peer})
    line.values = {"server_processes": seen["ours"]["processes"], "tenants": size}
    if seen["ours"]["rows"] != seen["peer"]["rows"]:
        line.wrong.append(f"{seen['ours']['rows']} rows counted, by the peer {seen['peer']['rows']}")
    return [line]


def _grow(place: Place, size: int) -> dict[str, list[str]]:
    """So many tenants on both sides, of which the peer is told of the first alone."""
    schemas = place.grown(size)
    place.stock.call("only", schemas=schemas["peer"][:SAMPLE])
    return schemas


def _steps(place: Place, size: int) -> dict[str, Callable[[], float]]:
    """One more migration each time a side is asked; milliseconds for each tenant."""
    standing = len(list(place.migrations.glob("0*_step.py")))
    done = {"ours": standing, "peer": standing}

    def step(side: str) -> None:
        done[side] += 1
        if not (place.migrations / f"{done[side]:04}_step.py").exists():
            migration_write(place.migrations, done[side])

    def ours() -> float:
        step("ours")
        return float(place.ours.call("migrate")) * 1000 / size

    def peer() -> float:
        step("peer")
        return float(place.stock.call("migrate")) * 1000 / min(size, SAMPLE)

    return {"ours": ours, "peer": peer}


def _migrated(line: Ratio, place: Place, size: int) -> None:
    """Whether the last migration's column, index and record are in every schema they belong in."""
    last = len(list(place.migrations.glob("0*_step.py")))
    of_ours = "SELECT count(*) + 1 FROM public.tenancy_readyschema WHERE state <> 'dropped'"  # and the template
    of_stock = "SELECT count(*) FROM public.stock_client WHERE schema_name <> 'public'"
    for database, names, of in ((place.ours_name, "t\\_%", of_ours), (place.stock_name, "s\\_%", of_stock)):
        column = tenancy_sql.column_held(names, f"extra_{last}")
        index = tenancy_sql.index_held(names, f"moving_by_{last}")
        wanted = _number(place, database, of)
        for what, query in (("column", column), ("index", index)):
            found = _number(place, database, query)
            if last > 1 and found < wanted:
                line.wrong.append(f"{database}: the {what} is in {found} schemas, not in {wanted}")
    line.values["tenants"] = size


def _number(place: Place, database: str, query: str | Composed) -> int:
    return int(str(place.asked(database, query)[0][0]))


def _note(size: int) -> str:
    sampled = f", {SAMPLE} of them timed and multiplied" if size > SAMPLE else ""
    return f"peer: migrate_schemas over {size} tenants{sampled}"


LINES: dict[str, Callable[..., list[Ratio]]] = {"T3": t3, "T4": t4, "T5": t5}
