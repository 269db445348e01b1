"""One world for all who leave it as it was; modules that use theirs up open their own."""

from collections.abc import Iterator

import pytest

from tests.connectors.conftest import sandbox_urls
from tests.isolation.world import World, world_open

__all__ = ["sandbox_urls"]


@pytest.fixture(scope="package")
def world(bucket: str, sandbox_urls: dict[str, str]) -> Iterator[World]:
    """Home and its twin."""
    with world_open(sandbox_urls) as made:
        yield made
