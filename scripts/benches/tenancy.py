"""`scripts/bench tenancy`: every promise about many tenants, ours beside what a user would pick instead, in one run.

The lines, by the names `--only` takes (`T3`, `T1,T2`): T1 a tenant from the stock of schemas, T2 with the stock empty,
T3 one migration over a fleet, T4 nothing to migrate, T5 memory of a server process, T6 a request's tenancy, T7 lists
over HTTP.
"""

from typing import Any

import psycopg

from scripts.benches import tenancy_fleet, tenancy_lists, tenancy_making, tenancy_serving
from scripts.benches.line import machine, versions
from scripts.benches.ratio import Ratio
from scripts.benches.tenancy_place import furnished, served
from scripts.benches.worker import SideFailed
from scripts.stack.progress import say

# Each group in databases of its own: what one leaves behind would weigh on the next.
GROUPS = (tenancy_making.LINES, {**tenancy_serving.LINES, **tenancy_lists.LINES}, tenancy_fleet.LINES)


def measured(*, only: str, quick: bool) -> dict[str, Any]:
    """What `--json` prints, measured on a server of its own."""
    with served() as (admin, redis_url):
        return measured_at(admin, redis_url, only=only, quick=quick)


def measured_at(admin: str, redis_url: str, *, only: str, quick: bool) -> dict[str, Any]:
    """The same on servers that run. `wrong` are lines that could not be measured, with the reason."""
    lines: list[Ratio] = []
    wrong: list[str] = []
    for group in GROUPS:
        wanted = {name: line for name, line in group.items() if not only or name in only.split(",")}
        if not wanted:
            continue
        with furnished(admin, redis_url) as place:
            for name, line in wanted.items():
                try:
                    lines += line(place, quick=quick)
                except (SideFailed, AssertionError) as error:
                    wrong.append(f"{name}: {error}")
                    say(wrong[-1])
    with psycopg.connect(admin) as asking:
        server = str(asking.execute("SHOW server_version").fetchone()[0])  # type: ignore[index]
    return {
        "bench": "tenancy",
        "quick": quick,
        "machine": machine(),
        "versions": {**versions("django", "django-tenants", "psycopg", "djangorestframework"), "postgresql": server},
        "lines": [line.told() for line in lines],
        "wrong": wrong,
    }


def table(told: dict[str, Any]) -> str:
    """For a terminal."""
    wide = max((len(line["line"]) for line in told["lines"]), default=0)
    said = {True: "met", False: "NOT met", None: "-"}
    rows = [f"{'':<{wide}}  {'ours':>10}  {'peer':>10}  {'limit':>10}  unit       vs peer  vs limit  spread"]
    for line in told["lines"]:
        sides = [f"{line[s]['median']:>10.3f}" if line[s] else f"{'':>10}" for s in ("ours", "peer", "limit")]
        ratios = [f"{line[name]:>9.2f}" if line[name] is not None else f"{'':>9}" for name in ("vs_peer", "vs_limit")]
        row = f"{line['line']:<{wide}}  {'  '.join(sides)}  {line['unit']:<8} {' '.join(ratios)}"
        rows.append(f"{row}  {line['spread']:>6}  {said[line['met']]}  {line['gap']}".rstrip())
    cores, model = told["machine"]["cpus"], told["machine"]["model"]
    end = f"{cores} × {model}, PostgreSQL {told['versions']['postgresql']}, {told['seconds']} s"
    return "\n".join([*rows, *(f"  {one}" for one in told["wrong"]), end])
