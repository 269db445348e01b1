"""Wherever the product says a process may die, a test has one die there."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from scripts.stack.layout import ROOT
from tests.support import crashes

# The whole suite of a product with three points, in two processes; each sees a death at one of them.
CONFTEST = """
from tests.support import crashes
crashes.registered = lambda: frozenset({"a.begun", "a.asked", "b.told"})
pytest_plugins = ["tests.support.crashes"]
"""
TESTS = """
import pytest
from tests.support import crashes

@pytest.mark.parametrize(("place", "status"), [("a.begun:3", -9), ("a.asked", -9), ("b.told", 1)])
def test_dies(place, status):
    assert crashes.died(place, status) is (status == -9)
"""


def test_the_points_there_are() -> None:
    """A new point changes this count; that it is reached, the end of each whole run says."""
    assert Counter(point.partition(".")[0] for point in crashes.registered()) == {
        "bookings": 2,
        "bundles": 12,
        "campaigns": 1,
        "classes": 1,
        "credits": 1,
        "fees": 1,
        "idempotency": 3,
        "inbox": 1,
        "jobs": 3,
        "messaging": 4,
        "offboarding": 16,
        "payments": 15,
        "people": 3,
        "provisioning": 18,
        "tenancy": 8,
    }


def test_a_point_at_which_nothing_died_is_missed() -> None:
    assert crashes.unreached(crashes.registered()) == []
    assert crashes.unreached(crashes.registered() - {"jobs.claimed", "inbox.stored"}) == [
        "inbox.stored",
        "jobs.claimed",
    ]


def test_a_whole_run_that_misses_a_point_fails_and_names_it(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = inside\n")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside/conftest.py").write_text(CONFTEST)
    (tmp_path / "inside/test_them.py").write_text(TESTS)
    apart = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    alone = {"PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "xdist", "-n", "2", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={**apart, **alone},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1, ended.stderr
    assert "no test saw a process die at: b.told\n" in ended.stdout
    assert "1 failed, 3 passed" in ended.stdout
