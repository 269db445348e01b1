"""`scripts/check` says one line a stage, goes on after one fails, and ends as the others do."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.scripts.checkouts import checkout, run


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = checkout(tmp_path / "checkout")
    subprocess.run(["git", "init", "--quiet"], cwd=made, check=True)
    (made / ".gitignore").write_text(".venv\n.local\n")
    return made


def test_each_stage_has_a_line_even_after_one_failed(place: Path) -> None:
    (place / "config/planted.py").write_text('SQL = "SELECT ' + 'now()"\n')
    (place / "scripts/planted.py").write_text('URL = "http://127.0.0.1:' + '8000/"\n')
    done = run(place, "scripts.stack.check", "ports", "clocks", "css", "translations")
    assert done.returncode == 1
    verdicts = {name: verdict for verdict, name in (line.split()[:2] for line in done.stdout.splitlines())}
    assert all(
        re.fullmatch(r"(ok|FAILED) +\w+ +[\d.]+ s +scripts/check \w+", line) for line in done.stdout.splitlines()
    )
    assert verdicts == {"ports": "FAILED", "clocks": "FAILED", "css": "ok", "translations": "ok"}
    assert "scripts/planted.py:1" in done.stderr
    assert "config/planted.py:1" in done.stderr


def test_all_held_ends_with_nothing_wrong(place: Path) -> None:
    done = run(place, "scripts.stack.check", "css", "translations")
    assert (done.returncode, done.stdout.count("ok ")) == (0, 2)


def test_what_is_made_of_the_sources_is_committed_as_they_say(place: Path) -> None:
    page = place / "shared_apps/ui/templates/ui/planted.html"
    page.write_text('<p class="mt-[3.21px]">{% translate "Planted words" %}</p>')
    done = run(place, "scripts.stack.check", "translations", "css")
    assert done.returncode == 1
    assert "not in the catalogue: 'Planted words' of shared_apps/ui/templates/ui/planted.html" in done.stderr
    assert "ui.css is not what" in done.stderr
    done = run(place, "scripts.stack.check", "--fix", "translations", "css")
    assert "not translated: 'Planted words'" in done.stderr
    assert "ok      css" in done.stdout


def test_an_unknown_stage_cannot_run(place: Path) -> None:
    done = run(place, "scripts.stack.check", "vibes")
    assert done.returncode == 2
    assert "no stage is named vibes" in done.stderr
