"""Razorpay behind the port: the SDK builds requests, `transport` carries them, raw bytes are read here.

razorpay 2.0.1 throws away status and code of an error, prints, waits for ever, trusts certificates of 2015, and shares
default arguments between all its clients: each call here passes its own. Wire: Razorpay's API and webhook
documentation.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from razorpay import Client
from urllib3.util import make_headers

from connectors.payments import wire
from connectors.payments.errors import Duplicate, ForeignAccount, OutcomeUnknown, Rejected
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
from connectors.payments.transport import read, send

# Money authorised within half an hour is taken by Razorpay itself; later money waits five days for our decision.
_CAPTURE = {
    "capture": "automatic",
    "capture_options": {"automatic_expiry_period": 30, "manual_expiry_period": 7200, "refund_speed": "normal"},
}
_PAYMENTS = {
    "authorized": PaymentState.AUTHORISED,
    "captured": PaymentState.CAPTURED,
    "failed": PaymentState.FAILED,
    "refunded": PaymentState.REFUNDED,
}
_REFUNDS = {"processed": RefundState.SUCCEEDED, "failed": RefundState.FAILED}
_PAGE = 100


class _Session:
    """Stands where the SDK's requests session stood. Its errors pass through the SDK untouched."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def get(self, url: str, *, params: Mapping[str, Any] | None = None, **given: Any) -> "_Response":
        return self._send("GET", f"{url}?{urlencode(params)}" if params else url, **given)

    def post(self, url: str, *, data: str, **given: Any) -> "_Response":
        return self._send("POST", url, data=data, **given)

    def _send(
        self, method: str, url: str, *, auth: tuple[str, str], headers: dict[str, str], verify: str, data: str = ""
    ) -> "_Response":
        # `verify` names the SDK's own bundle; the limits say whose certificates are believed.
        sent = {**headers, **make_headers(basic_auth=":".join(auth))}
        return _Response(read(send(method, url, headers=sent, body=data.encode() or None, limits=self._limits)))


class _Response:
    """The face of an answer the SDK looks at: always a good one, all others have been raised."""

    status_code = 200

    def __init__(self, document: Any) -> None:
        self._document = document

    def json(self) -> Any:
        return self._document


class RazorpayGateway:
    """One business's Razorpay account."""

    def __init__(self, credentials: Credentials, limits: Limits) -> None:
        self.credentials = credentials
        self._sdk = Client(
            session=_Session(limits),
            auth=(credentials.key_id, credentials.key_secret),
            base_url=credentials.base_url.rstrip("/"),
        )

    def order_create(self, request: OrderRequest) -> Order:
        """POST /v1/orders. Without `unique_receipt` each repetition would be another payable order."""
        document = self._sdk.order.create(
            {
                "amount": request.amount_paise,
                "currency": request.currency,
                "receipt": request.reference,
                "unique_receipt": True,
                "payment": _CAPTURE,
                # Order entities carry no return address, and a fetched order must lead back as well.
                "notes": {"reference": request.reference, "return_url": request.return_url},
            }
        )
        order = self._order(document)
        told = (order.reference, order.amount_paise, order.currency)
        if told != (request.reference, request.amount_paise, request.currency):
            raise Duplicate(200, "order_differs", "an order of that receipt has other contents")
        return order

    def order_fetch(self, *, reference: str, gateway_order_id: str = "") -> Order | None:
        """GET /v1/orders/{id}, or GET /v1/orders?receipt= while the id is unknown; of several a paid one first."""
        if gateway_order_id:
            document = self._find(self._sdk.order.fetch, wire.identifier(gateway_order_id), {})
            return None if document is None else self._order(document)
        answer = self._sdk.order.all({"receipt": wire.identifier(reference), "count": _PAGE})
        orders = [self._order(document) for document in _items(answer)]
        found = [order for order in orders if order.reference == reference]
        return next((order for order in found if order.state is OrderState.PAID), found[0] if found else None)

    def order_terminate(self, *, reference: str, gateway_order_id: str = "") -> OrderState | None:
        """None: at Razorpay a created order stays payable."""
        return None

    def payments_fetch(self, *, reference: str, gateway_order_id: str) -> list[GatewayPayment]:
        """GET /v1/orders/{id}/payments."""
        answer = self._sdk.order.payments(wire.identifier(gateway_order_id), {})
        return [_payment(document, reference) for document in _items(answer)]

    def payment_fetch(self, *, reference: str, gateway_payment_id: str) -> GatewayPayment | None:
        """GET /v1/payments/{id}."""
        document = self._find(self._sdk.payment.fetch, wire.identifier(gateway_payment_id), {})
        return None if document is None else _payment(document, reference)

    def capture(self, *, reference: str, gateway_payment_id: str, amount_paise: int) -> GatewayPayment:
        """POST /v1/payments/{id}/capture."""
        # The SDK's default for `data` is one dict for the whole process, and it writes the amount into it.
        document = self._sdk.payment.capture(wire.identifier(gateway_payment_id), amount_paise, {"currency": "INR"})
        return _payment(document, reference)

    def refund_create(self, request: RefundRequest) -> Refund:
        """POST /v1/payments/{id}/refund under `X-Refund-Idempotency`."""
        asked: dict[str, Any] = {"amount": request.amount_paise, "speed": "normal", "receipt": request.reference}
        if request.note:
            asked["notes"] = {"note": request.note[:256]}
        try:
            document = self._sdk.payment.refund(
                wire.identifier(request.gateway_payment_id),
                asked,
                headers={"X-Refund-Idempotency": request.idempotency_key},
            )
        except Rejected as refused:
            if "idempotency" in refused.message.lower():
                raise Duplicate(refused.status, refused.code, refused.message) from refused
            raise
        refund = _refund(document)
        if (refund.reference, refund.amount_paise) != (request.reference, request.amount_paise):
            raise Duplicate(200, "refund_differs", "a refund of that key has other contents")
        return refund

    def refund_fetch(
        self, *, reference: str, order_reference: str, gateway_payment_id: str, gateway_refund_id: str = ""
    ) -> Refund | None:
        """GET /v1/refunds/{id}, or GET /v1/payments/{id}/refunds while the id is unknown."""
        if gateway_refund_id:
            document = self._find(self._sdk.refund.fetch, wire.identifier(gateway_refund_id), {})
            return None if document is None else _refund(document)
        payment_id = wire.identifier(gateway_payment_id)
        answer = self._find(self._sdk.payment.fetch_multiple_refund, payment_id, {"count": _PAGE})
        refunds = [] if answer is None else [_refund(document) for document in _items(answer)]
        return next((refund for refund in refunds if refund.reference == reference), None)

    def returned(self, *, gateway_order_id: str, form: Mapping[str, str]) -> str | None:
        """hex(HMAC-SHA256(key secret, our order id + "|" + payment id)); a failed attempt comes back unsigned."""
        payment_id, signature = form.get("razorpay_payment_id", ""), form.get("razorpay_signature", "")
        if not payment_id and not signature:
            return None
        signed = f"{gateway_order_id}|{payment_id}".encode("utf-8", "surrogateescape")
        wire.check_signature(
            signature, (self.credentials.key_secret,), lambda key: hmac.digest(key, signed, hashlib.sha256).hex()
        )
        return payment_id

    def verify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """hex(HMAC-SHA256(webhook secret, raw body)); raises ForeignAccount for another account's money."""
        named = wire.lowered(headers)
        wire.check_signature(
            named.get("x-razorpay-signature", ""),
            self.credentials.webhook_secrets,
            lambda key: hmac.digest(key, body, hashlib.sha256).hex(),
        )
        return self._notice(wire.callback(body), wire.delivery_id(named.get("x-razorpay-event-id", ""), body))

    def _find(self, method: Any, *given: Any) -> Any | None:
        try:
            return method(*given)
        except Rejected as refused:
            # Razorpay has no code for absence, only these words, under 400 or 404.
            if refused.status in {400, 404} and "does not exist" in refused.message:
                return None
            raise

    def _order(self, document: Any) -> Order:
        entity = wire.section(document)
        order_id, amount = wire.text(entity.get("id")), wire.paise_from_int(entity.get("amount"))
        if not order_id or amount is None:
            raise OutcomeUnknown("the answer is no order")
        key_id, currency = self.credentials.key_id, wire.text(entity.get("currency")) or ""
        callback_url = wire.text(wire.section(entity, "notes").get("return_url")) or ""
        page = wire.page(
            self.credentials.base_url, "/razorpay/checkout", key_id=key_id, order_id=order_id, callback_url=callback_url
        )
        return Order(
            reference=wire.text(entity.get("receipt")) or "",
            gateway_order_id=order_id,
            state=OrderState.PAID if entity.get("status") == "paid" else OrderState.ACTIVE,
            amount_paise=amount,
            currency=currency,
            checkout={
                "key_id": key_id,
                "order_id": order_id,
                "amount": amount,
                "currency": currency,
                "callback_url": callback_url,
                **page,
            },
        )

    def _notice(self, document: dict[str, Any], delivery_id: str) -> Notice:
        event, payload = wire.text(document.get("event")) or "", wire.section(document, "payload")
        payment, refund = wire.section(payload, "payment", "entity"), wire.section(payload, "refund", "entity")
        order = wire.section(payload, "order", "entity")
        kind = NoticeKind.OTHER
        if event.startswith("refund."):
            kind = NoticeKind.REFUND
        elif event == "order.paid" or (event.startswith("payment.") and event.count(".") == 1):
            # payment.dispute.… and payment.downtime.… are no payments.
            kind = NoticeKind.PAYMENT
        account_id = wire.text(document.get("account_id"))
        ours = self.credentials.account_id
        if kind is not NoticeKind.OTHER and ours and account_id != ours:
            raise ForeignAccount("the callback is about another account")
        return Notice(
            kind=kind,
            event=event,
            delivery_id=delivery_id,
            reference=wire.text(order.get("receipt") or wire.section(payment, "notes").get("reference")),
            gateway_order_id=wire.text(order.get("id") or payment.get("order_id")),
            gateway_payment_id=wire.text(payment.get("id") or refund.get("payment_id")),
            gateway_refund_id=wire.text(refund.get("id")),
            refund_reference=wire.text(refund.get("receipt")),
            account_id=account_id,
            environment=self.credentials.environment,
        )


def _items(answer: Any) -> list[dict[str, Any]]:
    return wire.objects(wire.section(answer).get("items"))


def _payment(document: Any, reference: str) -> GatewayPayment:
    entity = wire.section(document)
    payment_id, amount = wire.text(entity.get("id")), wire.paise_from_int(entity.get("amount"))
    state = _PAYMENTS.get(str(entity.get("status")), PaymentState.PENDING)
    if not payment_id or amount is None:
        state = PaymentState.PENDING
    # `fee` includes `tax`.
    fee, tax = wire.paise_from_int(entity.get("fee")), wire.paise_from_int(entity.get("tax"))
    return GatewayPayment(
        gateway_payment_id=payment_id or "",
        gateway_order_id=wire.text(entity.get("order_id")) or "",
        reference=reference,
        amount_paise=amount or 0,
        currency=wire.text(entity.get("currency")) or "",
        state=state,
        fee_paise=None if fee is None else fee - (tax or 0),
        tax_paise=tax,
        method=wire.text(entity.get("method")) or "",
        reason=wire.text(entity.get("error_description")) or "",
        paid_at=wire.instant(entity.get("created_at")),
        raw=entity,
    )


def _refund(document: Any) -> Refund:
    entity = wire.section(document)
    refund_id, amount = wire.text(entity.get("id")), wire.paise_from_int(entity.get("amount"))
    if not refund_id or amount is None:
        raise OutcomeUnknown("the answer is no refund")
    return Refund(
        reference=wire.text(entity.get("receipt")) or "",
        gateway_refund_id=refund_id,
        gateway_payment_id=wire.text(entity.get("payment_id")) or "",
        amount_paise=amount,
        currency=wire.text(entity.get("currency")) or "",
        state=_REFUNDS.get(str(entity.get("status")), RefundState.PENDING),
        reason="",
        raw=entity,
    )
