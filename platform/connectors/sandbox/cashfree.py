"""Cashfree's payment gateway API, version 2025-01-01: orders, payments, refunds, hosted checkout, signed webhooks.

Source of the wire: Cashfree's published OpenAPI description of that version and its documentation of webhooks.
"""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from connectors.sandbox import pages
from connectors.sandbox.book import Account, Book, Order, Payment, Refund, Reply, digest, instant, number, token
from connectors.sandbox.deliver import Callback, Deliver
from connectors.sandbox.faults import Refusal, operation
from kernel.money import paise_of, rupees

VENDOR = "cashfree"
API_VERSION = "2025-01-01"
_IST = timezone(timedelta(hours=5, minutes=30))
_LIFE = timedelta(days=30)
_EVENTS = {
    "SUCCESS": "PAYMENT_SUCCESS_WEBHOOK",
    "FAILED": "PAYMENT_FAILED_WEBHOOK",
    "USER_DROPPED": "PAYMENT_USER_DROPPED_WEBHOOK",
    # Documented: this event may carry a payment that is still pending.
    "PENDING": "PAYMENT_SUCCESS_WEBHOOK",
}
_OUTCOMES = {"success": "SUCCESS", "failure": "FAILED", "drop": "USER_DROPPED"}
# The documented way to choose a refund's fate in Cashfree's own sandbox: its note.
_REFUND_NOTES = {"FAILED": "FAILED", "PENDING": "PENDING", "ONHOLD": "ONHOLD", "CANCELLED": "CANCELLED"}


def refusal(status: int, code: str, message: str, kind: str = "invalid_request_error") -> Refusal:
    """An error answer of Cashfree's shape."""
    return Refusal(status, {"message": message, "code": code, "type": kind})


def _account(request: Request) -> Account:
    headers = request.headers
    account = request.app.state.book.accounts.get((VENDOR, headers.get("x-client-id", "")))
    secret = headers.get("x-client-secret", "")
    if account is None or not hmac.compare_digest(account.key_secret.encode(), secret.encode()):
        raise refusal(401, "request_failed", "authentication Failed", "authentication_error")
    if headers.get("x-api-version") != API_VERSION:
        raise refusal(400, "version_invalid", f"x-api-version must be {API_VERSION}")
    return account


def _order(request: Request) -> Order:
    account = _account(request)
    order: Order | None = request.app.state.book.orders.get((VENDOR, request.path_params["order_id"]))
    if order is None or order.account != account.key_id:
        raise refusal(404, "order_not_found", "Order Reference Id does not exist")
    if order.state == "ACTIVE" and order.expires_at and order.expires_at <= instant():
        order.state = "EXPIRED"
    return order


async def _replayed(request: Request, account: Account, name: str) -> tuple[str, bytes, Response | None]:
    body = await request.body()
    key = request.headers.get("x-idempotency-key", "")
    reply: Reply | None = request.app.state.book.replies.get((VENDOR, account.key_id, name, key)) if key else None
    if reply is None:
        return key, body, None
    if reply.digest != digest(body):
        raise refusal(422, "idempotency_error", "idempotency key was used with another body", "idempotency_error")
    return key, body, JSONResponse(reply.payload, reply.status, headers={"x-idempotency-replayed": "true"})


def _json(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body, parse_float=Decimal)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise refusal(400, "request_invalid", "the body is not a JSON object")
    return parsed


def _paise(value: object, field: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise refusal(400, f"{field}_invalid", f"{field} should be a number")
    try:
        paise = paise_of(value)
    except ValueError:
        paise = 0
    if paise <= 0:
        raise refusal(400, f"{field}_invalid", f"{field} should be positive, of at most two decimals")
    return paise


async def order_create(request: Request) -> Response:
    """POST /pg/orders"""
    account = _account(request)
    key, body, replay = await _replayed(request, account, "order_create")
    if replay:
        return replay
    asked, book = _json(body), request.app.state.book
    reference = str(asked.get("order_id") or f"order_{token()}")
    if (VENDOR, reference) in book.orders:
        raise refusal(409, "order_already_exists", "order with same id is already present")
    amount = _paise(asked.get("order_amount"), "order_amount")
    if amount < 100:
        raise refusal(400, "order_amount_invalid", "order_amount should be at least 1")
    customer, meta = asked.get("customer_details") or {}, asked.get("order_meta") or {}
    if not customer.get("customer_id") or not customer.get("customer_phone"):
        raise refusal(400, "customer_details.customer_phone_missing", "customer id and phone are required")
    now = instant()
    expiry = asked.get("order_expiry_time")
    order = Order(
        vendor=VENDOR, account=account.key_id, id=reference, number=number(), reference=reference,
        amount_paise=amount, currency=str(asked.get("order_currency") or "INR"), state="ACTIVE", created_at=now,
        session=f"session_{token(40)}payment", return_url=str(meta.get("return_url") or ""),
        notify_url=str(meta.get("notify_url") or account.webhook_url), note=str(asked.get("order_note") or ""),
        expires_at=datetime.fromisoformat(expiry) if expiry else now + _LIFE, customer=customer,
    )  # fmt: skip
    book.orders[VENDOR, reference] = order
    payload = order_json(order)
    if key:
        book.replies[VENDOR, account.key_id, "order_create", key] = Reply(digest(body), 200, payload)
    return JSONResponse(payload)


async def order_fetch(request: Request) -> Response:
    """GET /pg/orders/{order_id}"""
    return JSONResponse(order_json(_order(request)))


async def order_terminate(request: Request) -> Response:
    """PATCH /pg/orders/{order_id}: at once, or TERMINATION_REQUESTED while an attempt is under way."""
    order = _order(request)
    if _json(await request.body()).get("order_status") != "TERMINATED":
        raise refusal(400, "order_status_invalid", "order_status should be TERMINATED")
    if order.state not in {"ACTIVE", "TERMINATION_REQUESTED"}:
        raise refusal(400, "order_not_active", f"order is {order.state}")
    running = any(p.state == "PENDING" for p in request.app.state.book.payments_of(order))
    order.state = "TERMINATION_REQUESTED" if running else "TERMINATED"
    return JSONResponse(order_json(order))


async def payments_fetch(request: Request) -> Response:
    """GET /pg/orders/{order_id}/payments"""
    order = _order(request)
    return JSONResponse([payment_json(order, p) for p in request.app.state.book.payments_of(order)])


async def payment_fetch(request: Request) -> Response:
    """GET /pg/orders/{order_id}/payments/{payment_id}"""
    order = _order(request)
    payment = request.app.state.book.payments.get((VENDOR, request.path_params["payment_id"]))
    if payment is None or payment.order != order.id:
        raise refusal(404, "payment_not_found", "transaction not found")
    return JSONResponse(payment_json(order, payment))


async def refund_create(request: Request) -> Response:
    """POST /pg/orders/{order_id}/refunds"""
    order = _order(request)
    account: Account = request.app.state.book.accounts[VENDOR, order.account]
    key, body, replay = await _replayed(request, account, f"refund_create {order.id}")
    if replay:
        return replay
    asked, book = _json(body), request.app.state.book
    amount, reference = _paise(asked.get("refund_amount"), "refund_amount"), str(asked.get("refund_id") or "")
    known = book.refunds.get((VENDOR, reference))
    if known:
        if (known.order, known.amount_paise) != (order.id, amount):
            raise refusal(400, "refund_id_already_exists", "refund with same id is already present")
        return JSONResponse(refund_json(order, known))
    paid = [p for p in book.payments_of(order) if p.captured]
    if not paid or amount > book.refundable_paise(order):
        raise refusal(400, "refund_amount_invalid", "refund amount is more than what can be refunded")
    note = str(asked.get("refund_note") or "")
    refund = Refund(VENDOR, number(), reference, order.id, paid[0].id, amount, "PENDING", note, instant())
    book.refunds[VENDOR, reference] = refund
    payload = refund_json(order, refund)
    if key:
        book.replies[VENDOR, account.key_id, f"refund_create {order.id}", key] = Reply(digest(body), 200, payload)
    refund_move(book, request.app.state.deliver, refund, _REFUND_NOTES.get(note, "SUCCESS"))
    return JSONResponse(payload)


async def refunds_fetch(request: Request) -> Response:
    """GET /pg/orders/{order_id}/refunds"""
    order = _order(request)
    return JSONResponse([refund_json(order, r) for r in request.app.state.book.refunds_of(order)])


async def refund_fetch(request: Request) -> Response:
    """GET /pg/orders/{order_id}/refunds/{refund_id}"""
    order = _order(request)
    refund = request.app.state.book.refunds.get((VENDOR, request.path_params["refund_id"]))
    if refund is None or refund.order != order.id:
        raise refusal(404, "refund_not_found", "refund does not exist")
    return JSONResponse(refund_json(order, refund))


async def checkout_page(request: Request) -> Response:
    """GET /cashfree/checkout?payment_session_id=…: the hosted page Cashfree's script opens."""
    order = _by_session(request.app.state.book, request.query_params.get("payment_session_id", ""))
    if order is None:
        return pages.message("This payment session does not exist.", 404)
    if order.state not in {"ACTIVE", "TERMINATION_REQUESTED"}:
        return pages.message(f"This order is {order.state}.", 410)
    return pages.checkout(
        vendor="Cashfree",
        action=str(request.url.path),
        fields={"payment_session_id": order.session},
        reference=order.reference,
        amount_paise=order.amount_paise,
    )


async def checkout_done(request: Request) -> Response:
    """POST /cashfree/checkout: the payer has chosen; back to the order's return_url."""
    form = await request.form()
    order = _by_session(request.app.state.book, str(form.get("payment_session_id")))
    outcome = _OUTCOMES.get(str(form.get("outcome")))
    if order is None or outcome is None:
        return pages.message("This payment session does not exist.", 404)
    if order.state not in {"ACTIVE", "TERMINATION_REQUESTED"}:
        return pages.message(f"This order is {order.state}.", 410)
    pay(request.app.state.book, request.app.state.deliver, order, outcome)
    if not order.return_url:
        return pages.message(f"Payment: {outcome}")
    return RedirectResponse(order.return_url.replace("{order_id}", order.id), status_code=303)


def pay(book: Book, deliver: Deliver, order: Order, state: str, amount_paise: int | None = None) -> Payment:
    """A payer's attempt at an order with that end, at the hosted page or through the control door."""
    payment = Payment(
        vendor=VENDOR, id=number(), order=order.id, amount_paise=amount_paise or order.amount_paise, state="PENDING",
        method="upi", created_at=instant(),
    )  # fmt: skip
    book.payments[VENDOR, payment.id] = payment
    payment_move(book, deliver, payment, state)
    return payment


def payment_move(book: Book, deliver: Deliver, payment: Payment, state: str) -> None:
    """Bring an attempt to a state and tell the shop, as happens also days later."""
    order = book.orders[VENDOR, payment.order]
    payment.state, payment.captured = state, state == "SUCCESS"
    payment.reason = "Transaction declined by the bank" if state == "FAILED" else ""
    if state == "SUCCESS":
        order.state = "PAID"
    if state in _EVENTS:
        customer = {f"customer_{name}": order.customer.get(f"customer_{name}") for name in ("id", "name", "phone")}
        paid = payment_json(order, payment)
        data = {
            "order": {"order_id": order.id, "order_amount": paid["order_amount"], "order_currency": order.currency},
            "payment": {**paid, "cf_payment_id": int(payment.id)},
            "customer_details": customer,
        }
        _put(book, deliver, order, _EVENTS[state], data)


def refund_move(book: Book, deliver: Deliver, refund: Refund, state: str) -> None:
    """Bring a refund to a state and tell the shop."""
    refund.state = state
    order = book.orders[VENDOR, refund.order]
    # Documented hazard: ids that are strings in the API are numbers in webhooks.
    data = {**refund_json(order, refund), "cf_refund_id": int(refund.id), "cf_payment_id": int(refund.payment)}
    _put(book, deliver, order, "REFUND_STATUS_WEBHOOK", {"refund": data})


def order_json(order: Order) -> dict[str, Any]:
    """OrderEntity."""
    return {
        "cf_order_id": order.number,
        "order_id": order.id,
        "entity": "order",
        "order_currency": order.currency,
        "order_amount": _rupees(order.amount_paise),
        "order_status": order.state,
        "payment_session_id": order.session,
        "order_expiry_time": _time(order.expires_at),
        "order_note": order.note or None,
        "created_at": _time(order.created_at),
        "order_splits": [],
        "customer_details": order.customer,
        "order_meta": {"return_url": order.return_url or None, "notify_url": order.notify_url or None},
        "order_tags": None,
    }


def payment_json(order: Order, payment: Payment) -> dict[str, Any]:
    """PaymentEntity."""
    failed = {"error_code": "TRANSACTION_DECLINED", "error_description": payment.reason, "error_source": "bank"}
    return {
        "cf_payment_id": payment.id,
        "order_id": order.id,
        "entity": "payment",
        "error_details": failed if payment.reason else None,
        "is_captured": payment.captured,
        "order_amount": _rupees(order.amount_paise),
        "order_currency": order.currency,
        "payment_group": payment.method,
        "payment_method": {"upi": {"channel": "collect", "upi_id": "testsuccess@gocash"}},
        "payment_currency": order.currency,
        "payment_amount": _rupees(payment.amount_paise),
        "payment_time": _time(payment.created_at),
        "payment_completion_time": _time(instant()) if payment.captured else None,
        "payment_status": payment.state,
        "payment_message": payment.reason or "Transaction status",
        "bank_reference": "1234567890",
    }


def refund_json(order: Order, refund: Refund) -> dict[str, Any]:
    """RefundEntity."""
    return {
        "cf_payment_id": refund.payment,
        "cf_refund_id": refund.id,
        "order_id": order.id,
        "refund_id": refund.reference,
        "entity": "refund",
        "refund_amount": _rupees(refund.amount_paise),
        "refund_currency": order.currency,
        "refund_note": refund.note or None,
        "refund_status": refund.state,
        "refund_type": "MERCHANT_INITIATED",
        "status_description": "Refund processed" if refund.state == "SUCCESS" else refund.state.title(),
        "created_at": _time(refund.created_at),
        "processed_at": _time(instant()) if refund.state == "SUCCESS" else None,
    }


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """base64(HMAC-SHA256(client secret, timestamp + raw body)), without anything between."""
    return base64.b64encode(hmac.digest(secret.encode(), timestamp.encode() + body, hashlib.sha256)).decode()


def _put(book: Book, deliver: Deliver, order: Order, event: str, data: dict[str, Any]) -> None:
    account, key = book.accounts[VENDOR, order.account], token(32)
    body = json.dumps({"data": data, "event_time": _time(instant()), "type": event}).encode()

    def headers(content: bytes, attempt: int) -> dict[str, str]:
        timestamp = str(int(instant().timestamp() * 1000))
        return {
            "x-webhook-signature": sign(account.key_secret, timestamp, content),
            "x-webhook-timestamp": timestamp,
            "x-webhook-version": API_VERSION,
            "x-webhook-attempt": str(attempt),
            "x-idempotency-key": key,
        }

    deliver.put(Callback(VENDOR, event, order.notify_url, body, headers))


def _by_session(book: Book, session: str) -> Order | None:
    return next((o for o in book.orders.values() if o.vendor == VENDOR and session and o.session == session), None)


def _rupees(paise: int) -> float:
    # The wire carries rupees as a JSON number with decimals.
    return float(rupees(paise))


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(_IST).isoformat(timespec="seconds") if moment else None


routes: list[Route] = [
    operation("/pg/orders", order_create, name="order_create"),
    operation("/pg/orders/{order_id}", order_fetch, name="order_fetch", methods=("GET",)),
    operation("/pg/orders/{order_id}", order_terminate, name="order_terminate", methods=("PATCH",)),
    operation("/pg/orders/{order_id}/payments", payments_fetch, name="payments_fetch", methods=("GET",)),
    operation("/pg/orders/{order_id}/payments/{payment_id}", payment_fetch, name="payment_fetch", methods=("GET",)),
    operation("/pg/orders/{order_id}/refunds", refund_create, name="refund_create"),
    operation("/pg/orders/{order_id}/refunds", refunds_fetch, name="refunds_fetch", methods=("GET",)),
    operation("/pg/orders/{order_id}/refunds/{refund_id}", refund_fetch, name="refund_fetch", methods=("GET",)),
    operation("/cashfree/checkout", checkout_page, name="checkout_page", methods=("GET",)),
    operation("/cashfree/checkout", checkout_done, name="checkout_done"),
]
