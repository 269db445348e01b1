"""Each door of a tenant's host serves its own business under ids another has too, and nobody from elsewhere."""

from collections.abc import Iterator

import pytest

from tests.isolation.doors import Door, Row, abroad_refuses, doors, home_serves, strangers_of, twin_serves
from tests.isolation.rows_tenant import ROWS
from tests.isolation.twins import canary
from tests.isolation.world import World, world_open

DOORS = doors("config.urls_tenant")


@pytest.fixture(scope="module")
def world(bucket: str, sandbox_urls: dict[str, str]) -> Iterator[World]:
    """A world to be used up."""
    with world_open(sandbox_urls) as made:
        yield made


def test_there_is_a_row_for_each_door_and_none_else() -> None:
    assert sorted(door.key for door in DOORS) == sorted(ROWS)


@pytest.mark.parametrize("door", DOORS, ids=str)
def test_a_door_is_closed_to_another_business(world: World, door: Door, caplog: pytest.LogCaptureFixture) -> None:
    row: Row = ROWS[door.key]
    home_serves(world, door, row)
    twin_serves(world, door, row)
    abroad_refuses(world, door, row, strangers_of(world, door, row))
    changed = world.watch.look()
    assert changed <= row.writes, f"{door} changed the other business: {sorted(changed)}"
    logged = [str(vars(record)) for record in caplog.get_records("call")]
    assert logged
    assert not [line for line in logged if canary(".").search(line)], f"{door} logs what people are called"
