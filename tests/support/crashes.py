"""Which crash points tests have seen a process die at, counted over every process of a run.

A helper that sends a process to its death tells `died` what became of it. A run of the whole suite ends with one more
verdict, `EVERY_POINT`: it fails when the product has a point at which nothing died.
"""

import importlib
import pkgutil
import signal
from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest

from kernel import crash

ROOMS = ("kernel", "shared_apps", "tenant_apps")
EVERY_POINT = "tests/architecture/test_crash_points.py::every crash point was reached"

seen: set[str] = set()


def died(place: str, status: int) -> bool:
    """Whether a process told to die at a place (`<point>` or `<point>:<pass>`) was killed there; notes that it was.

    `status` is its exit code as `subprocess` gives it: minus the number of the signal.
    """
    if status == -signal.SIGKILL:
        seen.add(place.partition(":")[0])
    return status == -signal.SIGKILL


@cache
def registered() -> frozenset[str]:
    """Every point of the product: all its modules are imported, so that none is missing for want of a caller."""
    for room in ROOMS:
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, f"{room}."):
            importlib.import_module(module.name)
    return frozenset(point for point in crash.registered() if not point.startswith("tests."))


def unreached(reached: Iterable[str]) -> list[str]:
    """The product's points at which nothing died."""
    return sorted(registered().difference(reached))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What one of several processes has seen reaches the one that speaks for all."""
    seen.update(getattr(node, "workeroutput", {}).get("crash_points", ()))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    config = session.config
    if hasattr(config, "workeroutput"):
        config.workeroutput["crash_points"] = sorted(seen)
    elif _is_whole(config) and exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        missed = unreached(seen)
        report = pytest.TestReport(
            nodeid=EVERY_POINT,
            location=(EVERY_POINT.partition("::")[0], None, EVERY_POINT.partition("::")[2]),
            keywords={},
            outcome="failed" if missed else "passed",
            longrepr=f"no test saw a process die at: {', '.join(missed)}" if missed else None,
            when="call",
        )
        config.hook.pytest_runtest_logreport(report=report)
        if missed:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _is_whole(config: pytest.Config) -> bool:
    """Whether nobody chose among the tests."""
    chosen = ("keyword", "markexpr", "deselect", "lf", "maxfail", "collectonly")
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not any(
        config.getoption(name, default=None) for name in chosen
    )
