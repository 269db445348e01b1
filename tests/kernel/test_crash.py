"""Crash points: the named pass of the named point is fatal, and nothing else is."""

import os
import signal
import subprocess
import sys

import pytest

from kernel import crash
from scripts.stack.layout import ROOT

PROGRAM = """
from kernel import crash
A, B = crash.register("tests.a"), crash.register("tests.b")
for n in (1, 2, 3):
    crash.point(A)
    print("a", n, flush=True)
    crash.point(B)
    print("b", n, flush=True)
"""
WHOLE = ["a 1", "b 1", "a 2", "b 2", "a 3", "b 3"]


def passed(at: str | None) -> tuple[int, list[str]]:
    """How the program ended and what it passed before."""
    environment = {name: value for name, value in os.environ.items() if name != "SHALA_CRASH_AT"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**environment, "PYTHONPATH": str(ROOT / "platform"), **({"SHALA_CRASH_AT": at} if at is not None else {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize(
    ("at", "left"), [("tests.a", 0), ("tests.b", 1), ("tests.a:1", 0), ("tests.a:2", 2), ("tests.b:3", 5)]
)
def test_the_named_pass_is_fatal(at: str, left: int) -> None:
    assert passed(at) == (-signal.SIGKILL, WHOLE[:left])


@pytest.mark.parametrize("at", [None, "", "tests.c", "tests.a:4", "tests"])
def test_nothing_else_is(at: str | None) -> None:
    assert passed(at) == (0, WHOLE)


def test_points_are_known_by_name() -> None:
    assert crash.register("tests.known") == "tests.known"
    assert "tests.known" in crash.registered()
    crash.point("tests.known")
