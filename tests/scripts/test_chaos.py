"""`scripts/chaos storm` in short on a stack of its own, and what it says on the same stack without each guard."""

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
# One start of the servers for all of them. What each drill printed and its exit code, by the guard it did without.
DRILLS = """
import contextlib, io, json, sys
from scripts.drills import chaos
from scripts.drills.stage import started
play = started()
told = {}
for guard, line in json.loads(sys.argv[1]).items():
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        code = chaos.main(["storm", "--quick", "--json", "--seed", "7", *line], play)
    told[guard] = {"code": code, **json.loads(printed.getvalue())}
    print(json.dumps(told[guard]["seconds"]), file=sys.stderr)
play.stack.stop()
print(json.dumps(told))
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = checkout(tmp_path / "checkout")
    shutil.copytree(ROOT / "scripts/story", made / "scripts/story")
    return made


def test_kills_and_faults_lose_nothing_and_a_missing_guard_is_found(place: Path) -> None:
    breaks = {guard: ["--operations", "25", "--kills", "0", "--break", guard] for guard in GUARDS}
    drills = {"": ["--operations", "60", "--kills", "5"], **breaks}
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


def test_a_drill_kills_no_servers_of_yours(place: Path) -> None:
    done = run(
        place, "scripts.drills.chaos", "storm", "--quick", env={"DATABASE_URL": "postgresql://someone@nowhere/else"}
    )
    assert done.returncode == 2
    assert "cannot run: a drill kills its servers" in done.stderr
