"""Each door of the operator's host serves the operator's people, and is shut to every tenant's."""

import pytest

from kernel.tenancy import platform_business
from tests.isolation.doors import Door, abroad_refuses, doors, home_serves, strangers_of_operator
from tests.isolation.rows_operator import ROWS
from tests.isolation.twins import Watch
from tests.isolation.world import World

DOORS = doors("config.urls_public")


@pytest.fixture(scope="module")
def books(world: World) -> Watch:
    """Everything the operator's schema holds."""
    return Watch(platform_business())


def test_there_is_a_row_for_each_door_and_none_else() -> None:
    assert sorted(door.key for door in DOORS) == sorted(ROWS)


@pytest.mark.parametrize("door", DOORS, ids=str)
def test_a_door_of_the_operator_is_closed_to_tenants(world: World, books: Watch, door: Door) -> None:
    row = ROWS[door.key]
    home_serves(world, door, row, alone=False)
    books.look()
    abroad_refuses(world, door, row, strangers_of_operator(world, door, row))
    changed = books.look()
    assert changed <= row.writes, f"{door} let a stranger change {sorted(changed)}"
    # What the operator does to one tenant, or to itself, is nothing to the other.
    assert world.watch.look() <= row.writes
