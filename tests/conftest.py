"""Fixtures for everything that needs a database: it is real, it commits, and each test has tenants of its own."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from kernel.tenancy import Business, platform_business
from tests.support.tenants import passing

if TYPE_CHECKING:
    from tests.support.people import Client

pytest_plugins = ["tests.support.crashes"]


# The same doors thousands of times, or 32 threads at one: measuring them takes as long again and reaches nothing new.
UNMEASURED = {"architecture", "browser", "flows", "isolation", "scripts", "security"} | {
    *("test_junk.py", "test_odd_pages.py", "test_races.py", "test_roles.py", "test_seat_races.py")
}


# Files that take long. Begun last, one of them would keep one process busy while the others have nothing left to do.
STACKS = {"flows", "scripts"}
LONG = {
    *("test_story.py", "test_processes.py", "test_leaks.py", "test_credentials.py", "test_document.py", "test_bulk.py"),
    *("test_odd_pages.py", "test_junk.py", "test_import_process.py", "test_fleet.py", "test_control.py"),
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes long is begun first: whole stacks by one process, one after the other, the rest by the others.

    Each process of a run begins at its own share of the list, all shares alike in number, and later helps the others
    from the end of theirs.
    """
    for item in items:
        if UNMEASURED & set(item.path.parts[-2:]):
            item.add_marker("no_cover")
    stacks = [item for item in items if STACKS & set(item.path.parts[-2:])]
    long = [item for item in items if item.path.name in LONG and item not in stacks]
    short = [item for item in items if item not in stacks and item not in long]
    processes = int(getattr(config, "workerinput", {}).get("workercount", 1))
    if processes == 1:
        items[:] = [*stacks, *long, *short]
        return
    share, others = len(items) // processes, processes - 1
    parts = [long[len(long) * n // others : len(long) * (n + 1) // others] for n in range(others)]
    items[:] = [*stacks, *short[: max(0, share - len(stacks))]]
    rest = short[len(items) - len(stacks) :]
    for part in parts:
        taken = max(0, share - len(part))
        items += [*part, *rest[:taken]]
        rest = rest[taken:]
    items += rest


class TestClock:
    """Moves the time of every process that reads the same clock file."""

    __test__ = False

    def __init__(self, file: Path) -> None:
        self._file = file
        self._offset = timedelta()

    def move(self, **by: float) -> None:
        """Forward (or back) by `timedelta` arguments: clock.move(minutes=5)."""
        self._offset += timedelta(**by)
        self._file.write_text(str(self._offset.total_seconds()))

    def reset(self) -> None:
        self._offset = timedelta()
        self._file.unlink(missing_ok=True)


@pytest.fixture(autouse=True, scope="session")
def _database_is_open(django_db_blocker: pytest.FixtureRequest) -> None:
    """Tests commit; nothing is rolled back between them, so nothing is hidden from other connections."""
    django_db_blocker.unblock()  # type: ignore[attr-defined]


@pytest.fixture(autouse=True, scope="session")
def _outputs_hold(_database_is_open: None) -> Iterator[None]:
    """Whatever any test reads through `rows` or `row` is compared at the end with what PostgreSQL makes of it."""
    from tests.support.outputs import compared

    with compared():
        yield


@pytest.fixture
def clock() -> Iterator[TestClock]:
    moved = TestClock(Path(os.environ["SHALA_CLOCK_FILE"]))
    yield moved
    moved.reset()


@pytest.fixture
def platform() -> Business:
    return platform_business()


@pytest.fixture
def academy() -> Iterator[Business]:
    yield from passing(kind="academy")


@pytest.fixture
def other_academy() -> Iterator[Business]:
    yield from passing(kind="academy")


@pytest.fixture
def library() -> Iterator[Business]:
    yield from passing(kind="library")


@pytest.fixture
def api() -> Callable[..., "Client"]:
    """api(business, client_or_token=None): a client on that host showing that token."""
    return _people().api


@pytest.fixture
def staff() -> Callable[..., "Client"]:
    """staff(business, role="owner"): a member of staff's client."""
    return _people().staff


@pytest.fixture
def student() -> Callable[..., "Client"]:
    """student(business, student=None): a client signed in for the profile `student`."""
    return _people().student


@pytest.fixture
def admin() -> Callable[..., "Client"]:
    """admin(role="super_admin"): a platform admin's client on the public host."""
    return _people().admin


def _people() -> ModuleType:
    # Models can be imported only once the settings know their database.
    from tests.support import people

    return people


@pytest.fixture(scope="session")
def bucket() -> str:
    """The run's own bucket, there to be written to."""
    from shared_apps.files.services import storage

    storage().bucket_ensure()
    return storage().bucket
