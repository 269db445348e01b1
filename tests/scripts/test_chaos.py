"""`scripts/chaos storm` and `failover` in short on a stack of their own, and what they say there without each guard."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.stack.layout import ROOT
from tests.scripts.checkouts import checkout, outside, run

# Whole stacks: one after the other, or they slow each other out of their minute.
pytestmark = pytest.mark.xdist_group("stack")
PATIENCE_S = 600
GUARDS = ("idempotency", "reducer", "hold")
# One start of the servers for all of them. What each drill printed and its exit code, by what it is called here.
DRILLS = """
import contextlib, io, json, sys
from scripts.drills import chaos
from scripts.drills.stage import started
play = started()
told = {}
for name, line in json.loads(sys.argv[1]).items():
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        code = chaos.main([*line, "--quick", "--json", "--seed", "7"], play)
    told[name] = {"code": code, **json.loads(printed.getvalue())}
    print(json.dumps(told[name]["seconds"]), file=sys.stderr)
play.stack.stop()
print(json.dumps(told))
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = checkout(tmp_path / "checkout")
    shutil.copytree(ROOT / "scripts/story", made / "scripts/story")
    return made


def test_kills_and_faults_lose_nothing_and_a_missing_guard_is_found(place: Path) -> None:
    breaks = {guard: ["storm", "--operations", "25", "--kills", "0", "--break", guard] for guard in GUARDS}
    # The second failover kills the server that the first one promoted.
    falls = {
        "failover": ["failover", "--operations", "60"],
        "synchronous": ["failover", "--operations", "40", "--break", "synchronous"],
    }
    drills = {"": ["storm", "--operations", "60", "--kills", "5"], **breaks, **falls}
    done = subprocess.run(
        [str(place / ".venv/bin/python"), "-c", DRILLS, json.dumps(drills)],
        cwd=place,
        env=outside(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    failover, alone = told.pop("failover"), told.pop("synchronous")
    assert (failover["code"], failover["lost"], failover["doubled"]) == (0, 0, 0), failover["found"]
    assert (failover["imbalance"], failover["kills"]["database"]) == ({"paise": 0, "credits": 0}, 1), failover["found"]
    assert 0 < failover["counted"]["promoted_ms"] < failover["counted"]["back_ms"] <= 10_000
    assert failover["acknowledged"] >= 60
    assert (alone["code"], alone["held"]) == (1, False), alone
    assert alone["lost"] > 0, alone
    storm = told.pop("")
    assert (storm["lost"], storm["doubled"], storm["imbalance"]) == (0, 0, {"paise": 0, "credits": 0}), storm["found"]
    assert (storm["code"], storm["held"], storm["seed"], storm["broken"]) == (0, True, 7, ""), done.stderr
    assert set(storm["kills"]) == {"web", "worker", "beat", "database", "redis"}
    assert sum(storm["kills"].values()) >= 1
    assert storm["acknowledged"] > storm["counted"]["taken"] > 0
    # While nobody serves, the origin says so as a problem that names when to ask again.
    assert not {said for said in storm["unanswered"] if said.startswith(("502", "504"))}, storm["unanswered"]
    for guard, broken in told.items():
        assert (broken["code"], broken["held"], broken["broken"]) == (1, False, guard), done.stderr
    assert told["reducer"]["doubled"] > 0, told["reducer"]["found"]
    twice = told["idempotency"]["doubled"] + told["idempotency"]["imbalance"]["credits"]
    assert twice > 0, told["idempotency"]["found"]
    assert told["hold"]["imbalance"]["credits"] > 0, told["hold"]["found"]
    diary = (place / ".local/chaos-storm.jsonl").read_text().splitlines()
    assert [json.loads(line)["n"] for line in diary] == list(range(1, told["hold"]["acknowledged"] + 1))
    diary = (place / ".local/chaos-failover.jsonl").read_text().splitlines()
    assert len(diary) == alone["acknowledged"]


def test_a_drill_kills_no_servers_of_yours(place: Path) -> None:
    done = run(
        place, "scripts.drills.chaos", "storm", "--quick", env={"DATABASE_URL": "postgresql://someone@nowhere/else"}
    )
    assert done.returncode == 2
    assert "cannot run: a drill kills its servers" in done.stderr
