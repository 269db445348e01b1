"""A message leaves once, paid to the unit, in its turn and time."""

from typing import Any

import pytest

from connectors.sandbox.client import SandboxClient
from kernel import jobs
from kernel.ids import uuid7
from kernel.jobs.models import Job
from kernel.tenancy import Business, platform_business, platform_scope, tenant_scope
from shared_apps.messaging import services
from shared_apps.messaging.models import Batch, Message, Template
from shared_apps.messaging.services import sending
from tests.messaging.conftest import Purse, arrived, fill, now_of, purse, welcome
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


def test_a_long_send_gives_way_between_calls(
    school: Business, msg91: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "LONGEST_JOB_S", 0)
    monkeypatch.setattr(sending, "IN_ONE_CALL", 2)
    with tenant_scope(school):
        services.messages_queue(
            wanted=[
                services.Wanted(template="welcome", to=phone_make(), key=f"k{i}", values={"name": "Asha"})
                for i in range(5)
            ]
        )
    assert jobs.drain() == 4  # three calls, a job each, and one that finds nothing left
    assert (msg91.book()["calls"]["msg91.flow"], len(arrived(msg91, school))) == (3, 5)
    assert purse(school) == Purse(995, 0, 5)


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
