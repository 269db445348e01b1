"""Cashfree behind the port: the SDK builds requests, `transport` carries them, raw bytes are read here.

cashfree-pg 6.0.1 keeps one client per process and writes the caller's credentials into it before each call; it checks
no certificate, waits for ever, repeats reads that failed, and raises on documents its models do not know. `_Client`
takes its place. Wire: Cashfree's OpenAPI description of version 2025-01-01 and its webhook documentation.
"""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cashfree_pg.api_client import ApiClient, Cashfree
from cashfree_pg.configuration import Configuration
from cashfree_pg.models.create_order_request import CreateOrderRequest
from cashfree_pg.models.customer_details import CustomerDetails
from cashfree_pg.models.order_create_refund_request import OrderCreateRefundRequest
from cashfree_pg.models.order_meta import OrderMeta
from cashfree_pg.models.terminate_order_request import TerminateOrderRequest
from pydantic import ValidationError

from connectors.payments import wire
from connectors.payments.errors import Duplicate, OutcomeUnknown, Rejected, SignatureInvalid
from connectors.payments.port import (
    Credentials,
    GatewayPayment,
    Limits,
    Notice,
    NoticeKind,
    Order,
    OrderRequest,
    OrderState,
    PaymentState,
    Refund,
    RefundRequest,
    RefundState,
)
from connectors.payments.transport import Answer, read, send

# The SDK's own default, 2026-01-01, is no published version.
API_VERSION = "2025-01-01"

# An order of an unknown state counts as payable, a payment or refund of an unknown state as undecided.
_ORDERS = {
    "ACTIVE": OrderState.ACTIVE,
    "PAID": OrderState.PAID,
    "EXPIRED": OrderState.EXPIRED,
    "TERMINATION_REQUESTED": OrderState.TERMINATING,
    "TERMINATED": OrderState.TERMINATED,
}
_PAYMENTS = {
    "SUCCESS": PaymentState.CAPTURED,
    "FAILED": PaymentState.FAILED,
    "USER_DROPPED": PaymentState.CANCELLED,
    "CANCELLED": PaymentState.CANCELLED,
    "VOID": PaymentState.CANCELLED,
}
_REFUNDS = {
    "SUCCESS": RefundState.SUCCEEDED,
    "ONHOLD": RefundState.ON_HOLD,
    "FAILED": RefundState.FAILED,
    "CANCELLED": RefundState.CANCELLED,
}


class _Rest:
    """Stands where the SDK's HTTP client stood."""

    def __init__(self, call: threading.local) -> None:
        self._call = call

    def get_request(self, url: str, **given: Any) -> "_Response":
        return self._send("GET", url, **given)

    def post_request(self, url: str, **given: Any) -> "_Response":
        return self._send("POST", url, **given)

    def patch_request(self, url: str, **given: Any) -> "_Response":
        return self._send("PATCH", url, **given)

    def _send(self, method: str, url: str, *, headers: dict[str, str], body: Any = None, **_: Any) -> "_Response":
        content = None if body is None else json.dumps(body).encode()
        return _Response(send(method, url, headers=headers, body=content, limits=self._call.limits))


class _Response:
    """The face of an answer the SDK looks at when it is told not to interpret it."""

    def __init__(self, answer: Answer) -> None:
        self.status, self.data = answer.status, answer.body
        self._headers = answer.headers

    def getheaders(self) -> Mapping[str, str]:
        return self._headers


class _Client(ApiClient):
    """The process-wide client of the SDK with everything about one call kept per thread."""

    rest_client: Any

    def __init__(self) -> None:
        self._call = threading.local()
        self._call.base_url = ""
        super().__init__(Configuration())
        self.rest_client = _Rest(self._call)

    @contextmanager
    def calling(self, base_url: str, limits: Limits) -> Iterator[None]:
        """Around one SDK call in this thread."""
        # Set each time: whatever else in the process replaced the default must not carry our credentials.
        ApiClient.set_default(self)
        self._call.base_url, self._call.limits = base_url, limits
        try:
            yield
        finally:
            self._call.__dict__.clear()

    @property
    def configuration(self) -> Configuration:
        """What the SDK method running in this thread has set."""
        return self._call.configuration

    @configuration.setter
    def configuration(self, value: Configuration) -> None:
        value.host = self._call.base_url
        self._call.configuration = value

    def call_api(self, *given: Any, **more: Any) -> Any:
        """As the SDK's, but never in a thread of its own, where this thread's credentials are unknown."""
        if more.get("async_req"):
            raise NotImplementedError("asynchronous calls would lose their credentials")
        return super().call_api(*given, **more)


_CLIENT = _Client()


class CashfreeGateway:
    """One business's Cashfree account."""

    def __init__(self, credentials: Credentials, limits: Limits) -> None:
        self.credentials = credentials
        self.limits = limits
        production = credentials.environment == "production"
        environment = Cashfree.PRODUCTION if production else Cashfree.SANDBOX
        self._sdk = Cashfree(environment, XClientId=credentials.key_id, XClientSecret=credentials.key_secret)
        self._sdk.XApiVersion = API_VERSION

    def order_create(self, request: OrderRequest) -> Order:
        """POST /orders."""
        if not request.customer_phone.startswith("+91"):
            raise Rejected(400, "phone_unsupported", "Cashfree takes Indian phones only")
        asked = _checked(
            lambda: CreateOrderRequest(
                order_id=request.reference,
                order_amount=wire.rupees_of(request.amount_paise),
                order_currency=request.currency,
                customer_details=CustomerDetails(
                    customer_id=request.customer_id[:50],
                    customer_phone=request.customer_phone.removeprefix("+91"),
                    customer_name=_long_enough(request.customer_name, 100),
                    customer_email=_long_enough(request.customer_email, 100),
                ),
                order_meta=OrderMeta(return_url=request.return_url or None, notify_url=request.notify_url or None),
                order_expiry_time=_iso(request.expires_at),
                order_note=_long_enough(request.note, 200),
            )
        )
        document = self._ask(self._sdk.PGCreateOrder, asked, x_idempotency_key=request.idempotency_key)
        order = self._order(document)
        told = (order.reference, order.amount_paise, order.currency)
        if told != (request.reference, request.amount_paise, request.currency):
            raise Duplicate(200, "order_differs", "an order of that reference has other contents")
        if not order.checkout["payment_session_id"]:
            raise OutcomeUnknown("the answer holds no payment session")
        return order

    def order_fetch(self, *, reference: str, gateway_order_id: str = "") -> Order | None:
        """GET /orders/{reference}."""
        document = self._find(self._sdk.PGFetchOrder, wire.identifier(reference))
        return None if document is None else self._order(document)

    def order_terminate(self, *, reference: str, gateway_order_id: str = "") -> OrderState | None:
        """PATCH /orders/{reference}. Raises Rejected for an order that is paid or over."""
        asked = TerminateOrderRequest(order_status="TERMINATED")
        try:
            document = self._ask(self._sdk.PGTerminateOrder, wire.identifier(reference), asked)
        except Rejected:
            # It is so already when nobody heard the answer to an earlier asking.
            order = self.order_fetch(reference=reference)
            if order is None or order.state is not OrderState.TERMINATED:
                raise
            return order.state
        return self._order(document).state

    def payments_fetch(self, *, reference: str, gateway_order_id: str) -> list[GatewayPayment]:
        """GET /orders/{reference}/payments."""
        documents = wire.objects(self._ask(self._sdk.PGOrderFetchPayments, wire.identifier(reference)))
        return [_payment(document, gateway_order_id) for document in documents]

    def payment_fetch(self, *, reference: str, gateway_payment_id: str) -> GatewayPayment | None:
        """GET /orders/{reference}/payments/{id}."""
        document = self._find(
            self._sdk.PGOrderFetchPayment, wire.identifier(reference), wire.identifier(gateway_payment_id)
        )
        return None if document is None else _payment(document, "")

    def capture(self, *, reference: str, gateway_payment_id: str, amount_paise: int) -> GatewayPayment:
        """Nothing to do: Cashfree takes money by itself unless pre-authorisation was asked for, which never happens."""
        payment = self.payment_fetch(reference=reference, gateway_payment_id=gateway_payment_id)
        if payment is None:
            raise Rejected(404, "payment_not_found", "there is no such payment")
        return payment

    def refund_create(self, request: RefundRequest) -> Refund:
        """POST /orders/{order}/refunds."""
        asked = _checked(
            lambda: OrderCreateRefundRequest(
                refund_id=request.reference,
                refund_amount=wire.rupees_of(request.amount_paise),
                refund_note=_long_enough(request.note, 100),
                refund_speed="STANDARD",
            )
        )
        document = self._ask(
            self._sdk.PGOrderCreateRefund,
            wire.identifier(request.order_reference),
            asked,
            x_idempotency_key=request.idempotency_key,
        )
        refund = _refund(document)
        if (refund.reference, refund.amount_paise) != (request.reference, request.amount_paise):
            raise Duplicate(200, "refund_differs", "a refund of that reference has other contents")
        return refund

    def refund_fetch(
        self, *, reference: str, order_reference: str, gateway_payment_id: str, gateway_refund_id: str = ""
    ) -> Refund | None:
        """GET /orders/{order}/refunds/{reference}."""
        document = self._find(
            self._sdk.PGOrderFetchRefund, wire.identifier(order_reference), wire.identifier(reference)
        )
        return None if document is None else _refund(document)

    def returned(self, *, gateway_order_id: str, form: Mapping[str, str]) -> str | None:
        """None: Cashfree signs nothing the browser brings back."""
        return None

    def verify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """base64(HMAC-SHA256(client secret, timestamp + raw body)); the timestamp in milliseconds or seconds."""
        named = wire.lowered(headers)
        timestamp = named.get("x-webhook-timestamp", "")
        if len(timestamp) not in {10, 13} or not (timestamp.isascii() and timestamp.isdigit()):
            raise SignatureInvalid("no timestamp")
        signed = timestamp.encode() + body
        wire.check_signature(
            named.get("x-webhook-signature", ""),
            (self.credentials.key_secret, *self.credentials.webhook_secrets),
            lambda key: base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode(),
        )
        notice = _notice(wire.callback(body), wire.delivery_id(named.get("x-idempotency-key", ""), body))
        sent_at = datetime.fromtimestamp(int(timestamp[:10]), UTC)
        return replace(notice, environment=self.credentials.environment, sent_at=sent_at)

    def _ask(self, method: Callable[..., Any], *given: Any, **more: Any) -> Any:
        with _CLIENT.calling(self.credentials.base_url.rstrip("/"), self.limits):
            # Not preloaded means not interpreted: the SDK's models refuse documents Cashfree really sends.
            answer = _checked(lambda: method(*given, _preload_content=False, **more))
        return read(Answer(answer.status_code, answer.headers, answer.raw_data))

    def _find(self, method: Callable[..., Any], *given: Any) -> Any | None:
        try:
            return self._ask(method, *given)
        except Rejected as refused:
            # Only Cashfree's own word proves absence; a bare 404 may be anybody's.
            if refused.status == 404 and refused.code.endswith("_not_found"):
                return None
            raise

    def _order(self, document: Any) -> Order:
        reference = wire.text(wire.section(document).get("order_id"))
        amount = wire.paise_from_rupees(wire.section(document).get("order_amount"))
        if not reference or amount is None:
            raise OutcomeUnknown("the answer is no order")
        session = wire.text(document.get("payment_session_id")) or ""
        return Order(
            reference=reference,
            gateway_order_id=wire.text(document.get("cf_order_id")) or "",
            state=_ORDERS.get(str(document.get("order_status")), OrderState.ACTIVE),
            amount_paise=amount,
            currency=wire.text(document.get("order_currency")) or "",
            checkout={
                "payment_session_id": session,
                "mode": self.credentials.environment,
                **wire.page(self.credentials.base_url, "/cashfree/checkout", payment_session_id=session),
            },
        )


def _payment(document: Any, gateway_order_id: str) -> GatewayPayment:
    entity = wire.section(document)
    payment_id, amount = wire.text(entity.get("cf_payment_id")), wire.paise_from_rupees(entity.get("payment_amount"))
    state = _PAYMENTS.get(str(entity.get("payment_status")), PaymentState.PENDING)
    if state is PaymentState.CAPTURED and entity.get("is_captured") is False:
        state = PaymentState.AUTHORISED
    if not payment_id or amount is None:
        state = PaymentState.PENDING
    reason = wire.section(entity, "error_details").get("error_description") or entity.get("payment_message")
    return GatewayPayment(
        gateway_payment_id=payment_id or "",
        gateway_order_id=gateway_order_id,
        reference=wire.text(entity.get("order_id")) or "",
        amount_paise=amount or 0,
        currency=wire.text(entity.get("payment_currency") or entity.get("order_currency")) or "",
        state=state,
        fee_paise=None,
        tax_paise=None,
        method=wire.text(entity.get("payment_group")) or "",
        reason=wire.text(reason) or "",
        paid_at=wire.instant(entity.get("payment_completion_time") or entity.get("payment_time")),
        raw=entity,
    )


def _refund(document: Any) -> Refund:
    entity = wire.section(document)
    reference, amount = wire.text(entity.get("refund_id")), wire.paise_from_rupees(entity.get("refund_amount"))
    if not reference or amount is None:
        raise OutcomeUnknown("the answer is no refund")
    return Refund(
        reference=reference,
        gateway_refund_id=wire.text(entity.get("cf_refund_id")) or "",
        gateway_payment_id=wire.text(entity.get("cf_payment_id")) or "",
        amount_paise=amount,
        currency=wire.text(entity.get("refund_currency")) or "",
        state=_REFUNDS.get(str(entity.get("refund_status")), RefundState.PENDING),
        reason=wire.text(entity.get("status_description")) or "",
        raw=entity,
    )


def _notice(document: dict[str, Any], delivery_id: str) -> Notice:
    event, data = wire.text(document.get("type")) or "", wire.section(document, "data")
    kind, about = NoticeKind.OTHER, {}
    # PAYMENT_CHARGES_WEBHOOK speaks a second time of a payment that succeeded: as a hint it does no harm.
    if event.startswith("PAYMENT_"):
        kind, about = NoticeKind.PAYMENT, {**wire.section(data, "payment"), **wire.section(data, "order")}
    elif event == "REFUND_STATUS_WEBHOOK":
        kind, about = NoticeKind.REFUND, wire.section(data, "refund")
    elif event == "AUTO_REFUND_STATUS_WEBHOOK":
        kind, about = NoticeKind.REFUND, wire.section(data, "auto_refund")
    elif event == "WEBHOOK":
        # The dashboard's probe.
        kind = NoticeKind.TEST
    return Notice(
        kind=kind,
        event=event,
        delivery_id=delivery_id,
        reference=wire.text(about.get("order_id")),
        gateway_order_id=wire.text(about.get("cf_order_id")),
        gateway_payment_id=wire.text(about.get("cf_payment_id")),
        gateway_refund_id=wire.text(about.get("cf_refund_id")),
        refund_reference=wire.text(about.get("refund_id")),
    )


def _checked(call: Callable[[], Any]) -> Any:
    """What the SDK's models refuse was never sent; their message repeats values, so only the fields are named."""
    try:
        return call()
    except ValidationError as error:
        fields = ", ".join(sorted({".".join(map(str, one["loc"])) for one in error.errors()}))
        raise Rejected(400, "request_invalid", f"cashfree-pg refuses {fields}") from None


def _long_enough(text: str, longest: int) -> str | None:
    # Optional texts of one or two characters are refused by the SDK; they are left out.
    return text[:longest] if len(text) >= 3 else None


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None
