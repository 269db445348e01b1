"""`scripts/boot.sh` installs what is asked for and never replaces an environment somebody runs from."""

import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.stack.layout import ROOT

UV = """#!/usr/bin/env bash
printf '%s\\n' "$@" > "$UV_ASKED"
exit "${UV_ENDS:-0}"
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/boot.sh", tmp_path / "scripts/boot.sh")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/uv").write_text(UV)
    (tmp_path / "bin/uv").chmod(0o755)
    return tmp_path


def boot(place: Path, *groups: str, **env: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    asked = place / "asked"
    asked.unlink(missing_ok=True)
    done = subprocess.run(
        ["bash", "-c", '. "$0/scripts/boot.sh"; boot "$@"; echo "in $PWD after $SETUP_SECONDS"', str(place), *groups],
        cwd="/",
        env={
            "PATH": f"{place / 'bin'}:/usr/bin:/bin:{Path(shutil.which('python3') or '').parent}",
            "UV_ASKED": str(asked),
        }
        | env,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    return done, asked.read_text().split() if asked.exists() else []


def test_the_first_time_it_names_the_interpreter(place: Path) -> None:
    done, asked = boot(place, "product")
    assert done.returncode == 0, done.stderr
    assert asked[:4] == ["sync", "--quiet", "--frozen", "--inexact"]
    assert asked[4] == "--python"
    assert asked[6:] == ["--group", "product"]
    assert done.stdout.startswith(f"in {place} after 0.")


def test_an_environment_that_stands_is_not_replaced(place: Path) -> None:
    (place / ".venv/bin").mkdir(parents=True)
    (place / ".venv/bin/python").touch(mode=0o755)
    _, asked = boot(place, "dev", UV_PYTHON="3.99")
    assert asked == ["sync", "--quiet", "--frozen", "--inexact", "--group", "dev"]


def test_a_failed_installation_says_so_and_cannot_run(place: Path) -> None:
    done, _ = boot(place, "dev", UV_ENDS="1")
    assert done.returncode == 2
    assert "cannot run: uv sync failed" in done.stderr
    assert done.stdout == ""
