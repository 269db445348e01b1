"""`scripts/bench isolation`: a million queries of two tenants with equal ids, by threads, sockets, views and workers.

It is the test of the same name (`tests/isolation/test_leaks.py`) on servers of its own, longer: none may be answered with
another's rows, and a second run, in which scope handling is broken on purpose, must find out two queries in five.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from scripts.benches.line import machine, versions
from scripts.stack.layout import CannotRun
from scripts.stack.processes import run_here
from scripts.stack.progress import doing, say
from scripts.stack.servers import start_test_servers

QUERIES, QUICK_QUERIES = 1_000_000, 50_000
CONTROL_SHARE = 0.4
TEST = "tests/isolation/test_leaks.py"


def measured(*, quick: bool) -> dict[str, Any]:
    """What `--json` prints. Raises CannotRun when the test could not be run to its end."""
    queries = QUICK_QUERIES if quick else QUERIES
    with doing("starting servers"):
        servers = start_test_servers()
    try:
        with (
            tempfile.TemporaryDirectory(dir=servers.supervisor.folder) as scratch,
            doing(f"asking {queries:,} queries"),
        ):
            report, said = Path(scratch) / "report.json", Path(scratch) / "said"
            env = servers.supervisor.environment({**servers.env, "LEAKS_QUERIES": str(queries)})
            with said.open("wb") as output:
                env |= {"LEAKS_REPORT": str(report), "TEST_READY_SCHEMAS": "2"}
                code = run_here(["pytest", TEST, "-q", "-p", "no:cacheprovider"], env, output)
            found = json.loads(report.read_text()) if report.exists() else {}
            if set(found) != {"sound", "stuck"}:
                raise CannotRun(f"the test did not come to its end\n{said.read_text()[-3000:]}")
            if code:
                say(said.read_text()[-3000:])
    finally:
        servers.stop()
    wrong = [f"{TEST} failed; it says why above"] if code else []
    line = judged(found["sound"], found["stuck"], wanted=queries, quick=quick, wrong=wrong)
    told = {"bench": "isolation", "quick": quick, "machine": machine(), "versions": versions("django", "psycopg")}
    return {**told, "lines": [line], "wrong": wrong}


def judged(
    sound: dict[str, dict[str, int]],
    stuck: dict[str, dict[str, int]],
    *,
    wanted: int,
    quick: bool,
    wrong: list[str],
) -> dict[str, Any]:
    """L2 from the tallies of both runs: `ours` are queries answered with another's rows, or not as one's own business."""
    kinds = sorted({kind for told in sound.values() for kind in told} - {"asked", "wrong", "failed"})
    asked, ours = _sum(sound, "asked"), _sum(sound, "wrong") + _sum(sound, "failed")
    control = {"queries": _sum(stuck, "asked"), "wrong": _sum(stuck, "wrong")}
    share = round(control["wrong"] / max(control["queries"], 1), 3)
    gaps = [f"{ours} answered with another's rows"] if ours else []
    gaps += [f"{asked:,} queries < {wanted:,}"] if asked < wanted else []
    gaps += [f"the broken control finds {share:g} <= {CONTROL_SHARE:g}"] if share <= CONTROL_SHARE else []
    held = not gaps and not wrong
    return {
        "line": "L2",
        "ours": ours,
        "peer": None,
        "limit": 0,
        "unit": "wrong reads",
        "vs_peer": None,
        "vs_limit": None,
        "want": {"ours": 0, "queries": wanted, "control_share": CONTROL_SHARE},
        "runs": 1,
        "values": {
            "queries": asked,
            "control_share": share,
            "control": control,
            "by": {way: told["asked"] for way, told in sound.items()},
            "control_by": {way: round(told["wrong"] / max(told["asked"], 1), 3) for way, told in stuck.items()},
            "kinds": {kind: _sum(sound, kind) for kind in kinds},
        },
        "met": (None if quick else True) if held else False,
        "gap": "; ".join(gaps),
    }


def table(told: dict[str, Any]) -> str:
    """For a terminal."""
    (line,) = told["lines"]
    values, said = line["values"], {True: "met", False: "NOT met", None: "-"}
    ways = ", ".join(f"{number:,} by {way}" for way, number in values["by"].items())
    control = values["control"]
    lines = [
        f"{line['line']}  {line['ours']} wrong of {values['queries']:,} queries ({ways})",
        f"    broken on purpose: {control['wrong']:,} wrong of {control['queries']:,}, {values['control_share']:.1%}",
        f"    {said[line['met']]}  {line['gap']}".rstrip(),
        *(f"  {one}" for one in told["wrong"]),
    ]
    cores, model = told["machine"]["cpus"], told["machine"]["model"]
    return "\n".join([*lines, f"{cores} × {model}, {told['seconds']} s"])


def _sum(tallies: dict[str, dict[str, int]], name: str) -> int:
    return sum(told.get(name, 0) for told in tallies.values())
