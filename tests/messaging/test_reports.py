"""A delivery report finds its tenant, counts once whatever its order, and believes nobody without the secret."""

import json
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest

from connectors.sandbox.client import SandboxClient
from connectors.sms.port import Verdict
from kernel import jobs
from kernel.jobs.models import Job
from kernel.tenancy import Business, platform_scope, tenant_scope
from shared_apps.messaging import services
from shared_apps.messaging.models import Message
from tests.connectors.conftest import Heard, Listener
from tests.messaging.conftest import AUTHKEY, Purse, callbacks_of, fill, now_of, purse, report, told, welcome
from tests.support.people import Client

AT = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


def heard(body: bytes, kind: str = "application/json") -> Heard:
    return Heard("POST", "/", {"content-type": kind}, body)


@pytest.mark.parametrize("layout", ["new", "v2", "v3", "v4"])
def test_every_layout_finds_its_tenant_and_message(
    school: Business, msg91: SandboxClient, shop: Listener, layout: str
) -> None:
    msg91.account("msg91", AUTHKEY, "-", webhook_url=f"{shop.url}/report", account_id=layout)
    good, bad = welcome(school), welcome(school, to="+916000000016")
    jobs.drain()
    for callback in callbacks_of(shop, good, bad):
        assert report(callback) == 200
    jobs.drain()
    good, bad = now_of(school, good), now_of(school, bad)
    assert (good.state, bad.state) == ("delivered", "failed")
    assert good.delivered_at is not None
    assert bad.code == ("vendor.report" if layout in {"new", "v4"} else "vendor.report_16")
    assert purse(school) == Purse(998, 0, 2)


def test_the_vendors_reference_alone_finds_the_tenant(school: Business, msg91: SandboxClient) -> None:
    message = welcome(school)
    jobs.drain()
    body = {"requestId": now_of(school, message).vendor_reference, "telNum": message.to[1:], "status": "delivered"}
    assert report(heard(json.dumps(body).encode())) == 200
    jobs.drain()
    assert now_of(school, message).state == "delivered"


def test_three_times_and_shuffled_counts_once(school: Business, reporting: Listener) -> None:
    messages = [welcome(school) for _ in range(3)]
    jobs.drain()
    callbacks = callbacks_of(reporting, *messages)
    for callback in [*callbacks, *reversed(callbacks), *callbacks]:
        assert report(callback) == 200
    jobs.drain()
    assert [now_of(school, one).state for one in messages] == ["delivered"] * 3
    assert purse(school) == Purse(997, 0, 3)
    with platform_scope():
        assert Job.objects.filter(business=school.schema, handler="messaging.reports_apply").count() == 3


def test_jobs_carry_no_phone_number(school: Business, reporting: Listener) -> None:
    message = welcome(school)
    jobs.drain()
    report(callbacks_of(reporting, message)[0])
    jobs.drain()
    with platform_scope():
        args = [json.dumps(args) for args in Job.objects.values_list("args", flat=True)]
    assert args
    assert not any(message.to[-10:] in text for text in args)


@pytest.mark.parametrize("order", list(permutations([Verdict.UNDERWAY, Verdict.FAILED, Verdict.DELIVERED])))
def test_the_order_of_reports_does_not_matter(school: Business, msg91: SandboxClient, order: tuple) -> None:
    message = welcome(school)
    jobs.drain()
    for verdict in (*order, *order):
        told(school, message, verdict=verdict, at=AT, code="2")
    message = now_of(school, message)
    assert (message.state, message.delivered_at, message.code) == ("delivered", AT, "")
    assert purse(school) == Purse(999, 0, 1)


def test_a_failure_says_why_and_is_paid(school: Business, msg91: SandboxClient) -> None:
    message = welcome(school)
    jobs.drain()
    assert told(school, message, verdict=Verdict.FAILED, code="615", reason="PE-TM hash", dlt=True) == "failed"
    message = now_of(school, message)
    assert (message.code, message.reason, message.attempts) == ("dlt.refused", "PE-TM hash", 1)
    jobs.drain()
    assert len(msg91.messages(message.to)) == 1
    assert purse(school) == Purse(999, 0, 1)


def test_a_report_before_the_answer_is_written_down(school: Business, msg91: SandboxClient) -> None:
    """The vendor reports while the worker is still between its phases; what it then writes changes nothing."""
    from shared_apps.messaging.services import sending, settling

    message = welcome(school)
    with tenant_scope(school):
        _, batch_id = sending._choose(3)
        sending._begin(batch_id)
    assert told(school, message, vendor_reference=f"r-{message.id}") == "delivered"
    with tenant_scope(school):
        assert settling.accepted(batch_id=batch_id, vendor_reference=f"r-{message.id}") == "accepted"
        assert settling.refused(batch_id=batch_id, code="x", reason="", may_pass=True) == "accepted"
        assert settling.unknown(batch_id=batch_id, reason="") == "accepted"
    assert now_of(school, message).state == "delivered"
    assert purse(school) == Purse(999, 0, 1)


@pytest.mark.parametrize("token", ["", "wrong", "test-webhook-toke", "test-webhook-token2", "टोकन"])
def test_without_the_secret_nothing_is_believed(school: Business, reporting: Listener, token: str) -> None:
    message = welcome(school)
    jobs.drain()
    callback = callbacks_of(reporting, message)[0]
    assert report(callback, token=token) == 401
    jobs.drain()
    assert now_of(school, message).state == "sent"
    # A forgery kept before does not shut the true one out.
    assert report(callback) == 200
    jobs.drain()
    assert now_of(school, message).state == "delivered"


def test_no_secret_configured_believes_nobody(school: Business, reporting: Listener, settings: Any) -> None:
    settings.MSG91_WEBHOOK_TOKEN = ""
    message = welcome(school)
    jobs.drain()
    assert report(callbacks_of(reporting, message)[0], token="") == 401


def test_a_bearer_token_serves_as_well(school: Business, reporting: Listener, platform: Business) -> None:
    message = welcome(school)
    jobs.drain()
    callback = callbacks_of(reporting, message)[0]
    headers = {"Content-Type": "application/json", "Authorization": "Bearer test-webhook-token"}
    assert Client(platform).post("/api/v1/messages/webhook/msg91", callback.body, headers=headers).status_code == 200
    jobs.drain()
    assert now_of(school, message).state == "delivered"


def test_a_tenants_host_takes_no_reports(school: Business, other_academy: Business, reporting: Listener) -> None:
    message = welcome(school)
    jobs.drain()
    for host in (school, other_academy):
        assert report(callbacks_of(reporting, message)[0], at=host) == 401
    jobs.drain()
    assert now_of(school, message).state == "sent"


def test_a_report_about_anothers_message_changes_nothing(school: Business, other_academy: Business) -> None:
    fill(other_academy, 10)
    mine, theirs = welcome(school), welcome(other_academy)
    jobs.drain()
    mine, theirs = now_of(school, mine), now_of(other_academy, theirs)
    ours = f"{school.public_id}.{mine.id.hex}"
    foreign = f"{other_academy.public_id}.{theirs.id.hex}"
    for reference, vendor_reference, phone in (
        (f"{school.public_id}.{theirs.id.hex}", "", ""),  # our name, their message
        (ours, theirs.vendor_reference, mine.to),  # our message under their call
        (ours, "", theirs.to),  # our message, their number
        (foreign, mine.vendor_reference, mine.to),  # named by them, applied here
        ("", theirs.vendor_reference, mine.to),
        ("", "never-given", mine.to),
        (f"{school.public_id}.not-a-uuid", "", ""),
        ("", "", ""),
    ):
        facts = {"reference": reference, "vendor_reference": vendor_reference, "phone": phone}
        assert told(school, mine, **facts) == "unknown_message", facts
    assert now_of(school, mine).state == now_of(other_academy, theirs).state == "sent"


def test_a_forged_reference_cannot_take_anothers_call(
    school: Business, other_academy: Business, msg91: SandboxClient
) -> None:
    """An unknown message of ours, reported under a request id that is another tenant's."""
    fill(other_academy, 10)
    theirs = welcome(other_academy)
    jobs.drain()
    msg91.fault("msg91", "flow", "empty")
    mine = welcome(school)
    jobs.drain()
    reference = now_of(other_academy, theirs).vendor_reference
    assert told(school, mine, vendor_reference=reference) == "unknown_message"
    assert now_of(school, mine).state == "unknown"
    assert purse(school) == Purse(999, 1, 0)


@pytest.mark.parametrize(
    ("body", "kind", "state", "reason"),
    [
        (b"{", "application/json", "failed", "messaging.report_malformed"),
        (b"\x00\xff", "application/json", "failed", "messaging.report_malformed"),
        (b"data=%5B%5D", "application/x-www-form-urlencoded", "ignored", "messaging.nobodys"),
        (b'{"requestId":"never-given","status":"1"}', "application/json", "ignored", "messaging.nobodys"),
        (b'{"CRQID":"aaaaaaaaaaaa.0192","status":"1"}', "application/json", "ignored", "messaging.nobodys"),
        (b'{"CRQID":"localhost.0192","status":"1"}', "application/json", "ignored", "messaging.nobodys"),
        (b'{"CRQID":".","status":"1"}', "application/json", "ignored", "messaging.nobodys"),
    ],
)
def test_rubbish_is_kept_and_ends(
    *, msg91: SandboxClient, admin: Any, body: bytes, kind: str, state: str, reason: str
) -> None:
    assert report(heard(body, kind)) == 200
    jobs.drain()
    (newest,) = admin().get("webhook-logs?limit=1").json()["results"]
    assert (newest["source"], newest["state"], newest["reason"]) == ("msg91", state, reason)


def test_the_operators_own_messages_are_reported_too(reporting: Listener) -> None:
    with platform_scope():
        message = services.message_queue(
            template="welcome", to="+919800000077", key=f"own:{id(reporting)}", values={"name": "A"}
        )
    jobs.drain()
    report(callbacks_of(reporting, message)[0])
    jobs.drain()
    with platform_scope():
        assert Message.objects.get(id=message.id).state == "delivered"
