"""The queue is shared by every business of a database, so each test starts and ends with an empty one."""

from collections.abc import Iterator

import pytest

from kernel.jobs.models import CadenceSlot, Job
from kernel.tenancy import platform_scope
from tests.kernel.jobs import work  # noqa: F401  (registers the tests' handlers)


@pytest.fixture(autouse=True)
def empty_queue() -> Iterator[None]:
    _empty()
    yield
    _empty()


def _empty() -> None:
    with platform_scope():
        Job.objects.all().delete()
        CadenceSlot.objects.all().delete()
