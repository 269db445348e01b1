"""The queue of jobs is one for a whole database: what an earlier test left waiting is not the next one's work."""

from collections.abc import Iterator

import pytest

from kernel.jobs.models import Job
from kernel.tenancy import platform_scope


@pytest.fixture(autouse=True)
def empty_queue() -> Iterator[None]:
    """Nothing waits when a test begins and nothing when it has ended."""
    _empty()
    yield
    _empty()


def _empty() -> None:
    with platform_scope():
        Job.objects.filter(state__in=["queued", "running"]).delete()
