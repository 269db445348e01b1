"""The main story, played by `scripts/demo` itself on real servers by outside clients, and once more while it serves."""

import shutil
from pathlib import Path

import pytest

from scripts.stack.layout import ROOT
from scripts.story.main import STEPS
from tests.scripts.checkouts import checkout, run, serving, told


@pytest.mark.xdist_group("stack")
def test_the_main_story_holds_and_holds_again_while_the_stack_serves(tmp_path: Path) -> None:
    place = checkout(tmp_path / "checkout")
    shutil.copytree(ROOT / "scripts/story", place / "scripts/story", ignore=shutil.ignore_patterns("__pycache__"))
    with serving(place):
        _held(place, run_number=1)
        again = run(place, "scripts.stack.demo", "--stop", timeout_s=300)
        assert again.returncode == 0, again.stdout + again.stderr
        _held(place, run_number=2)


def _held(place: Path, *, run_number: int) -> None:
    """Every step held, and the books agree over all runs so far."""
    report = told(place)
    wrong = [check for step in report["steps"] for check in step["checks"] if not check["ok"]]
    assert wrong == []
    assert [(step["name"], step["ok"]) for step in report["steps"]] == [(name, True) for name, _ in STEPS]
    assert (report["ok"], report["run"]) == (True, run_number)
    credit, paise = report["books"]["credits"], report["books"]["paise"]
    assert (credit["purchased"], credit["difference"], credit["held"]) == (10_000 * run_number, 0, 0)
    assert (paise["settled"] - paise["receipts"] + paise["refunds"], paise["difference"]) == (0, 0)
