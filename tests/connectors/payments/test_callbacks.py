"""Callbacks on raw bytes: what is signed, by whom, about what; and every odd body a gateway or a forger can send."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
import razorpay
from cashfree_pg.api_client import Cashfree

from connectors.payments import Gateway, gateway_for
from connectors.payments.errors import CallbackRefused, ForeignAccount, MalformedCallback, SignatureInvalid
from connectors.payments.port import Notice, NoticeKind
from tests.connectors.payments.shops import credentials

URLS = {Gateway.CASHFREE: "https://api.cashfree.com/pg", Gateway.RAZORPAY: "https://api.razorpay.com"}
gateways = pytest.mark.parametrize("gateway", list(Gateway))
MOMENT = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


def cashfree_headers(body: bytes, key: str = "secret-cashfree-asha", timestamp: str = "") -> dict[str, str]:
    timestamp = timestamp or str(int(MOMENT.timestamp() * 1000))
    digest = hmac.digest(key.encode(), timestamp.encode() + body, hashlib.sha256)
    return {
        "X-Webhook-Signature": base64.b64encode(digest).decode(),
        "X-Webhook-Timestamp": timestamp,
        "X-Idempotency-Key": "key-1",
    }


def razorpay_headers(body: bytes, key: str = "secret-webhook-asha") -> dict[str, str]:
    digest = hmac.digest(key.encode(), body, hashlib.sha256)
    return {"X-Razorpay-Signature": digest.hex(), "X-Razorpay-Event-Id": "event_1"}


def verify(gateway: Gateway, content: Any, **account: Any) -> Notice:
    """What the adapter makes of a rightly signed body."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    headers = cashfree_headers(body) if gateway is Gateway.CASHFREE else razorpay_headers(body)
    return gateway_for(credentials(gateway, URLS[gateway], **account)).verify(headers, body)


def razorpay_event(event: str, account_id: str = "acc_asha", **entities: Any) -> dict[str, Any]:
    payload = {name: {"entity": entity} for name, entity in entities.items()}
    return {"entity": "event", "account_id": account_id, "event": event, "payload": payload}


@gateways
@pytest.mark.parametrize(
    "body",
    [b"null", b"", b"[]", b"12", b'"text"', b"{", b"\xff\xfe", b"[" * 200_000, b'{"type": NaN}', b"1" * 6000],
    ids=["null", "empty", "list", "number", "text", "cut", "not UTF-8", "nested", "NaN", "long number"],
)
def test_signed_nonsense_is_malformed(gateway: Gateway, body: bytes) -> None:
    with pytest.raises(MalformedCallback):
        verify(gateway, body)


ODD = [
    {},
    {"type": 5, "event": 5, "data": None, "payload": None},
    {"type": None, "event": None},
    {"type": "PAYMENT_SUCCESS_WEBHOOK", "event": "payment.captured", "data": [], "payload": []},
    {"type": "PAYMENT_SUCCESS_WEBHOOK", "event": "payment.captured", "data": {"payment": 1, "order": "x"}},
    {"event": "payment.captured", "payload": {"payment": [], "order": {"entity": 3}}},
    {"event": "refund.processed", "payload": {"refund": {"entity": {"id": {"a": 1}}}}},
    {"type": "REFUND_STATUS_WEBHOOK", "data": {"refund": {"refund_id": ["x"], "cf_refund_id": True}}},
    {"type": {"nested": []}, "event": ["x"]},
]


@gateways
@pytest.mark.parametrize("content", ODD, ids=range(len(ODD)))
def test_signed_oddities_are_notices_about_nothing(gateway: Gateway, content: dict[str, Any]) -> None:
    notice = verify(gateway, content, account_id="")
    assert (notice.reference, notice.gateway_order_id, notice.gateway_payment_id) == (None, None, None)
    assert (notice.gateway_refund_id, notice.refund_reference) == (None, None)


@pytest.mark.parametrize("event", ["PAYMENT_SUCCESS_WEBHOOK", "PAYMENT_FAILED_WEBHOOK", "PAYMENT_USER_DROPPED_WEBHOOK",
                                   "PAYMENT_CHARGES_WEBHOOK"])  # fmt: skip
def test_cashfree_payment(event: str) -> None:
    data = {"order": {"order_id": "asha-1", "order_amount": 170.00}, "payment": {"cf_payment_id": 5114910634577}}
    notice = verify(Gateway.CASHFREE, {"type": event, "event_time": "nonsense", "data": data})
    assert notice == Notice(
        kind=NoticeKind.PAYMENT,
        event=event,
        delivery_id=notice.delivery_id,
        reference="asha-1",
        gateway_payment_id="5114910634577",
        environment="sandbox",
        sent_at=MOMENT,
    )


def test_cashfree_automatic_refund_names_only_its_payment() -> None:
    data = {"auto_refund": {"order_id": "asha-1", "cf_payment_id": 7, "cf_refund_id": "auto_8"}}
    notice = verify(Gateway.CASHFREE, {"type": "AUTO_REFUND_STATUS_WEBHOOK", "data": data})
    assert (notice.kind, notice.reference, notice.gateway_payment_id) == (NoticeKind.REFUND, "asha-1", "7")
    assert (notice.gateway_refund_id, notice.refund_reference) == ("auto_8", None)


@pytest.mark.parametrize(
    ("event", "kind"),
    [("WEBHOOK", NoticeKind.TEST), ("SETTLEMENT_SUCCESS", NoticeKind.OTHER), ("DISPUTE_CREATED", NoticeKind.OTHER)],
)
def test_cashfree_events_that_are_no_payment(event: str, kind: NoticeKind) -> None:
    assert verify(Gateway.CASHFREE, {"type": event, "data": {"test_object": {}}}).kind is kind


def test_cashfree_timestamp_in_seconds_is_the_same_moment() -> None:
    body = b'{"type": "WEBHOOK"}'
    headers = cashfree_headers(body, timestamp=str(int(MOMENT.timestamp())))
    gateway = gateway_for(credentials(Gateway.CASHFREE, URLS[Gateway.CASHFREE]))
    assert gateway.verify(headers, body).sent_at == MOMENT


@pytest.mark.parametrize("timestamp", ["1", "0", "-1763620200", "١٧٦٣٦٢٠٢٠٠", "1763620200.5", "9" * 40, " "])
def test_cashfree_timestamp_that_is_none_is_refused(timestamp: str) -> None:
    body = b'{"type": "WEBHOOK"}'
    with pytest.raises(SignatureInvalid):
        gateway_for(credentials(Gateway.CASHFREE, URLS[Gateway.CASHFREE])).verify(
            cashfree_headers(body, timestamp=timestamp), body
        )


def test_cashfree_timestamp_is_covered_by_the_signature() -> None:
    body = b'{"type": "WEBHOOK"}'
    headers = {**cashfree_headers(body), "X-Webhook-Timestamp": "1763620200001"}
    with pytest.raises(SignatureInvalid):
        gateway_for(credentials(Gateway.CASHFREE, URLS[Gateway.CASHFREE])).verify(headers, body)


def test_amount_written_otherwise_is_other_bytes() -> None:
    signed, rewritten = b'{"data": {"order": {"order_amount": 170.00}}}', b'{"data": {"order": {"order_amount": 170}}}'
    gateway = gateway_for(credentials(Gateway.CASHFREE, URLS[Gateway.CASHFREE]))
    assert gateway.verify(cashfree_headers(signed), signed).kind is NoticeKind.OTHER
    with pytest.raises(SignatureInvalid):
        gateway.verify(cashfree_headers(signed), rewritten)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("payment.authorized", NoticeKind.PAYMENT),
        ("payment.captured", NoticeKind.PAYMENT),
        ("payment.failed", NoticeKind.PAYMENT),
        ("order.paid", NoticeKind.PAYMENT),
        ("refund.processed", NoticeKind.REFUND),
        ("payment.dispute.created", NoticeKind.OTHER),
        ("payment.downtime.started", NoticeKind.OTHER),
        ("settlement.processed", NoticeKind.OTHER),
        ("never.heard.of", NoticeKind.OTHER),
    ],
)
def test_razorpay_events(event: str, kind: NoticeKind) -> None:
    payment = {"id": "pay_1", "order_id": "order_1", "captured": "1", "notes": []}
    notice = verify(Gateway.RAZORPAY, razorpay_event(event, payment=payment))
    assert (notice.kind, notice.gateway_payment_id, notice.gateway_order_id) == (kind, "pay_1", "order_1")
    assert (notice.account_id, notice.environment) == ("acc_asha", "sandbox")


def test_captured_and_order_paid_are_two_deliveries_of_one_payment() -> None:
    payment = {"id": "pay_1", "order_id": "order_1"}
    first = verify(Gateway.RAZORPAY, razorpay_event("payment.captured", payment=payment))
    order = {"id": "order_1", "receipt": "asha-1"}
    second = verify(Gateway.RAZORPAY, razorpay_event("order.paid", payment=payment, order=order))
    assert first.delivery_id != second.delivery_id
    assert first.gateway_payment_id == second.gateway_payment_id == "pay_1"
    assert (first.gateway_order_id, second.reference) == ("order_1", "asha-1")


def test_money_of_another_account_is_refused_though_signed() -> None:
    event = razorpay_event("payment.captured", account_id="acc_gyan", payment={"id": "pay_1"})
    with pytest.raises(ForeignAccount):
        verify(Gateway.RAZORPAY, event)


def test_settlement_of_a_linked_account_is_only_another_event() -> None:
    event = razorpay_event("settlement.processed", account_id="acc_linked", settlement={"id": "setl_1"})
    assert verify(Gateway.RAZORPAY, event).kind is NoticeKind.OTHER


@gateways
def test_rotated_secret_is_taken_until_it_is_removed(gateway: Gateway) -> None:
    body = b'{"event": "x", "type": "x"}'
    sign = cashfree_headers if gateway is Gateway.CASHFREE else razorpay_headers
    rotated = {"key_secret": "new"} if gateway is Gateway.CASHFREE else {}
    for secrets, headers, taken in [
        (("new", "old"), sign(body, "old"), True),
        (("new", "old"), sign(body, "new"), True),
        (("new",), sign(body, "old"), False),
    ]:
        account = gateway_for(credentials(gateway, URLS[gateway], webhook_secrets=secrets, **rotated))
        if taken:
            assert account.verify(headers, body).kind is NoticeKind.OTHER
        else:
            with pytest.raises(SignatureInvalid):
                account.verify(headers, body)


@gateways
@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
def test_blank_secrets_are_refused(gateway: Gateway, blank: str) -> None:
    with pytest.raises(ValueError, match="webhook secret"):
        credentials(gateway, URLS[gateway], webhook_secrets=("good", blank))
    with pytest.raises(ValueError, match="key secret"):
        credentials(gateway, URLS[gateway], key_secret=blank)


def test_razorpay_account_without_a_webhook_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="webhook secret"):
        credentials(Gateway.RAZORPAY, URLS[Gateway.RAZORPAY], webhook_secrets=())


def test_the_bare_razorpay_sdk_takes_what_a_blank_secret_signed() -> None:
    body = '{"event": "payment.captured"}'
    forged = hmac.digest(b"", body.encode(), hashlib.sha256).hex()
    assert razorpay.Client(auth=("k", "s")).utility.verify_webhook_signature(body, forged, "")


@pytest.mark.parametrize("signature", [None, "é"])
def test_the_bare_razorpay_sdk_stumbles_over_signatures(signature: str | None) -> None:
    with pytest.raises((TypeError, AttributeError)):
        razorpay.Client(auth=("k", "s")).utility.verify_webhook_signature("{}", signature, "secret")


def test_the_bare_cashfree_sdk_takes_any_timestamp_and_no_bytes() -> None:
    body = '{"type": "WEBHOOK", "data": {}}'
    shop = Cashfree(Cashfree.SANDBOX, XClientId="x", XClientSecret="secret-cashfree-asha")
    signature = cashfree_headers(body.encode(), timestamp="1")["X-Webhook-Signature"]
    assert shop.PGVerifyWebhookSignature(signature, body, "1").type == "WEBHOOK"
    with pytest.raises(TypeError):
        shop.PGVerifyWebhookSignature(signature, body.encode(), "1")


@gateways
@pytest.mark.parametrize("signature", ["", " ", "é", "\udcff", "a" * 100_000, "0" * 64, "\x00"])
def test_bad_signatures_are_refused_and_never_crash(gateway: Gateway, signature: str) -> None:
    body = b'{"event": "payment.captured", "type": "PAYMENT_SUCCESS_WEBHOOK"}'
    headers = cashfree_headers(body) if gateway is Gateway.CASHFREE else razorpay_headers(body)
    forged = {name: signature if "Signature" in name else value for name, value in headers.items()}
    with pytest.raises(SignatureInvalid):
        gateway_for(credentials(gateway, URLS[gateway])).verify(forged, body)


@gateways
def test_delivery_id_is_name_and_bytes(gateway: Gateway) -> None:
    body, other = b'{"event": "x", "type": "x"}', b'{"event": "y", "type": "y"}'
    sign = cashfree_headers if gateway is Gateway.CASHFREE else razorpay_headers
    account = gateway_for(credentials(gateway, URLS[gateway]))

    def delivery(content: bytes, name: str | None = None) -> str:
        header = "X-Idempotency-Key" if gateway is Gateway.CASHFREE else "X-Razorpay-Event-Id"
        headers = sign(content) if name is None else {**sign(content), header: name}
        return account.verify(headers, content).delivery_id

    assert delivery(body) == delivery(body)
    # Whoever holds one valid body cannot take another event's place by naming it first.
    assert len({delivery(body), delivery(other), delivery(body, "event_2")}) == 3
    assert delivery(body, "x" * 10_000) == delivery(body, "\n'; --") == delivery(body, "")
    assert len(delivery(body, "x" * 64)) <= 100


@gateways
def test_every_refusal_is_one_kind_of_error(gateway: Gateway) -> None:
    with pytest.raises(CallbackRefused):
        gateway_for(credentials(gateway, URLS[gateway])).verify({}, b"")


class TestReturn:
    """The browser's way back: only Razorpay signs it, over our order id."""

    gateway = gateway_for(credentials(Gateway.RAZORPAY, URLS[Gateway.RAZORPAY]))
    signature = hmac.digest(b"secret-razorpay-asha", b"order_1|pay_1", hashlib.sha256).hex()
    form = {"razorpay_payment_id": "pay_1", "razorpay_order_id": "order_1", "razorpay_signature": signature}

    def test_signed_return_names_the_payment(self) -> None:
        assert self.gateway.returned(gateway_order_id="order_1", form=self.form) == "pay_1"

    def test_posted_order_id_counts_for_nothing(self) -> None:
        with pytest.raises(SignatureInvalid):
            self.gateway.returned(gateway_order_id="order_2", form=self.form)

    @pytest.mark.parametrize(
        "other", [{"razorpay_payment_id": "pay_2"}, {"razorpay_signature": ""}, {"razorpay_payment_id": "é\udc80"}]
    )
    def test_forged_return_is_refused(self, other: dict[str, str]) -> None:
        with pytest.raises(SignatureInvalid):
            self.gateway.returned(gateway_order_id="order_1", form={**self.form, **other})

    def test_failed_attempt_returns_unsigned(self) -> None:
        assert self.gateway.returned(gateway_order_id="order_1", form={"error[code]": "BAD_REQUEST_ERROR"}) is None

    def test_cashfree_signs_no_return(self) -> None:
        cashfree = gateway_for(credentials(Gateway.CASHFREE, URLS[Gateway.CASHFREE]))
        assert cashfree.returned(gateway_order_id="1", form=self.form) is None
