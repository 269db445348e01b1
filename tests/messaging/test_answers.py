"""What the vendor answers, or does not, decides what is paid and what is tried again."""

from typing import Any

import pytest

from connectors.sandbox.client import SandboxClient
from kernel import jobs
from kernel.tenancy import Business, tenant_scope
from shared_apps.messaging import services
from shared_apps.messaging.models import Message, Template
from tests.messaging.conftest import Purse, arrived, now_of, purse, told, welcome
from tests.support.people import phone_make
from tests.support.racing import race


@pytest.mark.parametrize(("template", "code"), [("unapproved", "vendor.template"), ("scrubbed", "vendor.dlt")])
def test_a_refusal_gives_the_credits_back(school: Business, msg91: SandboxClient, template: str, code: str) -> None:
    with tenant_scope(school):
        Template.objects.filter(name="welcome", channel="sms", language="en").update(vendor_template=template)
    message = welcome(school)
    jobs.drain()
    message = now_of(school, message)
    assert (message.state, message.code, message.batch.state) == ("failed", code, "refused")
    assert purse(school) == Purse(1000, 0, 0)
    assert msg91.book()["calls"]["msg91.flow"] == 1


@pytest.mark.parametrize("fault", ["error_500_html", "error_500_after", "truncated", "empty"])
def test_an_unreadable_answer_is_unknown_and_stays_held(school: Business, msg91: SandboxClient, fault: str) -> None:
    msg91.fault("msg91", "flow", fault)
    message = welcome(school)
    jobs.drain()
    message = now_of(school, message)
    assert (message.state, message.code, message.batch.state) == ("unknown", "vendor.unknown", "unknown")
    assert purse(school) == Purse(999, 1, 0)
    with tenant_scope(school):
        services.messages_send()
        assert services.unknown_settle() == {"unknown": 0, "released": 0}
    assert msg91.book()["calls"]["msg91.flow"] == 1


def test_a_time_out_is_unknown(school: Business, msg91: SandboxClient, settings: Any) -> None:
    settings.MSG91_ANSWER_SECONDS = 1
    msg91.fault("msg91", "flow", "timeout_after")
    message = welcome(school)
    jobs.drain()
    assert now_of(school, message).state == "unknown"
    assert len(msg91.messages(message.to)) == 1
    assert purse(school) == Purse(999, 1, 0)


def test_a_report_consumes_what_was_unknown(school: Business, msg91: SandboxClient) -> None:
    msg91.fault("msg91", "flow", "empty")
    message = welcome(school)
    jobs.drain()
    assert told(school, message, vendor_reference=f"r-{message.id}") == "delivered"
    message = now_of(school, message)
    assert (message.state, message.vendor_reference, message.batch.state) == (
        "delivered",
        f"r-{message.id}",
        "accepted",
    )
    assert purse(school) == Purse(999, 0, 1)
    assert told(school, message) == "delivered"
    assert purse(school) == Purse(999, 0, 1)


def test_one_report_proves_the_whole_call(school: Business, msg91: SandboxClient) -> None:
    msg91.fault("msg91", "flow", "empty")
    wanted = [
        services.Wanted(template="welcome", to=phone_make(), key=f"k{i}", values={"name": "Asha"}) for i in range(3)
    ]
    with tenant_scope(school):
        services.messages_queue(wanted=wanted)
    jobs.drain()
    with tenant_scope(school):
        first, *others = Message.objects.order_by("id")
    assert purse(school) == Purse(997, 3, 0)
    assert told(school, first, vendor_reference=f"r-{first.id}") == "delivered"
    assert [now_of(school, one).state for one in others] == ["sent", "sent"]
    assert purse(school) == Purse(997, 0, 3)


@pytest.mark.parametrize("round_", range(3))
def test_reports_and_the_end_of_the_day_race(school: Business, msg91: SandboxClient, clock: Any, round_: int) -> None:
    """Whoever is first settles the batch; the units are spent or come back, never both."""
    msg91.fault("msg91", "flow", "empty")
    message = welcome(school)
    jobs.drain()
    clock.move(days=1, minutes=1)

    def settle(i: int) -> str:
        if i % 2:
            return told(school, message, vendor_reference=f"r-{message.id}")
        with tenant_scope(school):
            return "released" if services.unknown_settle()["released"] else "late"

    outcomes = race(32, settle)
    message = now_of(school, message)
    assert outcomes["delivered"] == 16
    assert message.state == "delivered"
    if message.batch.state == "released":
        assert (outcomes["released"], outcomes["late"]) == (1, 15)
        assert purse(school) == Purse(1000, 0, 0)
    else:
        assert (message.batch.state, outcomes["late"]) == ("accepted", 16)
        assert purse(school) == Purse(999, 0, 1)


def test_a_day_without_a_report_releases_and_marks(school: Business, msg91: SandboxClient, clock: Any) -> None:
    msg91.fault("msg91", "flow", "empty")
    message = welcome(school)
    jobs.drain()
    clock.move(hours=23, minutes=59)
    with tenant_scope(school):
        assert services.unknown_settle()["released"] == 0
    clock.move(minutes=2)
    with tenant_scope(school):
        assert services.unknown_settle()["released"] == 1
        assert services.unknown_settle()["released"] == 0
    message = now_of(school, message)
    assert (message.state, message.code) == ("unknown", "messaging.released_unreported")
    assert message.batch.state == "released"
    assert purse(school) == Purse(1000, 0, 0)
    # What a late report says is true and costs nothing any more.
    assert told(school, message, vendor_reference=f"r-{message.id}") == "delivered"
    assert now_of(school, message).batch.state == "released"
    assert purse(school) == Purse(1000, 0, 0)
    assert msg91.book()["calls"]["msg91.flow"] == 1


def test_a_vendor_that_is_down_is_tried_three_times(school: Business, msg91: SandboxClient, clock: Any) -> None:
    msg91.refuse("msg91")
    message = welcome(school)
    for attempt, wait in ((1, 5), (2, 30)):
        jobs.drain()
        message = now_of(school, message)
        assert (message.state, message.attempts, message.code) == ("pending", attempt, "vendor.never_reached")
        assert purse(school) == Purse(1000, 0, 0)
        clock.move(seconds=wait + 1)
    jobs.drain()
    message = now_of(school, message)
    assert (message.state, message.attempts, message.code) == ("failed", 3, "vendor.never_reached")
    assert purse(school) == Purse(1000, 0, 0)
    msg91.accept("msg91")
    clock.move(hours=1)
    jobs.drain()
    assert arrived(msg91, school) == []


def test_a_vendor_that_comes_back_gets_it_once(school: Business, msg91: SandboxClient, clock: Any) -> None:
    msg91.refuse("msg91")
    message = welcome(school)
    jobs.drain()
    msg91.accept("msg91")
    clock.move(seconds=6)
    jobs.drain()
    assert now_of(school, message).state == "sent"
    assert len(msg91.messages(message.to)) == 1
    assert purse(school) == Purse(999, 0, 1)


def test_a_rate_limit_waits_as_long_as_it_says(school: Business, msg91: SandboxClient, clock: Any) -> None:
    msg91.fault("msg91", "flow", "rate_limited")
    message = welcome(school)
    jobs.drain()
    message = now_of(school, message)
    assert (message.state, message.code) == ("pending", "vendor.rate_limited")
    clock.move(seconds=6)
    jobs.drain()
    assert now_of(school, message).state == "pending"
    clock.move(seconds=2)
    jobs.drain()
    assert now_of(school, message).state == "sent"


def test_a_wrong_key_is_the_operators_fault_and_passes(
    school: Business, msg91: SandboxClient, settings: Any, clock: Any
) -> None:
    settings.MSG91_AUTHKEY = "wrong"
    message = welcome(school)
    jobs.drain()
    assert now_of(school, message).code == "vendor.account"
    settings.MSG91_AUTHKEY = "test-authkey"
    clock.move(seconds=6)
    jobs.drain()
    assert now_of(school, message).state == "sent"
