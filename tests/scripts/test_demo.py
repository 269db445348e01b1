"""The frame of `scripts/demo`: what it starts, what it uses, what it leaves and what it says, with a story of two steps."""

import json
import signal
from pathlib import Path

import pytest

from scripts.stack.processes import members, wait_until
from scripts.stack.record import Record
from tests.scripts.checkouts import checkout, run, serving, told

STORY = """
import os
import httpx

def play(stack, report):
    with report.step("the origin answers, and by its own name") as step:
        address = f"http://127.0.0.1:{stack.port}"
        step.check("ready", 200, httpx.get(f"{address}/readyz", headers={"Host": stack.env["SHALA_DOMAIN"]}).status_code)
        step.check("unknown", 404, httpx.get(f"{address}/api/v1", headers={"Host": "nobody.localhost"}).status_code)
    with report.step("the story's own demand") as step:
        step.check("demanded", os.environ.get("DEMANDED", "yes"), "yes")
    report.book("credits", purchased=0, difference=0)
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = checkout(tmp_path / "checkout")
    (made / "scripts/story").mkdir()
    (made / "scripts/story/__init__.py").touch()
    (made / "scripts/story/main.py").write_text(STORY)
    return made


def test_the_demo_serves_is_used_is_killed_and_comes_back(place: Path) -> None:
    with serving(place) as (first, record):
        assert set(record.processes) == {
            *("postgres", "valkey", "seaweed", "sandbox"),
            *("web", "live", "worker", "beat", "caddy"),
        }
        assert (told(place)["ok"], told(place)["run"]) == (True, 1)
        assert (place / ".local/demo/keys.json").stat().st_mode & 0o777 == 0o600
        assert record.path.stat().st_mode & 0o777 == 0o600
        text = (place / ".local/demo.json").read_text()
        keys = json.loads((place / ".local/demo/keys.json").read_text())
        assert not [name for name, secret in keys.items() if secret in text]

        # One that serves is used: nothing new starts, and it serves on. What does not hold is said, and ends with 1.
        second = run(place, "scripts.stack.demo", env={"DEMANDED": "no"})
        assert second.returncode == 1, second.stderr
        assert "starting PostgreSQL" not in second.stderr
        assert "demanded: wanted 'no', got 'yes'" in second.stdout
        assert (told(place)["ok"], told(place)["run"]) == (False, 2)
        assert [step["ok"] for step in told(place)["steps"]] == [True, False]
        assert first.poll() is None

        first.send_signal(signal.SIGKILL)
        first.wait()
        assert wait_until(lambda: not members(record.token, record.identities()), 8)

    with serving(place) as (third, later):
        assert (told(place)["ok"], told(place)["run"]) == (True, 3)
        assert told(place)["urls"]["origin"] == f"http://{record.env['SHALA_DOMAIN']}"
        third.send_signal(signal.SIGINT)
        assert third.wait(30) == 130
        assert members(later.token, later.identities()) == set()
    assert not later.path.exists()


def test_a_demo_that_cannot_start_says_so_and_still_writes(place: Path) -> None:
    (place / "manage.py").write_text("raise SystemExit('a wall fell in')\n")
    done = run(place, "scripts.stack.demo", "--stop")
    assert done.returncode == 2
    assert "cannot run: migrate ended with 1" in done.stderr
    assert "a wall fell in" in done.stderr
    assert told(place)["ok"] is False
    assert Record.read(place / ".local/demo/stack.json") is None
