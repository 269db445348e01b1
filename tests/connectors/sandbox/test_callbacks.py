"""How callbacks go out: retried until acknowledged, held, repeated, shuffled, forged, never, and to this machine only."""

import pytest

from connectors.payments import Gateway
from connectors.payments.errors import SignatureInvalid
from connectors.sandbox.client import SandboxClient
from tests.connectors.conftest import Listener
from tests.connectors.payments.shops import Shop, shop_open


@pytest.fixture(params=list(Gateway))
def asha(request: pytest.FixtureRequest, sandbox: SandboxClient, shop: Listener) -> Shop:
    return shop_open(request.param, sandbox, shop.url)


def count(asha: Shop) -> int:
    """How many callbacks one payment causes: Razorpay tells of it three times."""
    return 1 if asha.is_cashfree else 3


def test_callback_reaches_a_name_that_does_not_resolve(asha: Shop, shop: Listener) -> None:
    asha.pay(asha.order())
    [delivered] = {one.headers["host"] for one in shop.wait(count(asha))}
    assert delivered == shop.url.removeprefix("http://")
    assert shop.heard[0].path == f"/hook/{asha.vendor}"
    assert shop.heard[0].headers["content-type"] == "application/json"


def test_events_of_one_payment(asha: Shop, sandbox: SandboxClient) -> None:
    asha.pay(asha.order())
    events = sorted(one["event"] for one in sandbox.webhooks_idle())
    razorpay = ["order.paid", "payment.authorized", "payment.captured"]
    assert events == (["PAYMENT_SUCCESS_WEBHOOK"] if asha.is_cashfree else razorpay)


@pytest.mark.parametrize("status", [500, 404, 302])
def test_callback_is_retried_until_acknowledged(
    asha: Shop, shop: Listener, sandbox: SandboxClient, status: int
) -> None:
    shop.answers = [status] * 2 * count(asha)
    asha.pay(asha.order())
    log = sandbox.webhooks_idle()
    assert len(shop.heard) == 3 * count(asha)
    assert sorted(one["attempt"] for one in log) == sorted([1, 2, 3] * count(asha))
    assert sum(one["outcome"] == "200" for one in log) == count(asha)
    if asha.is_cashfree:
        assert [one.headers["x-webhook-attempt"] for one in shop.heard] == ["1", "2", "3"]
    assert len({asha.gateway.verify(one.headers, one.body).delivery_id for one in shop.heard}) == count(asha)


def test_held_callbacks_go_out_when_flushed(asha: Shop, shop: Listener, sandbox: SandboxClient) -> None:
    sandbox.webhooks(asha.vendor, "hold")
    asha.pay(asha.order())
    assert sandbox.webhooks_idle() == []
    assert sandbox.webhooks_flush(copies=3, shuffle=True) == 3 * count(asha)
    assert len(sandbox.webhooks_idle()) == 3 * count(asha)
    assert sandbox.webhooks_flush() == 0
    deliveries = [asha.gateway.verify(one.headers, one.body).delivery_id for one in shop.heard]
    assert sorted(map(deliveries.count, set(deliveries))) == [3] * count(asha)


@pytest.mark.parametrize("mode", ["duplicate", "shuffle"])
def test_copies_are_equal_bytes(asha: Shop, shop: Listener, sandbox: SandboxClient, mode: str) -> None:
    sandbox.webhooks(asha.vendor, mode, copies=4)
    asha.pay(asha.order())
    sandbox.webhooks_idle()
    assert len(shop.heard) == 4 * count(asha)
    assert len({one.body for one in shop.heard}) == count(asha)


def test_forged_callback_is_refused_and_the_true_one_kept(asha: Shop, shop: Listener, sandbox: SandboxClient) -> None:
    sandbox.webhooks(asha.vendor, "forge")
    asha.pay(asha.order())
    sandbox.webhooks_idle()
    forged = shop.wait(count(asha))
    for one in forged:
        with pytest.raises(SignatureInvalid):
            asha.gateway.verify(one.headers, one.body)
    assert sandbox.webhooks_flush() == count(asha)
    for one in shop.wait(2 * count(asha))[count(asha) :]:
        assert asha.gateway.verify(one.headers, one.body).event


def test_lost_callbacks_are_only_in_the_log(asha: Shop, shop: Listener, sandbox: SandboxClient) -> None:
    sandbox.webhooks(asha.vendor, "never")
    asha.pay(asha.order())
    assert {one["outcome"] for one in sandbox.webhooks_idle()} == {"never"}
    assert shop.heard == []


def test_everything_sent_can_be_sent_again(asha: Shop, shop: Listener, sandbox: SandboxClient) -> None:
    asha.pay(asha.order())
    sandbox.webhooks_idle()
    assert sandbox.webhooks_resend(copies=2) == 2 * count(asha)
    sandbox.webhooks_idle()
    assert len(shop.heard) == 3 * count(asha)
    assert len({one.body for one in shop.heard}) == count(asha)


def test_callbacks_never_leave_this_machine(sandbox: SandboxClient) -> None:
    asha = shop_open(Gateway.RAZORPAY, sandbox, "http://shop.example.com")
    asha.pay(asha.order())
    assert {one["outcome"] for one in sandbox.webhooks_idle()} == {"not on this machine"}


def test_each_event_of_razorpay_has_its_own_id(sandbox: SandboxClient, shop: Listener) -> None:
    asha = shop_open(Gateway.RAZORPAY, sandbox, shop.url)
    asha.pay(asha.order())
    assert len({one.headers["x-razorpay-event-id"] for one in shop.wait(3)}) == 3
