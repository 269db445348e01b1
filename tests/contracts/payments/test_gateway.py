"""What every payment gateway promises the rest of the product, told once and run over each adapter."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from connectors.payments import Gateway
from connectors.payments.errors import (
    Duplicate,
    NeverReached,
    NotAuthorised,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    SignatureInvalid,
)
from connectors.payments.port import NoticeKind, OrderState, PaymentState, RefundState
from connectors.sandbox.client import Payer, SandboxClient
from tests.connectors.conftest import Listener
from tests.connectors.payments.shops import LIMITS, Shop, credentials, shop_open


@pytest.fixture(params=list(Gateway))
def asha(request: pytest.FixtureRequest, sandbox: SandboxClient, shop: Listener) -> Shop:
    return shop_open(request.param, sandbox, shop.url)


def orders_in_book(asha: Shop) -> list[dict[str, object]]:
    return asha.sandbox.book()["orders"]


def test_order_is_made_as_asked(asha: Shop) -> None:
    request = asha.request(amount_paise=150_001)
    order = asha.gateway.order_create(request)
    assert (order.reference, order.amount_paise, order.currency) == (request.reference, 150_001, "INR")
    assert order.state is OrderState.ACTIVE
    assert order.gateway_order_id
    [kept] = orders_in_book(asha)
    assert (kept["reference"], kept["amount_paise"], kept["account"]) == (
        request.reference,
        150_001,
        asha.credentials.key_id,
    )


def test_checkout_holds_no_secret(asha: Shop) -> None:
    order = asha.order()
    assert "secret" not in repr(order.checkout)


def test_asking_again_gives_the_same_order(asha: Shop) -> None:
    request = asha.request()
    assert asha.gateway.order_create(request) == asha.gateway.order_create(request)
    assert len(orders_in_book(asha)) == 1


def test_other_contents_under_one_reference_are_a_duplicate(asha: Shop) -> None:
    request = asha.request()
    asha.gateway.order_create(request)
    other = asha.request(request.reference, 99_900)
    with pytest.raises(Duplicate):
        asha.gateway.order_create(other)
    assert [order["amount_paise"] for order in orders_in_book(asha)] == [150_000]


def test_order_is_found_by_reference_and_by_id(asha: Shop) -> None:
    order = asha.order()
    assert asha.gateway.order_fetch(reference=order.reference) == order
    assert asha.gateway.order_fetch(reference=order.reference, gateway_order_id=order.gateway_order_id) == order


def test_absent_order_is_proven_absent(asha: Shop) -> None:
    assert asha.gateway.order_fetch(reference="asha-nowhere") is None
    assert asha.gateway.order_fetch(reference="asha-nowhere", gateway_order_id="order_nowhere") is None


def test_order_of_another_business_is_absent(asha: Shop) -> None:
    gyan = shop_open(asha.credentials.gateway, asha.sandbox, asha.url, "gyan")
    order = gyan.order()
    assert asha.gateway.order_fetch(reference=order.reference, gateway_order_id=order.gateway_order_id) is None


def test_unknown_outcome_is_found_by_reference(asha: Shop) -> None:
    asha.sandbox.fault(asha.vendor, "order_create", "timeout_after")
    request = asha.request()
    with pytest.raises(OutcomeUnknown):
        asha.gateway.order_create(request)
    found = asha.gateway.order_fetch(reference=request.reference)
    assert found is not None
    assert asha.gateway.order_create(request) == found
    assert len(orders_in_book(asha)) == 1


def test_unknown_outcome_that_never_happened_is_proven_absent(asha: Shop) -> None:
    asha.sandbox.fault(asha.vendor, "order_create", "timeout_before")
    request = asha.request()
    with pytest.raises(OutcomeUnknown):
        asha.gateway.order_create(request)
    assert asha.gateway.order_fetch(reference=request.reference) is None


@pytest.mark.parametrize("kind", ["timeout_before", "error_500_html", "error_500_after", "truncated", "empty"])
def test_every_doubtful_answer_is_unknown(asha: Shop, kind: str) -> None:
    asha.sandbox.fault(asha.vendor, "order_create", kind)
    with pytest.raises(OutcomeUnknown):
        asha.order()
    assert asha.sandbox.book()["calls"] == {f"{asha.vendor}.order_create": 1}


@pytest.mark.parametrize("kind", ["timeout_before", "error_500_html", "truncated", "empty"])
def test_reads_are_not_repeated_either(asha: Shop, kind: str) -> None:
    order = asha.order()
    asha.sandbox.fault(asha.vendor, "*", kind)
    with pytest.raises(OutcomeUnknown):
        asha.gateway.order_fetch(reference=order.reference, gateway_order_id=order.gateway_order_id)
    assert asha.sandbox.book()["calls"][f"{asha.vendor}.order_fetch"] == 1


def test_refused_connection_never_reached(asha: Shop) -> None:
    asha.sandbox.refuse(asha.vendor)
    with pytest.raises(NeverReached):
        asha.order()
    asha.sandbox.accept(asha.vendor)
    assert orders_in_book(asha) == []
    assert asha.order().state is OrderState.ACTIVE


def test_name_that_is_none_never_reached(asha: Shop) -> None:
    lost = credentials(asha.credentials.gateway, "https://gateway.invalid")
    from connectors.payments import gateway_for

    with pytest.raises(NeverReached):
        gateway_for(lost, LIMITS).order_create(asha.request())


def test_slow_answer_within_the_limit_is_an_answer(asha: Shop) -> None:
    asha.sandbox.fault(asha.vendor, "order_create", "slow", seconds=0.3)
    assert asha.order().state is OrderState.ACTIVE


def test_rate_limit_says_when_to_come_back(asha: Shop) -> None:
    asha.sandbox.fault(asha.vendor, "order_create", "rate_limited")
    with pytest.raises(RateLimited) as refused:
        asha.order()
    assert (refused.value.status, refused.value.retry_after) == (429, 7.0)


def test_wrong_secret_is_not_authorised(asha: Shop) -> None:
    from connectors.payments import gateway_for

    wrong = credentials(asha.credentials.gateway, asha.credentials.base_url, key_secret="secret-wrong")
    with pytest.raises(NotAuthorised) as refused:
        gateway_for(wrong, LIMITS).order_create(asha.request())
    assert refused.value.status == 401
    assert "secret" not in str(refused.value)


def test_unpaid_order_has_no_payments(asha: Shop) -> None:
    order = asha.order()
    assert asha.gateway.payments_fetch(reference=order.reference, gateway_order_id=order.gateway_order_id) == []


def test_paid_order_tells_its_payment(asha: Shop) -> None:
    order = asha.order(amount_paise=45_010)
    payment_id = asha.pay(order)
    fetched = asha.gateway.order_fetch(reference=order.reference, gateway_order_id=order.gateway_order_id)
    assert fetched is not None
    assert fetched.state is OrderState.PAID
    [payment] = asha.gateway.payments_fetch(reference=order.reference, gateway_order_id=order.gateway_order_id)
    assert (payment.gateway_payment_id, payment.amount_paise, payment.currency) == (payment_id, 45_010, "INR")
    assert (payment.state, payment.reference, payment.method) == (PaymentState.CAPTURED, order.reference, "upi")
    assert payment.paid_at is not None
    assert abs(payment.paid_at - datetime.now(UTC)) < timedelta(minutes=1)
    alone = asha.gateway.payment_fetch(reference=order.reference, gateway_payment_id=payment_id)
    assert alone is not None
    assert (alone.gateway_payment_id, alone.state, alone.amount_paise) == (payment_id, PaymentState.CAPTURED, 45_010)


def test_failed_attempt_then_success_are_two_payments(asha: Shop) -> None:
    order = asha.order()
    failed = asha.pay(order, "FAILED" if asha.is_cashfree else "failed")
    paid = asha.pay(order)
    payments = asha.gateway.payments_fetch(reference=order.reference, gateway_order_id=order.gateway_order_id)
    assert {p.gateway_payment_id: p.state for p in payments} == {
        failed: PaymentState.FAILED,
        paid: PaymentState.CAPTURED,
    }
    assert next(p.reason for p in payments if p.gateway_payment_id == failed)


def test_unknown_state_is_pending(asha: Shop) -> None:
    order = asha.order()
    asha.pay(order, "CONSIDERING")
    [payment] = asha.gateway.payments_fetch(reference=order.reference, gateway_order_id=order.gateway_order_id)
    assert payment.state is PaymentState.PENDING


def test_absent_payment_is_proven_absent(asha: Shop) -> None:
    order = asha.order()
    assert asha.gateway.payment_fetch(reference=order.reference, gateway_payment_id="pay_nowhere") is None


@pytest.mark.parametrize("bad", ["", "../orders", "pay_1/capture", "pay 1", "pay_1?x=1", "x" * 65, "पे"])
def test_ids_that_are_none_are_never_sent(asha: Shop, bad: str) -> None:
    with pytest.raises(Rejected) as refused:
        asha.gateway.payment_fetch(reference="asha-1", gateway_payment_id=bad)
    assert refused.value.code == "id_invalid"
    assert asha.sandbox.book()["calls"] == {}


def test_refund_in_parts_never_exceeds_what_was_paid(asha: Shop) -> None:
    order = asha.order(amount_paise=10_000)
    payment = asha.pay(order)
    first = asha.gateway.refund_create(asha.refund(order, payment, 6_000))
    assert (first.amount_paise, first.gateway_payment_id, first.currency) == (6_000, payment, "INR")
    with pytest.raises(Rejected) as refused:
        asha.gateway.refund_create(asha.refund(order, payment, 4_001))
    assert refused.value.status == 400
    asha.gateway.refund_create(asha.refund(order, payment, 4_000))
    assert sorted(refund["amount_paise"] for refund in asha.sandbox.book()["refunds"]) == [4_000, 6_000]


def test_asking_again_gives_the_same_refund(asha: Shop) -> None:
    order = asha.order(amount_paise=10_000)
    request = asha.refund(order, asha.pay(order), 6_000)
    assert asha.gateway.refund_create(request) == asha.gateway.refund_create(request)
    assert len(asha.sandbox.book()["refunds"]) == 1


def test_other_contents_under_one_refund_are_a_duplicate(asha: Shop) -> None:
    order = asha.order(amount_paise=10_000)
    payment = asha.pay(order)
    request = asha.refund(order, payment, 6_000)
    asha.gateway.refund_create(request)
    with pytest.raises(Duplicate):
        asha.gateway.refund_create(asha.refund(order, payment, 3_000, request.reference))
    assert [refund["amount_paise"] for refund in asha.sandbox.book()["refunds"]] == [6_000]


def test_refund_whose_outcome_is_unknown_is_found(asha: Shop) -> None:
    order = asha.order(amount_paise=10_000)
    payment = asha.pay(order)
    request = asha.refund(order, payment, 6_000)
    asha.sandbox.fault(asha.vendor, "refund_create", "timeout_after")
    with pytest.raises(OutcomeUnknown):
        asha.gateway.refund_create(request)
    found = asha.gateway.refund_fetch(
        reference=request.reference, order_reference=order.reference, gateway_payment_id=payment
    )
    assert found is not None
    assert (found.reference, found.amount_paise, found.state) == (request.reference, 6_000, RefundState.SUCCEEDED)
    again = asha.gateway.refund_fetch(
        reference=request.reference,
        order_reference=order.reference,
        gateway_payment_id=payment,
        gateway_refund_id=found.gateway_refund_id,
    )
    assert again == found


def test_absent_refund_is_proven_absent(asha: Shop) -> None:
    order = asha.order(amount_paise=10_000)
    payment = asha.pay(order)
    absent = asha.gateway.refund_fetch(
        reference="asha-r-nowhere", order_reference=order.reference, gateway_payment_id=payment
    )
    assert absent is None


@pytest.mark.parametrize("fate", ["PENDING", "FAILED"])
def test_refund_that_did_not_succeed_is_read(asha: Shop, fate: str) -> None:
    order = asha.order(amount_paise=10_000)
    payment = asha.pay(order)
    request = asha.refund(order, payment, 6_000, note=fate)
    asha.gateway.refund_create(request)
    found = asha.gateway.refund_fetch(
        reference=request.reference, order_reference=order.reference, gateway_payment_id=payment
    )
    assert found is not None
    assert found.state is RefundState(fate.lower())


def test_hosted_checkout_pays_and_the_callback_is_verified(asha: Shop, shop: Listener) -> None:
    asha.sandbox.webhooks(asha.vendor, "hold")
    order = asha.order()
    landed = Payer().checkout(order.checkout["page"])
    assert landed.status_code == 200
    [returned] = shop.wait(1)
    assert returned.path == "/pay/return"
    assert returned.headers["host"] == asha.url.removeprefix("http://")
    asha.sandbox.webhooks_flush()
    heard = [one for one in shop.wait(1 + (1 if asha.is_cashfree else 3)) if one.path.startswith("/hook/")]
    notices = [asha.gateway.verify(one.headers, one.body) for one in heard]
    [payment] = asha.gateway.payments_fetch(reference=order.reference, gateway_order_id=order.gateway_order_id)
    assert {notice.kind for notice in notices} == {NoticeKind.PAYMENT}
    assert {notice.gateway_payment_id for notice in notices} == {payment.gateway_payment_id}
    assert {notice.reference for notice in notices} == {order.reference}
    assert len({notice.delivery_id for notice in notices}) == len(notices)


@pytest.mark.parametrize("outcome", ["failure", "drop"])
def test_hosted_checkout_that_does_not_pay(asha: Shop, outcome: str) -> None:
    order = asha.order()
    Payer().checkout(order.checkout["page"], outcome)
    payments = asha.gateway.payments_fetch(reference=order.reference, gateway_order_id=order.gateway_order_id)
    assert all(p.state in {PaymentState.FAILED, PaymentState.CANCELLED} for p in payments)
    fetched = asha.gateway.order_fetch(reference=order.reference, gateway_order_id=order.gateway_order_id)
    assert fetched is not None
    assert fetched.state is OrderState.ACTIVE


def _without(name: str) -> Callable[[dict[str, str], bytes], tuple[dict[str, str], bytes]]:
    return lambda headers, body: ({key: value for key, value in headers.items() if name not in key}, body)


@pytest.mark.parametrize(
    "tampered",
    [
        lambda headers, body: (headers, body.replace(b"150000", b"150001") + b" "),
        lambda headers, body: (headers, body + b"\n"),
        lambda headers, body: (headers, b""),
        lambda headers, body: (headers, body.replace(b": ", b":")),
        _without("signature"),
        lambda headers, body: ({k: "" if "signature" in k else v for k, v in headers.items()}, body),
        lambda headers, body: ({k: "é\udc80" if "signature" in k else v for k, v in headers.items()}, body),
        lambda headers, body: ({k: f"{v}, {v}" if "signature" in k else v for k, v in headers.items()}, body),
        lambda headers, body: ({k: v[:-1] if "signature" in k else v for k, v in headers.items()}, body),
    ],
    ids=["amount", "newline", "empty", "re-encoded", "unsigned", "blank", "not ASCII", "twice", "cut"],
)
def test_tampered_callback_is_refused(asha: Shop, shop: Listener, tampered: Callable) -> None:
    asha.pay(asha.order())
    heard = shop.wait(1)[0]
    assert asha.gateway.verify(heard.headers, heard.body).kind is NoticeKind.PAYMENT
    with pytest.raises(SignatureInvalid):
        asha.gateway.verify(*tampered(heard.headers, heard.body))


def test_callback_of_another_business_is_refused(asha: Shop, shop: Listener) -> None:
    gyan = shop_open(asha.credentials.gateway, asha.sandbox, asha.url, "gyan")
    gyan.pay(gyan.order())
    heard = shop.wait(1)[0]
    assert gyan.gateway.verify(heard.headers, heard.body).kind is NoticeKind.PAYMENT
    with pytest.raises(SignatureInvalid):
        asha.gateway.verify(heard.headers, heard.body)


def test_refund_callback_names_the_refund(asha: Shop, shop: Listener) -> None:
    asha.sandbox.webhooks(asha.vendor, "never")
    order = asha.order(amount_paise=10_000)
    payment = asha.pay(order)
    asha.sandbox.webhooks(asha.vendor, "normal")
    refund = asha.gateway.refund_create(asha.refund(order, payment, 6_000))
    notices = [asha.gateway.verify(one.headers, one.body) for one in shop.wait(1 if asha.is_cashfree else 2)]
    assert {notice.kind for notice in notices} == {NoticeKind.REFUND}
    assert {(n.gateway_payment_id, n.gateway_refund_id, n.refund_reference) for n in notices} == {
        (payment, refund.gateway_refund_id, refund.reference)
    }


def test_amounts_cross_the_wire_to_the_paisa(asha: Shop) -> None:
    for amount in (100, 101, 45_000, 60_019, 330, 1_000_001, 99_999_999):
        order = asha.order(amount_paise=amount)
        assert order.amount_paise == amount
        asha.pay(order)
        [payment] = asha.gateway.payments_fetch(reference=order.reference, gateway_order_id=order.gateway_order_id)
        assert payment.amount_paise == amount


def test_idempotency_keys_are_uuids(asha: Shop) -> None:
    assert uuid.UUID(asha.request().idempotency_key).version == 5
