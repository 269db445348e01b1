"""Every list can be had as a file, and a file holds what its business's list holds: nobody else's rows, for nobody else."""

import csv
import io
from itertools import cycle

import pytest

from kernel.http.views import PUBLIC
from tests.isolation.credentials import AT_A_TENANT
from tests.isolation.doors import TRACES, Door, address, body_of, doors
from tests.isolation.rows_tenant import ROWS
from tests.isolation.world import World
from tests.support.people import Client

DOORS = [
    door
    for door in doors("config.urls_tenant")
    if door.method == "GET" and door.permission != PUBLIC and door.key in ROWS
]


def export(world: World, door: Door, client: Client) -> tuple[int, str, str]:
    """Status, content type and body of what the door gives as a file; a list is what gives one."""
    row = ROWS[door.key]
    asked = address(world, door, row)
    answer = client.get(f"{asked}{'&' if '?' in asked else '?'}format=csv")
    return answer.status_code, answer.headers["Content-Type"], body_of(answer)


def lists(world: World) -> list[Door]:
    """The doors that give a file to whom they serve."""
    return [door for door in DOORS if "text/csv" in export(world, door, world.clients[ROWS[door.key].by])[1]]


@pytest.fixture(scope="module")
def found(world: World) -> list[Door]:
    """Every list."""
    return lists(world)


def test_an_export_holds_its_own_rows_for_its_own_people(world: World, found: list[Door]) -> None:
    assert len(found) >= 20
    told = {door.name for door in found if ROWS[door.key].shows == "canary"}
    for door in found:
        row = ROWS[door.key]
        for client, (own, other) in (
            (world.clients[row.by], TRACES["canary"]),
            (world.strangers[row.by], TRACES["canary"][::-1]),
        ):
            status, kind, text = export(world, door, client)
            assert (status, kind) == (200, "text/csv; charset=utf-8"), f"{door} at {client.host}"
            assert not other.search(text), f"{door} exports another's rows at {client.host}: {text[:600]}"
            assert door.name not in told or own.search(text), f"{door} exports nothing at {client.host}"
            head, *lines = csv.reader(io.StringIO(text))
            assert {len(line) for line in lines} <= {len(head)}
    assert {"people_students", "payments_list", "fees_dues", "messaging_log", "audit_logs"} <= told
    assert world.watch.look() == set()


@pytest.mark.parametrize("kind", AT_A_TENANT)
def test_an_export_is_for_nobody_else(world: World, found: list[Door], kind: str) -> None:
    for door, shown in zip(found, cycle(AT_A_TENANT[kind](world)), strict=False):
        status, content, text = export(world, door, shown.client)
        assert (status, content) == (401, "application/problem+json"), f"{door} as {kind}: {text[:300]}"
        assert not any(one.search(text) for one in TRACES["canary"]), f"{door} as {kind}: {text[:300]}"
    assert world.watch.look() == set()
