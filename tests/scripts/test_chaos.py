"""`scripts/chaos storm` for a minute on a stack of its own, and what it says without a guard."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from scripts.stack.layout import ROOT
from tests.scripts.checkouts import checkout, outside

# Whole stacks: one after the other, or they slow each other out of their minute.
pytestmark = pytest.mark.xdist_group("stack")
PATIENCE_S = 420


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = checkout(tmp_path / "checkout")
    shutil.copytree(ROOT / "scripts/story", made / "scripts/story", ignore=shutil.ignore_patterns("__pycache__"))
    return made


def drilled(place: Path, command: str, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """The exit code, what `--json` printed, and the progress."""
    done = subprocess.run(
        [str(place / ".venv/bin/python"), "-m", f"scripts.drills.{command}", *arguments, "--json"],
        cwd=place,
        env=outside(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


def test_kills_and_faults_lose_nothing(place: Path) -> None:
    code, told, progress = drilled(place, "chaos", "storm", "--quick", "--seed", "7")
    assert (told["lost"], told["doubled"], told["imbalance"]) == (0, 0, {"paise": 0, "credits": 0}), told["found"]
    assert (code, told["held"], told["seed"]) == (0, True, 7), progress
    assert set(told["kills"]) == {"web", "worker", "beat", "database", "redis"}
    assert sum(told["kills"].values()) >= 1
    assert told["acknowledged"] > told["counted"]["taken"] > 0
    diary = (place / ".local/chaos-storm.jsonl").read_text().splitlines()
    assert [json.loads(line)["n"] for line in diary] == list(range(1, told["acknowledged"] + 1))


def test_without_a_guard_the_drill_finds_it(place: Path) -> None:
    drill = ("storm", "--quick", "--seed", "7", "--operations", "90", "--kills", "0", "--break", "reducer")
    code, told, progress = drilled(place, "chaos", *drill)
    assert (code, told["held"], told["broken"]) == (1, False, "reducer"), progress
    assert told["doubled"] > 0, told["found"]


def test_a_drill_kills_no_servers_of_yours(place: Path) -> None:
    done = subprocess.run(
        [str(place / ".venv/bin/python"), "-m", "scripts.drills.chaos", "storm", "--quick"],
        cwd=place,
        env=outside({"DATABASE_URL": "postgresql://someone@nowhere/else"}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "cannot run: a drill kills its servers" in done.stderr
