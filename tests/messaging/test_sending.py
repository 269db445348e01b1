"""A message leaves once, paid to the unit, whatever the vendor answers."""

from typing import Any

import pytest

from connectors.sandbox.client import SandboxClient
from kernel import jobs
from kernel.ids import uuid7
from kernel.jobs.models import Job
from kernel.tenancy import Business, platform_business, platform_scope, tenant_scope
from shared_apps.messaging import services
from shared_apps.messaging.models import Batch, Message, Template
from tests.messaging.conftest import Purse, arrived, fill, now_of, purse, told, welcome
from tests.support.people import phone_make
from tests.support.racing import race


def test_an_sms_is_held_sent_and_paid(school: Business, msg91: SandboxClient) -> None:
    message = welcome(school)
    assert (message.state, message.units, message.encoding) == ("pending", 1, "gsm7")
    assert purse(school) == Purse(1000, 0, 0)
    jobs.drain()
    message = now_of(school, message)
    (received,) = msg91.messages(message.to)
    assert (message.state, message.vendor_reference, message.attempts) == ("sent", received["request_id"], 1)
    assert message.batch.state == "accepted"
    assert purse(school) == Purse(999, 0, 1)
    assert received["values"] == {"name": "Asha", "academy": school.name[:20].rstrip()}
    assert received["reference"] == f"{school.public_id}.{message.id.hex}"
    assert (received["template"], received["unicode"]) == ("standard-welcome-en", "0")


def test_hindi_is_counted_in_ucs2_and_told_to_the_vendor(school: Business, msg91: SandboxClient) -> None:
    message = welcome(school, language="hi")
    assert (message.encoding, message.units, message.language) == ("ucs2", 2, "hi")
    jobs.drain()
    (received,) = msg91.messages(message.to)
    assert received["unicode"] == "1"
    assert purse(school) == Purse(998, 0, 2)


def test_many_go_in_calls_of_a_hundred(school: Business, msg91: SandboxClient) -> None:
    wanted = [
        services.Wanted(template="welcome", to=phone_make(), key=str(uuid7()), values={"name": "Asha"})
        for _ in range(250)
    ]
    with tenant_scope(school):
        assert services.messages_queue(wanted=wanted) == 250
    with platform_scope():
        assert Job.objects.filter(business=school.schema, handler="messaging.send").count() == 1
    jobs.drain()
    assert msg91.book()["calls"]["msg91.flow"] == 3
    assert len(arrived(msg91, school)) == 250
    assert purse(school) == Purse(750, 0, 250)
    with tenant_scope(school):
        assert sorted(Batch.objects.values_list("units", flat=True)) == [50, 100, 100]


def test_asked_twice_under_one_key_it_goes_once(school: Business, msg91: SandboxClient) -> None:
    first = welcome(school, key="people.welcome:1", to="+919811111111")
    assert welcome(school, key="people.welcome:1", to="+919811111112").id == first.id
    jobs.drain()
    welcome(school, key="people.welcome:1")
    jobs.drain()
    assert [one["phone"] for one in arrived(msg91, school)] == ["+919811111111"]
    assert purse(school) == Purse(999, 0, 1)


def test_a_message_of_a_rolled_back_deed_does_not_exist(school: Business, msg91: SandboxClient) -> None:
    from django.db import transaction

    with tenant_scope(school), transaction.atomic():
        services.message_queue(template="welcome", to=phone_make(), key="k", values={"name": "A"})
        transaction.set_rollback(True)
    jobs.drain()
    assert arrived(msg91, school) == []


def test_nothing_is_sent_inside_a_transaction(school: Business) -> None:
    from django.db import transaction

    with tenant_scope(school), transaction.atomic(), pytest.raises(RuntimeError):
        services.messages_send()


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


def test_what_the_wallet_does_not_pay_for_fails_and_the_rest_goes(academy: Business, msg91: SandboxClient) -> None:
    fill(academy, 3)
    wanted = [
        services.Wanted(template="welcome", to=phone_make(), key=f"k{i}", values={"name": "Asha"}) for i in range(5)
    ]
    with tenant_scope(academy):
        services.messages_queue(wanted=wanted)
    jobs.drain()
    with tenant_scope(academy):
        states = list(Message.objects.order_by("id").values_list("state", "code"))
    assert states == [("sent", "")] * 3 + [("failed", "credits.short")] * 2
    assert purse(academy) == Purse(0, 0, 3)
    assert len(arrived(msg91, academy)) == 3


def test_an_empty_wallet_asks_nobody(academy: Business, msg91: SandboxClient) -> None:
    fill(academy, 1)
    message = welcome(academy, language="hi")
    jobs.drain()
    assert (now_of(academy, message).state, now_of(academy, message).code) == ("failed", "credits.short")
    assert purse(academy) == Purse(1, 0, 0)
    assert "msg91.flow" not in msg91.book()["calls"]


def test_the_operator_pays_no_credits(msg91: SandboxClient, platform: Business) -> None:
    with platform_scope():
        message = services.message_queue(template="welcome", to=phone_make(), key=str(uuid7()), values={"name": "A"})
    jobs.drain()
    with platform_scope():
        message = Message.objects.select_related("batch").get(id=message.id)
    assert (message.state, message.batch.hold) == ("sent", None)
    assert msg91.messages(message.to)[0]["reference"].startswith(f"{platform_business().public_id}.")


def test_the_urgent_overtakes(school: Business, msg91: SandboxClient) -> None:
    slow = [welcome(school, priority=3) for _ in range(3)]
    urgent = welcome(school, priority=0)
    jobs.drain()
    phones = [one["phone"] for one in arrived(msg91, school)]
    assert phones[0] == urgent.to
    assert sorted(phones[1:]) == sorted(one.to for one in slow)


def test_what_is_not_due_waits(school: Business, msg91: SandboxClient, clock: Any) -> None:
    from datetime import timedelta

    from kernel import clock as time

    message = welcome(school, due=time.now() + timedelta(hours=1))
    jobs.drain()
    assert now_of(school, message).state == "pending"
    clock.move(hours=1, seconds=1)
    jobs.drain()
    assert now_of(school, message).state == "sent"


def test_what_is_too_late_is_cancelled(school: Business, msg91: SandboxClient, clock: Any) -> None:
    from datetime import timedelta

    from kernel import clock as time

    message = welcome(school, expires_at=time.now() + timedelta(minutes=5))
    clock.move(minutes=6)
    jobs.drain()
    message = now_of(school, message)
    assert (message.state, message.code) == ("cancelled", "messaging.expired")
    assert purse(school) == Purse(1000, 0, 0)
    assert arrived(msg91, school) == []


def test_promotion_waits_for_the_day(school: Business, msg91: SandboxClient, clock: Any) -> None:
    from kernel import clock as time

    with tenant_scope(school):
        Template.objects.filter(name="welcome", channel="sms").update(category="promotional")
    at = time.now()
    clock.move(seconds=(at.replace(hour=17, minute=0, second=0) - at).total_seconds())  # 22:30 in India
    message = welcome(school)
    jobs.drain()
    assert now_of(school, message).state == "pending"
    assert (message.due.hour, message.due.minute) == (4, 30)
    clock.move(hours=11, minutes=31)
    jobs.drain()
    assert now_of(school, message).state == "sent"


def test_a_message_whose_secret_is_lost_stands_in_nobodys_way(school: Business, msg91: SandboxClient) -> None:
    with tenant_scope(school):
        lost = services.message_queue(template="otp", to=phone_make(), key="lost", values={"code": "123456"})
        Message.objects.filter(id=lost.id).update(sealed="gone.AAAA")
        good = services.message_queue(template="otp", to=phone_make(), key="good", values={"code": "654321"})
    jobs.drain()
    lost, good = now_of(school, lost), now_of(school, good)
    assert (lost.state, lost.code, lost.sealed) == ("failed", "messaging.secret_lost", "")
    assert (good.state, msg91.messages(good.to)[0]["values"]["code"]) == ("sent", "654321")
    assert purse(school) == Purse(999, 0, 1)


def test_a_message_taken_back_does_not_go(school: Business, msg91: SandboxClient) -> None:
    message = welcome(school)
    with tenant_scope(school):
        assert services.message_cancel(message_id=message.id) is True
        assert services.message_cancel(message_id=message.id) is False
    jobs.drain()
    assert now_of(school, message).state == "cancelled"
    assert arrived(msg91, school) == []


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"to": "12345"}, "messaging.address_invalid"),
        ({"to": "+14155550100"}, "messaging.address_invalid"),
        ({"to": "a@example.in"}, "messaging.address_invalid"),
        ({"template": "nothing"}, "messaging.template_missing"),
        ({"values": {}}, "messaging.template_invalid"),
        ({"template": "payment", "values": {"amount": "x", "receipt": "1"}}, "messaging.template_invalid"),
        ({"template": "payment", "values": {"amount": "1" * 31, "receipt": "1"}}, "messaging.template_invalid"),
        ({"template": "payment", "values": {"amount": "1", "receipt": "www.evil.in"}}, "messaging.template_invalid"),
    ],
)
def test_what_cannot_be_written_is_kept_as_failed(
    school: Business, msg91: SandboxClient, wanted: dict, code: str
) -> None:
    facts = {"template": "welcome", "to": phone_make(), "key": "k", "values": {"name": "Asha"}, **wanted}
    with tenant_scope(school):
        message = services.message_queue(**facts)
    assert (message.state, message.code) == ("failed", code)
    jobs.drain()
    assert now_of(school, message).state == "failed"
    assert purse(school) == Purse(1000, 0, 0)
    assert arrived(msg91, school) == []


def test_many_workers_send_each_message_once(school: Business, msg91: SandboxClient) -> None:
    wanted = [
        services.Wanted(template="welcome", to=phone_make(), key=f"k{i}", values={"name": "Asha"}, priority=i % 4)
        for i in range(120)
    ]
    with tenant_scope(school):
        services.messages_queue(wanted=wanted)

    def work(_: int) -> str:
        with tenant_scope(school):
            services.messages_send()
        return "done"

    assert race(32, work) == {"done": 32}
    jobs.drain()
    phones = [one["phone"] for one in arrived(msg91, school)]
    assert sorted(phones) == sorted(one.to for one in wanted)
    assert purse(school) == Purse(880, 0, 120)


def test_one_tenants_messages_are_its_own(school: Business, other_academy: Business, msg91: SandboxClient) -> None:
    message = welcome(school)
    with tenant_scope(other_academy):
        assert services.messages_send() == {}
        assert not Message.objects.filter(id=message.id).exists()
        assert services.message_cancel(message_id=message.id) is False
    jobs.drain()
    assert purse(other_academy).consumed == 0
    assert purse(school).consumed == 1
