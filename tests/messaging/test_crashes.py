"""A worker killed at any point sends nothing twice and loses no unit."""

from typing import Any

import pytest

from connectors.sandbox.client import SandboxClient
from kernel import crash, jobs
from kernel.tenancy import Business, tenant_scope
from shared_apps.messaging import services
from shared_apps.messaging.services import sending
from tests.messaging.conftest import Purse, arrived, now_of, purse, told, welcome
from tests.support.processes import drain_dying_at

# Where the worker dies: how many messages the vendor then has, and the state a fresh worker finds.
POINTS = {
    sending.INTENT_KEPT: (0, "pending"),
    sending.ASKED: (0, "sending"),
    sending.ANSWERED: (1, "sending"),
    sending.RECORDED: (1, "sent"),
}


def test_every_point_is_here() -> None:
    assert {point for point in crash.registered() if point.startswith("messaging.")} == set(POINTS)


@pytest.mark.parametrize("point", list(POINTS))
def test_a_killed_worker(school: Business, msg91: SandboxClient, clock: Any, point: str) -> None:
    received, state = POINTS[point]
    message = welcome(school)
    assert drain_dying_at(point), f"{point} was not reached"
    assert len(msg91.messages(message.to)) == received
    assert now_of(school, message).state == state
    if state == "pending":
        # Nothing had left, so whoever comes next goes on, with the same hold.
        assert purse(school) == Purse(999, 1, 0)
        jobs.drain()
        assert now_of(school, message).state == "sent"
        assert len(msg91.messages(message.to)) == 1
        assert purse(school) == Purse(999, 0, 1)
        return
    jobs.drain()
    if state == "sent":
        assert len(msg91.messages(message.to)) == 1
        assert purse(school) == Purse(999, 0, 1)
        return
    # Nobody can say whether it went: it is never sent again, and its units stay held.
    clock.move(minutes=11)
    with tenant_scope(school):
        assert services.unknown_settle() == {"unknown": 1, "released": 0}
        services.messages_send()
    assert now_of(school, message).state == "unknown"
    assert len(msg91.messages(message.to)) == received
    assert purse(school) == Purse(999, 1, 0)
    if received:
        assert told(school, message, vendor_reference=f"r-{message.id}") == "delivered"
        assert purse(school) == Purse(999, 0, 1)
    clock.move(days=1)
    with tenant_scope(school):
        assert services.unknown_settle()["released"] == (0 if received else 1)
    assert purse(school) == (Purse(999, 0, 1) if received else Purse(1000, 0, 0))
    assert len(msg91.messages(message.to)) == received


def test_the_urgent_does_not_wait_for_what_a_dead_worker_left(school: Business, msg91: SandboxClient) -> None:
    slow = welcome(school, priority=3)
    assert drain_dying_at(sending.INTENT_KEPT)
    urgent = welcome(school, priority=0)
    with tenant_scope(school):
        assert services.messages_send(upto=0) == {"accepted": 1}
    assert [one["phone"] for one in arrived(msg91, school)] == [urgent.to]
    jobs.drain()
    assert [one["phone"] for one in arrived(msg91, school)] == [urgent.to, slow.to]
    assert purse(school) == Purse(998, 0, 2)
