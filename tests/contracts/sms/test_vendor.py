"""What every vendor of short messages must do, run over each adapter against its stand-in."""

import pytest

from connectors.sandbox.client import SandboxClient
from connectors.sms.errors import NeverReached, OutcomeUnknown, RateLimited, Refused
from connectors.sms.msg91 import Msg91
from connectors.sms.port import Batch, Recipient, SmsVendor, Verdict
from tests.connectors.conftest import Listener, _database_is_open, sandbox, sandbox_urls, shop

__all__ = ["_database_is_open", "sandbox", "sandbox_urls", "shop"]

PHONES = ("+919800000001", "+919800000002", "+916000000016")
BATCH = Batch(
    template="65f0c0ffee",
    recipients=tuple(Recipient(f"asha.{n}", phone, {"name": f"N{n}"}) for n, phone in enumerate(PHONES)),
)


@pytest.fixture(params=["msg91"])
def vendor(request: pytest.FixtureRequest, sandbox: SandboxClient, sandbox_urls: dict, shop: Listener) -> SmsVendor:
    """Each adapter, registered at its stand-in."""
    sandbox.account("msg91", "key", "-", webhook_url=f"{shop.url}/report")
    return Msg91(base_url=sandbox_urls["msg91"], authkey="key", answer_seconds=1.0)


def test_a_batch_is_accepted_under_one_reference(vendor: SmsVendor, sandbox: SandboxClient) -> None:
    accepted = vendor.send(BATCH)
    received = sandbox.book()["messages"]
    assert [one["phone"] for one in received] == list(PHONES)
    assert {one["request_id"] for one in received} == {accepted.vendor_reference}
    assert [one["values"] for one in received] == [{"name": "N0"}, {"name": "N1"}, {"name": "N2"}]


def test_each_recipient_is_reported_under_both_references(vendor: SmsVendor, shop: Listener) -> None:
    accepted = vendor.send(BATCH)
    reports = [report for heard in shop.wait(3) for report in vendor.reports(heard.headers, heard.body)]
    assert sorted((one.reference, one.phone, one.vendor_reference, one.verdict) for one in reports) == [
        ("asha.0", PHONES[0], accepted.vendor_reference, Verdict.DELIVERED),
        ("asha.1", PHONES[1], accepted.vendor_reference, Verdict.DELIVERED),
        ("asha.2", PHONES[2], accepted.vendor_reference, Verdict.FAILED),
    ]
    assert all(one.at is not None for one in reports)


@pytest.mark.parametrize("template", ["unapproved", "scrubbed", ""])
def test_a_refusal_is_an_answer(vendor: SmsVendor, sandbox: SandboxClient, template: str) -> None:
    with pytest.raises(Refused) as refused:
        vendor.send(Batch(template=template, recipients=BATCH.recipients))
    assert refused.value.may_pass is False
    assert sandbox.book()["messages"] == []


def test_a_closed_door_was_never_reached(vendor: SmsVendor, sandbox: SandboxClient) -> None:
    sandbox.refuse(vendor.name)
    with pytest.raises(NeverReached):
        vendor.send(BATCH)
    sandbox.accept(vendor.name)
    assert vendor.send(BATCH).vendor_reference


@pytest.mark.parametrize(
    ("fault", "arrived"),
    [
        ("timeout_before", 0), ("timeout_after", 3), ("error_500_html", 0), ("error_500_after", 3), ("truncated", 3),
        ("empty", 3),
    ],
)  # fmt: skip
def test_what_cannot_be_known_is_unknown_and_not_repeated(
    vendor: SmsVendor, sandbox: SandboxClient, fault: str, arrived: int
) -> None:
    sandbox.fault(vendor.name, "*", fault)
    with pytest.raises(OutcomeUnknown):
        vendor.send(BATCH)
    assert len(sandbox.book()["messages"]) == arrived
    assert sandbox.book()["calls"] == {"msg91.flow": 1}


def test_a_limit_says_how_long(vendor: SmsVendor, sandbox: SandboxClient) -> None:
    sandbox.fault(vendor.name, "*", "rate_limited")
    with pytest.raises(RateLimited) as limited:
        vendor.send(BATCH)
    assert limited.value.retry_after == 7


def test_the_balance_is_a_number(vendor: SmsVendor) -> None:
    assert vendor.balance() == 100_000


def test_another_key_is_no_customer(vendor: SmsVendor, sandbox_urls: dict, sandbox: SandboxClient) -> None:
    stranger = Msg91(base_url=sandbox_urls["msg91"], authkey="other")
    with pytest.raises(Refused) as refused:
        stranger.send(BATCH)
    assert refused.value.may_pass is True
    assert sandbox.book()["messages"] == []
