"""A demo that cannot start; what one that starts does is shown while the main story is played, in `tests/flows`."""

from pathlib import Path

from scripts.stack.record import Record
from tests.scripts.checkouts import checkout, run, told


def test_a_demo_that_cannot_start_says_so_and_still_writes(tmp_path: Path) -> None:
    place = checkout(tmp_path / "checkout")
    (place / "scripts/stack/prepare.py").write_text("raise SystemExit('a wall fell in')\n")
    done = run(place, "scripts.stack.demo", "--stop")
    assert done.returncode == 2
    assert "cannot run: prepare ended with 1" in done.stderr
    assert "a wall fell in" in done.stderr
    assert told(place)["ok"] is False
    assert Record.read(place / ".local/demo/stack.json") is None
