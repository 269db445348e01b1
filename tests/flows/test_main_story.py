"""The life of a demo: the main story on real servers by outside clients, again while it serves; killed, and back."""

import json
import shutil
import signal
from pathlib import Path

import pytest

from scripts.stack.layout import ROOT
from scripts.stack.processes import members, wait_until
from scripts.stack.record import Record
from scripts.story.main import STEPS
from tests.scripts.checkouts import checkout, run, serving, told

# From the second play on: as much of the story as what was played before could be in the way of, then a demand.
AGAIN = """
import os
import httpx
from scripts.story import books, fees, opening, people
from scripts.story.cast import Play

STEPS = [opening.provision, opening.credits_move, people.import_both, people.sign_in, fees.pay_cheaper, books.close]

def play(stack, report):
    with report.step("the origin answers, and by its own name") as step:
        address = f"http://127.0.0.1:{stack.port}"
        step.check("ready", 200, httpx.get(f"{address}/readyz", headers={"Host": stack.env["SHALA_DOMAIN"]}).status_code)
        step.check("unknown", 404, httpx.get(f"{address}/api/v1", headers={"Host": "nobody.localhost"}).status_code)
    cast = Play(stack, report)
    for played in STEPS if "DEMANDED" not in os.environ else ():
        with report.step(played.__name__) as step:
            played(cast, step)
    with report.step("the story's own demand") as step:
        step.check("demanded", os.environ.get("DEMANDED", "yes"), "yes")
"""
PLAYED_AGAIN = 6


@pytest.mark.xdist_group("stack")
def test_the_main_story_holds_again_and_the_demo_is_used_is_killed_and_comes_back(tmp_path: Path) -> None:
    place = checkout(tmp_path / "checkout")
    shutil.copytree(ROOT / "scripts/story", place / "scripts/story")
    with serving(place) as (first, record):
        assert set(record.processes) == {
            *("postgres", "valkey", "seaweed", "sandbox"),
            *("web", "live", "worker", "beat", "caddy"),
        }
        assert _held(place, run_number=1) == [name for name, _ in STEPS]
        _keeps_its_secrets(place, record)

        # One that serves is used: nothing new starts, it serves on, and the books hold over both plays.
        (place / "scripts/story/main.py").write_text(AGAIN)
        again = run(place, "scripts.stack.demo", "--stop", timeout_s=300)
        assert again.returncode == 0, again.stdout + again.stderr
        assert "starting PostgreSQL" not in again.stderr
        assert len(_held(place, run_number=2)) == PLAYED_AGAIN + 2

        # What does not hold is said, and ends with 1.
        failed = run(place, "scripts.stack.demo", env={"DEMANDED": "no"})
        assert failed.returncode == 1, failed.stderr
        assert "demanded: wanted 'no', got 'yes'" in failed.stdout
        assert (told(place)["ok"], told(place)["run"]) == (False, 3)
        assert [step["ok"] for step in told(place)["steps"]] == [True, False]
        assert first.poll() is None

        first.send_signal(signal.SIGKILL)
        first.wait()
        assert wait_until(lambda: not members(record.token, record.identities()), 8)

    with serving(place) as (last, later):
        # Killed and back, it holds what it held.
        assert len(_held(place, run_number=4, plays=3)) == PLAYED_AGAIN + 2
        assert told(place)["urls"]["origin"] == f"http://{record.env['SHALA_DOMAIN']}"
        last.send_signal(signal.SIGINT)
        assert last.wait(30) == 130
        assert members(later.token, later.identities()) == set()
    assert not later.path.exists()


def _keeps_its_secrets(place: Path, record: Record) -> None:
    assert (place / ".local/demo/keys.json").stat().st_mode & 0o777 == 0o600
    assert record.path.stat().st_mode & 0o777 == 0o600
    text = (place / ".local/demo.json").read_text()
    keys = json.loads((place / ".local/demo/keys.json").read_text())
    assert not [name for name, secret in keys.items() if secret in text]


def _held(place: Path, *, run_number: int, plays: int = 0) -> list[str]:
    """The names of the steps. Every one held, and the books agree over all plays so far: as many as runs, or `plays`."""
    report = told(place)
    wrong = [check for step in report["steps"] for check in step["checks"] if not check["ok"]]
    assert wrong == []
    assert (report["ok"], report["run"]) == (True, run_number)
    assert all(step["ok"] for step in report["steps"])
    credit, paise = report["books"]["credits"], report["books"]["paise"]
    assert (credit["purchased"], credit["difference"], credit["held"]) == (10_000 * (plays or run_number), 0, 0)
    assert (paise["settled"] - paise["receipts"] + paise["refunds"], paise["difference"]) == (0, 0)
    return [step["name"] for step in report["steps"]]
