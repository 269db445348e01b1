"""Every method of every address, tried with seven kinds of credential that are not good there: each is refused by the
code that says why, nothing is told, and no row of anybody changes."""

from itertools import cycle

import pytest

from kernel.tenancy import platform_business
from tests.isolation import rows_operator, rows_tenant
from tests.isolation.credentials import AT_A_TENANT, AT_THE_OPERATOR, Kinds, Shown, Try, refused, tries, wrongs
from tests.isolation.doors import doors
from tests.isolation.twins import Watch
from tests.isolation.world import World

TENANTS = list(tries(doors("config.urls_tenant"), rows_tenant.ROWS))
OPERATORS = list(tries(doors("config.urls_public"), rows_operator.ROWS))


class Watches:
    """Everything there is: of both businesses and of the operator."""

    def __init__(self, world: World) -> None:
        self._all = [Watch(business) for business in (world.home, world.away, platform_business())]

    def look(self) -> set[str]:
        return {f"{one.business.name}: {table}" for one in self._all for table in one.look()}


@pytest.fixture(scope="module")
def watches(world: World) -> Watches:
    return Watches(world)


def culprit(world: World, watches: Watches, found: list[Try], shown: list[Shown]) -> str:
    """The first of them after which something changed, tried once more one by one."""
    for one, this in zip(found, cycle(shown), strict=False):
        refused(world, one, this)
        if changed := watches.look():
            return f"{one} changed {sorted(changed)}"
    return "something that does so once only"


def nothing_opens(world: World, watches: Watches, found: list[Try], kinds: Kinds, kind: str) -> None:
    shown = kinds[kind](world)
    watches.look()
    assert wrongs(world, found, shown) == []
    if changed := watches.look():
        pytest.fail(f"{kind} changed {sorted(changed)}: {culprit(world, watches, found, shown)}")


def test_there_are_seven_kinds_at_each_host_and_every_method() -> None:
    assert [len(kinds) for kinds in (AT_A_TENANT, AT_THE_OPERATOR)] == [7, 7]
    for found, urlconf in ((TENANTS, "config.urls_tenant"), (OPERATORS, "config.urls_public")):
        closed = {door.key for door in doors(urlconf) if door.permission != "public"}
        tried = {(one.door.name, one.method) for one in found}
        assert closed <= tried
        assert len(tried) >= 5 * len({door.route for door in doors(urlconf)})


@pytest.mark.parametrize("kind", AT_A_TENANT)
def test_nothing_of_a_tenants_opens_to(world: World, watches: Watches, kind: str) -> None:
    nothing_opens(world, watches, TENANTS, AT_A_TENANT, kind)


@pytest.mark.parametrize("kind", AT_THE_OPERATOR)
def test_nothing_of_the_operators_opens_to(world: World, watches: Watches, kind: str) -> None:
    nothing_opens(world, watches, OPERATORS, AT_THE_OPERATOR, kind)
