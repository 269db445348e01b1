"""One world for each module that asks for it."""

from collections.abc import Iterator

import pytest

from tests.isolation.world import World, world_forget, world_make


@pytest.fixture(scope="module")
def world(bucket: str) -> Iterator[World]:
    from django.test import override_settings

    with override_settings(REQUESTS_PER_MINUTE=1_000_000):
        made = world_make()
        yield made
        world_forget(made)
