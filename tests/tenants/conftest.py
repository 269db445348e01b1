"""Jobs are carried out by the test alone, and names are asked of a name server of its own."""

from collections.abc import Iterator

import pytest
from django.test import override_settings

from tests.support.nameserver import Zone, nameserver
from tests.support.queue import empty_queue

__all__ = ["empty_queue"]

OUR_ADDRESS = "203.0.113.7"


@pytest.fixture(scope="session")
def _served() -> Iterator[Zone]:
    with nameserver() as served, override_settings(PUBLIC_ADDRESSES=(OUR_ADDRESS,)):
        yield served


@pytest.fixture
def zone(_served: Zone) -> Zone:
    """Nothing stands in it yet."""
    for kept in (_served.records, _served.faults, _served.asked):
        kept.clear()
    return _served
