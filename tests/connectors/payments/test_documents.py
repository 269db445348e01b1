"""Documents as gateways really send them, and requests as they go out: read without trust, written to the letter."""

import json

import pytest

from connectors.payments import Gateway
from connectors.payments.errors import Duplicate, Rejected
from connectors.payments.port import PaymentState, RefundRequest, RefundState
from tests.connectors.payments.bare import BareCashfree
from tests.connectors.payments.servers import answer, document, wire_server
from tests.connectors.payments.test_answers import adapter, gateways
from tests.connectors.payments.test_tls import CASHFREE_ORDER, ORDERS, REQUEST

CASHFREE_REFUND = {
    "cf_payment_id": 5114910634577,
    "cf_refund_id": 1553338,
    "order_id": "asha-1",
    "refund_id": "asha-r1",
    "entity": "Refund",
    "refund_amount": 10.01,
    "refund_currency": "INR",
    "refund_status": "FAILED",
}


@pytest.mark.parametrize("state", ["FAILED", "ONHOLD", "CANCELLED", "SUCCESS", "REVERSED_SOMEHOW"])
def test_refund_in_any_state_is_read(state: str) -> None:
    with wire_server(document({**CASHFREE_REFUND, "refund_status": state})) as server:
        refund = adapter(Gateway.CASHFREE, server.url).refund_fetch(
            reference="asha-r1", order_reference="asha-1", gateway_payment_id=""
        )
    assert refund is not None
    expected = {"ONHOLD": RefundState.ON_HOLD, "SUCCESS": RefundState.SUCCEEDED, "REVERSED_SOMEHOW": "pending"}
    assert refund.state == expected.get(state, state.lower())
    assert (refund.gateway_payment_id, refund.gateway_refund_id) == ("5114910634577", "1553338")
    assert refund.amount_paise == 1001


def test_the_bare_cashfree_sdk_cannot_read_a_failed_refund(monkeypatch: pytest.MonkeyPatch) -> None:
    with wire_server(document({**CASHFREE_REFUND, "cf_payment_id": "1", "cf_refund_id": "2"})) as server:
        bare = BareCashfree(monkeypatch, server.url)
        with pytest.raises(ValueError, match=r"refund_status|entity"):
            bare.shop("asha").PGOrderFetchRefund("asha-1", "asha-r1")


PAYMENTS = [
    {"cf_payment_id": 1, "order_id": "asha-1", "payment_amount": 1500.00, "payment_status": "FLAGGED"},
    {"cf_payment_id": "2", "order_id": "asha-1", "payment_amount": 1500, "payment_status": "SUCCESS",
     "is_captured": True, "payment_method": {"telepathy": {"channel": "mind"}}, "payment_group": "telepathy"},
    {"cf_payment_id": "3", "payment_amount": 1500, "payment_status": "SUCCESS", "is_captured": False},
    {"cf_payment_id": "4", "payment_amount": None, "payment_status": "SUCCESS"},
    {"cf_payment_id": "5", "payment_amount": 1.001, "payment_status": "SUCCESS"},
    {"payment_amount": 1500, "payment_status": "SUCCESS"},
    {"cf_payment_id": "7", "payment_amount": 1500, "payment_status": "VOID", "payment_time": "yesterday"},
    {"cf_payment_id": "8", "payment_amount": 1500, "payment_status": 7, "error_details": []},
    "poison",
]  # fmt: skip


def test_one_poisoned_payment_does_not_hide_the_others() -> None:
    with wire_server(document(PAYMENTS)) as server:
        payments = adapter(Gateway.CASHFREE, server.url).payments_fetch(reference="asha-1", gateway_order_id="9")
    assert [(p.gateway_payment_id, p.state, p.amount_paise) for p in payments] == [
        ("1", PaymentState.PENDING, 150_000),
        ("2", PaymentState.CAPTURED, 150_000),
        ("3", PaymentState.AUTHORISED, 150_000),
        ("4", PaymentState.PENDING, 0),
        ("5", PaymentState.PENDING, 0),
        ("", PaymentState.PENDING, 150_000),
        ("7", PaymentState.CANCELLED, 150_000),
        ("8", PaymentState.PENDING, 150_000),
    ]


def test_the_bare_cashfree_sdk_loses_the_whole_list(monkeypatch: pytest.MonkeyPatch) -> None:
    with wire_server(document(PAYMENTS[:2])) as server:
        bare = BareCashfree(monkeypatch, server.url)
        with pytest.raises(ValueError, match=r"validation error|FLAGGED|must be one of"):
            bare.shop("asha").PGOrderFetchPayments("asha-1")


def test_razorpay_payments_are_read_as_they_come() -> None:
    items = [
        {"id": "pay_1", "order_id": "order_1", "amount": 150_000, "currency": "INR", "status": "captured",
         "captured": "1", "fee": 3540, "tax": 540, "notes": [], "method": "upi", "created_at": 1700000000},
        {"id": "pay_2", "amount": 150_000, "status": "created", "fee": None, "tax": None},
        {"id": "pay_3", "amount": 150_000, "status": "refunded"},
        {"id": "pay_4", "amount": "150000", "status": "captured"},
        {"id": 5, "amount": 150_000, "status": "dreaming", "created_at": 10**30},
    ]  # fmt: skip
    with wire_server(document({"entity": "collection", "count": 5, "items": items})) as server:
        payments = adapter(Gateway.RAZORPAY, server.url).payments_fetch(reference="asha-1", gateway_order_id="order_1")
    assert [(p.gateway_payment_id, p.state, p.amount_paise, p.fee_paise, p.tax_paise) for p in payments] == [
        ("pay_1", PaymentState.CAPTURED, 150_000, 3000, 540),
        ("pay_2", PaymentState.PENDING, 150_000, None, None),
        ("pay_3", PaymentState.REFUNDED, 150_000, None, None),
        ("pay_4", PaymentState.PENDING, 0, None, None),
        ("5", PaymentState.PENDING, 150_000, None, None),
    ]


def test_several_orders_of_one_receipt_give_the_paid_one() -> None:
    def order(number: int, status: str) -> dict[str, object]:
        return {**ORDERS[Gateway.RAZORPAY], "id": f"order_{number}", "status": status}

    items = [order(3, "created"), order(2, "paid"), order(1, "attempted"), {**order(4, "paid"), "receipt": "other"}]
    with wire_server(document({"count": 4, "items": items})) as server:
        found = adapter(Gateway.RAZORPAY, server.url).order_fetch(reference="asha-1")
    assert found is not None
    assert found.gateway_order_id == "order_2"


def test_published_version_of_cashfree_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with wire_server(document(CASHFREE_ORDER)) as server:
        adapter(Gateway.CASHFREE, server.url).order_create(REQUEST)
        BareCashfree(monkeypatch, server.url).order("asha")
        assert [one.headers["x-api-version"] for one in server.requests] == ["2025-01-01", "2026-01-01"]


def test_cashfree_order_on_the_wire() -> None:
    with wire_server(document(CASHFREE_ORDER)) as server:
        adapter(Gateway.CASHFREE, server.url).order_create(REQUEST)
    [request] = server.requests
    assert request.line == "POST /pg/orders HTTP/1.1"
    assert request.headers["x-idempotency-key"] == REQUEST.idempotency_key
    assert request.json() == {
        "order_id": "asha-1",
        "order_amount": 1500.0,
        "order_currency": "INR",
        "customer_details": {
            "customer_id": "asha_1",
            "customer_phone": "9876543210",
            "customer_name": "Asha",
            "customer_email": "asha@example.com",
        },
        "order_meta": {"return_url": REQUEST.return_url, "notify_url": REQUEST.notify_url},
    }


def test_razorpay_order_on_the_wire() -> None:
    with wire_server(document(ORDERS[Gateway.RAZORPAY])) as server:
        adapter(Gateway.RAZORPAY, server.url).order_create(REQUEST)
    [request] = server.requests
    assert request.line == "POST /v1/orders HTTP/1.1"
    assert request.headers["authorization"].startswith("Basic ")
    asked = request.json()
    assert (asked["amount"], asked["currency"], asked["receipt"]) == (150_000, "INR", "asha-1")
    assert asked["unique_receipt"] is True
    assert asked["payment"]["capture"] == "automatic"


def test_razorpay_refund_on_the_wire() -> None:
    refund = {"id": "rfnd_1", "receipt": "asha-r1", "payment_id": "pay_1", "amount": 100, "status": "pending"}
    with wire_server(document(refund)) as server:
        made = adapter(Gateway.RAZORPAY, server.url).refund_create(
            RefundRequest(
                "asha-r1", "asha-1", "pay_1", 100, "6f7c8f6e-5b7e-5e0a-8d5e-0f3a4c1d2b3a", note="seat given up"
            )
        )
    assert made.state is RefundState.PENDING
    [request] = server.requests
    assert request.line == "POST /v1/payments/pay_1/refund HTTP/1.1"
    assert request.headers["x-refund-idempotency"] == "6f7c8f6e-5b7e-5e0a-8d5e-0f3a4c1d2b3a"
    assert request.json() == {
        "amount": 100,
        "speed": "normal",
        "receipt": "asha-r1",
        "notes": {"note": "seat given up"},
    }


def test_bare_404_proves_nothing() -> None:
    with wire_server(answer(404, b"<html>nginx</html>")) as server, pytest.raises(Rejected):
        adapter(Gateway.CASHFREE, server.url).order_fetch(reference="asha-1")


@gateways
def test_another_order_in_the_answer_is_no_success(gateway: Gateway) -> None:
    other = {**ORDERS[gateway], "order_amount": 15.00, "amount": 1500}
    with wire_server(document(other)) as server, pytest.raises(Duplicate):
        adapter(gateway, server.url).order_create(REQUEST)


def test_answers_hold_decimals() -> None:
    body = json.dumps(PAYMENTS[:1]).encode()
    with wire_server(answer(200, body)) as server:
        [payment] = adapter(Gateway.CASHFREE, server.url).payments_fetch(reference="asha-1", gateway_order_id="")
    assert repr(payment.raw["payment_amount"]) == "Decimal('1500.0')"
    assert "raw" not in repr(payment)
