"""One world for all who leave it as it was; modules that use theirs up open their own."""

from collections.abc import Iterator
from importlib import import_module

import pytest

from tests.connectors.conftest import sandbox_urls
from tests.isolation.world import World, world_open

__all__ = ["sandbox_urls"]


@pytest.fixture(autouse=True, scope="session")
def _entry_loaded(_database_is_open: None) -> None:
    """The served entry looks at the database before anything else, which it cannot from within a test's loop."""
    import_module("config.asgi")


@pytest.fixture(scope="package")
def world(bucket: str, sandbox_urls: dict[str, str]) -> Iterator[World]:
    """Home and its twin."""
    with world_open(sandbox_urls) as made:
        yield made
