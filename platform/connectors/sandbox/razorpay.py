"""Razorpay's API v1: orders, payments, captures, refunds, hosted checkout, webhooks per account.

Source of the wire: Razorpay's published API and webhook documentation.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from connectors.sandbox import pages
from connectors.sandbox.book import Account, Book, Order, Payment, Refund, Reply, digest, instant, token
from connectors.sandbox.deliver import Callback, Deliver
from connectors.sandbox.faults import Refusal, operation
from kernel.money import round_paise, share

VENDOR = "razorpay"
_OUTCOMES = {"success": "captured", "failure": "failed"}
_REFUND_NOTES = {"FAILED": "failed", "PENDING": "pending"}


def refusal(status: int, description: str, code: str = "BAD_REQUEST_ERROR") -> Refusal:
    """An error answer of Razorpay's shape."""
    error = {"code": code, "description": description, "source": "business", "step": "payment_initiation"}
    return Refusal(status, {"error": {**error, "reason": "input_validation_failed", "metadata": {}}})


def _account(request: Request) -> Account:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        key_id, _, secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        key_id = secret = ""
    account: Account | None = request.app.state.book.accounts.get((VENDOR, key_id))
    known = account is not None and hmac.compare_digest(account.key_secret.encode(), secret.encode())
    if account is None or not known or scheme != "Basic":
        raise refusal(401, "Authentication failed")
    return account


async def _json(request: Request) -> dict[str, Any]:
    try:
        parsed = json.loads(await request.body() or b"{}")
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise refusal(400, "Please provide your request as a JSON object")
    return parsed


def _order(request: Request, account: Account) -> Order:
    order: Order | None = request.app.state.book.orders.get((VENDOR, request.path_params["order_id"]))
    if order is None or order.account != account.key_id:
        raise refusal(400, "The id provided does not exist")
    return order


def _payment(request: Request, account: Account) -> tuple[Order, Payment]:
    book: Book = request.app.state.book
    payment = book.payments.get((VENDOR, request.path_params["payment_id"]))
    order = book.orders.get((VENDOR, payment.order)) if payment else None
    if payment is None or order is None or order.account != account.key_id:
        raise refusal(400, "The id provided does not exist")
    return order, payment


def _amount(value: object, least: int = 100) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise refusal(400, "The amount must be an integer.")
    if value < least:
        raise refusal(400, "Order amount less than minimum amount allowed")
    return value


async def order_create(request: Request) -> Response:
    """POST /v1/orders; with `unique_receipt` an order of that receipt is answered again instead of made twice."""
    account, asked = _account(request), await _json(request)
    book: Book = request.app.state.book
    amount, receipt = _amount(asked.get("amount")), str(asked.get("receipt") or "")
    if len(receipt) > 40:
        raise refusal(400, "The receipt may not be greater than 40 characters.")
    if asked.get("unique_receipt") and receipt:
        known = _with_receipt(book, account, receipt)
        if known:
            return JSONResponse(order_json(book, known[0]))
    capture = (asked.get("payment") or {}).get("capture")
    order_id = f"order_{token()}"
    order = Order(
        vendor=VENDOR, account=account.key_id, id=order_id, number=order_id, reference=receipt, amount_paise=amount,
        currency=str(asked.get("currency") or "INR"), state="created", created_at=instant(),
        notify_url=account.webhook_url, notes=asked.get("notes") or {},
        auto_capture=account.auto_capture and capture != "manual",
    )  # fmt: skip
    book.orders[VENDOR, order.id] = order
    return JSONResponse(order_json(book, order))


async def orders_list(request: Request) -> Response:
    """GET /v1/orders?receipt=&count=&skip="""
    account, query, book = _account(request), request.query_params, request.app.state.book
    count, skip = min(int(query.get("count", 10)), 100), int(query.get("skip", 0))
    orders = [o for o in book.orders.values() if o.vendor == VENDOR and o.account == account.key_id]
    if "receipt" in query:
        orders = _with_receipt(book, account, query["receipt"])
    return _collection(order_json(book, o) for o in orders[::-1][skip : skip + count])


async def order_fetch(request: Request) -> Response:
    """GET /v1/orders/{order_id}"""
    return JSONResponse(order_json(request.app.state.book, _order(request, _account(request))))


async def payments_fetch(request: Request) -> Response:
    """GET /v1/orders/{order_id}/payments"""
    book, order = request.app.state.book, _order(request, _account(request))
    return _collection(payment_json(book, order, p) for p in book.payments_of(order))


async def payment_fetch(request: Request) -> Response:
    """GET /v1/payments/{payment_id}"""
    order, payment = _payment(request, _account(request))
    return JSONResponse(payment_json(request.app.state.book, order, payment))


async def capture(request: Request) -> Response:
    """POST /v1/payments/{payment_id}/capture"""
    order, payment = _payment(request, _account(request))
    amount = _amount((await _json(request)).get("amount"))
    if payment.captured:
        raise refusal(400, "This payment has already been captured")
    if payment.state != "authorized":
        raise refusal(400, "Only payments which have been authorized and not yet captured can be captured")
    if amount != payment.amount_paise:
        raise refusal(400, "Capture amount must be equal to the amount authorized")
    payment_move(request.app.state.book, request.app.state.deliver, payment, "captured")
    return JSONResponse(payment_json(request.app.state.book, order, payment))


async def refund_create(request: Request) -> Response:
    """POST /v1/payments/{payment_id}/refund; `X-Refund-Idempotency` gives the same refund again."""
    account = _account(request)
    order, payment = _payment(request, account)
    book: Book = request.app.state.book
    body, key = await request.body(), request.headers.get("x-refund-idempotency", "")
    slot = (VENDOR, account.key_id, f"refund_create {payment.id}", key)
    reply = book.replies.get(slot) if key else None
    if reply:
        if reply.digest != digest(body):
            raise refusal(400, "Different request body sent for the same Idempotency Header")
        return JSONResponse(reply.payload)
    asked = await _json(request)
    amount = _amount(asked.get("amount", payment.amount_paise), least=1)
    if not payment.captured:
        raise refusal(400, "The payment status should be captured for action to be taken")
    if amount > book.refundable_paise(order, payment):
        raise refusal(400, "The total refund amount is greater than the refund payment amount")
    notes = asked.get("notes") or {}
    refund = Refund(
        vendor=VENDOR, id=f"rfnd_{token()}", reference=str(asked.get("receipt") or ""), order=order.id,
        payment=payment.id, amount_paise=amount, state="pending", note=str(notes.get("note", "")),
        created_at=instant(),
    )  # fmt: skip
    book.refunds[VENDOR, refund.id] = refund
    payload = refund_json(order, refund)
    if key:
        book.replies[slot] = Reply(digest(body), 200, payload)
    _put_refund(book, request.app.state.deliver, refund, "refund.created")
    refund_move(book, request.app.state.deliver, refund, _REFUND_NOTES.get(refund.note, "processed"))
    return JSONResponse(payload)


async def refunds_list(request: Request) -> Response:
    """GET /v1/payments/{payment_id}/refunds"""
    order, payment = _payment(request, _account(request))
    book = request.app.state.book
    return _collection(refund_json(order, r) for r in book.refunds_of(order) if r.payment == payment.id)


async def refund_fetch(request: Request) -> Response:
    """GET /v1/refunds/{refund_id} and /v1/payments/{payment_id}/refunds/{refund_id}"""
    account, book = _account(request), request.app.state.book
    refund = book.refunds.get((VENDOR, request.path_params["refund_id"]))
    order = book.orders.get((VENDOR, refund.order)) if refund else None
    if refund is None or order is None or order.account != account.key_id:
        raise refusal(400, "The id provided does not exist")
    return JSONResponse(refund_json(order, refund))


async def checkout_page(request: Request) -> Response:
    """GET /razorpay/checkout?key_id=&order_id=&callback_url=&cancel_url=: what Razorpay's script shows."""
    query, book = request.query_params, request.app.state.book
    order = book.orders.get((VENDOR, query.get("order_id", "")))
    if order is None or order.account != query.get("key_id"):
        return pages.message("This order does not exist.", 404)
    if order.state == "paid":
        return pages.message("This order is paid.", 410)
    fields = {name: query.get(name, "") for name in ("key_id", "order_id", "callback_url", "cancel_url")}
    return pages.checkout(
        vendor="Razorpay",
        action=str(request.url.path),
        fields=fields,
        reference=order.reference,
        amount_paise=order.amount_paise,
    )


async def checkout_done(request: Request) -> Response:
    """POST /razorpay/checkout: the payer has chosen; a page posts the signed result to callback_url."""
    form, book = await request.form(), request.app.state.book
    order = book.orders.get((VENDOR, str(form.get("order_id"))))
    outcome, callback_url = str(form.get("outcome")), str(form.get("callback_url") or "")
    if order is None or order.account != form.get("key_id") or outcome not in pages.OUTCOMES:
        return pages.message("This order does not exist.", 404)
    if order.state == "paid":
        return pages.message("This order is paid.", 410)
    if outcome == "drop":
        # A closed window posts nothing: the gateway's book shows no attempt.
        cancel_url = str(form.get("cancel_url") or "")
        return RedirectResponse(cancel_url, status_code=303) if cancel_url else pages.message("Checkout closed.")
    payment = pay(book, request.app.state.deliver, order, _OUTCOMES[outcome])
    if not callback_url:
        return pages.message(f"Payment: {payment.state}")
    if outcome == "failure":
        metadata = json.dumps({"payment_id": payment.id, "order_id": order.id})
        error = {"error[code]": "BAD_REQUEST_ERROR", "error[description]": payment.reason, "error[metadata]": metadata}
        return pages.post_on(action=callback_url, fields=error)
    signature = sign(book.accounts[VENDOR, order.account].key_secret, f"{order.id}|{payment.id}".encode())
    fields = {"razorpay_payment_id": payment.id, "razorpay_order_id": order.id, "razorpay_signature": signature}
    return pages.post_on(action=callback_url, fields=fields)


def pay(book: Book, deliver: Deliver, order: Order, state: str, amount_paise: int | None = None) -> Payment:
    """A payer's attempt at an order with that end, at the hosted page or through the control door."""
    payment = Payment(
        vendor=VENDOR, id=f"pay_{token()}", order=order.id, amount_paise=amount_paise or order.amount_paise,
        state="created", method="upi", created_at=instant(),
    )  # fmt: skip
    book.payments[VENDOR, payment.id] = payment
    if order.state == "created":
        order.state = "attempted"
    if state == "captured":
        payment_move(book, deliver, payment, "authorized")
        state = "captured" if order.auto_capture else "authorized"
    if state != payment.state:
        payment_move(book, deliver, payment, state)
    return payment


def payment_move(book: Book, deliver: Deliver, payment: Payment, state: str) -> None:
    """Bring an attempt to a state and tell the shop; `failed` to `authorized` is legal for days."""
    order = book.orders[VENDOR, payment.order]
    payment.state = state
    payment.reason = "Payment processing failed because of incorrect OTP" if state == "failed" else ""
    if state == "captured":
        payment.captured, order.state = True, "paid"
        payment.fee_paise = round_paise(share(payment.amount_paise, Decimal("2")))
        payment.tax_paise = round_paise(share(payment.amount_paise, Decimal("2") * Decimal("0.18")))
    if state in {"authorized", "captured", "failed"}:
        entities = {"payment": payment_json(book, order, payment)}
        _put(book, deliver, order, f"payment.{state}", entities)
        if state == "captured":
            _put(book, deliver, order, "order.paid", {**entities, "order": order_json(book, order)})


def refund_move(book: Book, deliver: Deliver, refund: Refund, state: str) -> None:
    """Bring a refund to a state and tell the shop."""
    refund.state = state
    if state != "pending":
        _put_refund(book, deliver, refund, f"refund.{state}")


def order_json(book: Book, order: Order) -> dict[str, Any]:
    """The order entity."""
    attempts = book.payments_of(order)
    paid = sum(payment.amount_paise for payment in attempts if payment.captured)
    return {
        "id": order.id,
        "entity": "order",
        "amount": order.amount_paise,
        "amount_paid": paid,
        "amount_due": max(order.amount_paise - paid, 0),
        "currency": order.currency,
        "receipt": order.reference or None,
        "offer_id": None,
        "status": order.state,
        "attempts": len(attempts),
        # An empty PHP map: a list, not an object.
        "notes": order.notes or [],
        "created_at": int(order.created_at.timestamp()),
    }


def payment_json(book: Book, order: Order, payment: Payment) -> dict[str, Any]:
    """The payment entity. `fee` includes `tax`."""
    refunds = [r for r in book.refunds_of(order) if r.payment == payment.id and r.state == "processed"]
    refunded = sum(refund.amount_paise for refund in refunds)
    whole = payment.captured and refunded >= payment.amount_paise
    return {
        "id": payment.id,
        "entity": "payment",
        "amount": payment.amount_paise,
        "currency": order.currency,
        "status": "refunded" if whole else payment.state,
        "order_id": order.id,
        "invoice_id": None,
        "international": False,
        "method": payment.method,
        "amount_refunded": refunded,
        "refund_status": "full" if whole else "partial" if refunded else None,
        "captured": payment.captured,
        "description": None,
        "vpa": "success@razorpay",
        "notes": order.notes or [],
        "fee": payment.fee_paise + payment.tax_paise if payment.captured else None,
        "tax": payment.tax_paise if payment.captured else None,
        "error_code": "BAD_REQUEST_ERROR" if payment.reason else None,
        "error_description": payment.reason or None,
        "error_reason": "payment_failed" if payment.reason else None,
        "acquirer_data": {"rrn": "123456789012"},
        "created_at": int(payment.created_at.timestamp()),
    }


def refund_json(order: Order, refund: Refund) -> dict[str, Any]:
    """The refund entity."""
    return {
        "id": refund.id,
        "entity": "refund",
        "amount": refund.amount_paise,
        "currency": order.currency,
        "payment_id": refund.payment,
        "notes": {"note": refund.note} if refund.note else [],
        "receipt": refund.reference or None,
        "acquirer_data": {"arn": None},
        "created_at": int(refund.created_at.timestamp()),
        "status": refund.state,
        "speed_requested": "normal",
        "speed_processed": "normal",
    }


def sign(secret: str, body: bytes) -> str:
    """hex(HMAC-SHA256) over the raw bytes."""
    return hmac.digest(secret.encode(), body, hashlib.sha256).hex()


def _put_refund(book: Book, deliver: Deliver, refund: Refund, event: str) -> None:
    order, payment = book.orders[VENDOR, refund.order], book.payments[VENDOR, refund.payment]
    _put(book, deliver, order, event, {
        "refund": refund_json(order, refund), "payment": payment_json(book, order, payment),
    })  # fmt: skip


def _put(book: Book, deliver: Deliver, order: Order, event: str, entities: dict[str, Any]) -> None:
    account, event_id = book.accounts[VENDOR, order.account], token()
    body = json.dumps({
        "entity": "event", "account_id": account.account_id, "event": event, "contains": list(entities),
        "payload": {name: {"entity": entity} for name, entity in entities.items()},
        "created_at": int(instant().timestamp()),
    }).encode()  # fmt: skip

    def headers(content: bytes, attempt: int) -> dict[str, str]:
        signature = sign(account.webhook_secret, content)
        return {"x-razorpay-signature": signature, "x-razorpay-event-id": event_id, "request-id": str(attempt)}

    deliver.put(Callback(VENDOR, event, account.webhook_url, body, headers))


def _with_receipt(book: Book, account: Account, receipt: str) -> list[Order]:
    mine = (order for order in book.orders.values() if (order.vendor, order.account) == (VENDOR, account.key_id))
    return [order for order in mine if order.reference == receipt]


def _collection(items: Iterable[dict[str, Any]]) -> Response:
    listed = list(items)
    return JSONResponse({"entity": "collection", "count": len(listed), "items": listed})


routes: list[Route] = [
    operation("/v1/orders", order_create, name="order_create"),
    operation("/v1/orders", orders_list, name="orders_list", methods=("GET",)),
    operation("/v1/orders/{order_id}", order_fetch, name="order_fetch", methods=("GET",)),
    operation("/v1/orders/{order_id}/payments", payments_fetch, name="payments_fetch", methods=("GET",)),
    operation("/v1/payments/{payment_id}", payment_fetch, name="payment_fetch", methods=("GET",)),
    operation("/v1/payments/{payment_id}/capture", capture, name="capture"),
    operation("/v1/payments/{payment_id}/refund", refund_create, name="refund_create"),
    operation("/v1/payments/{payment_id}/refunds", refunds_list, name="refunds_list", methods=("GET",)),
    operation("/v1/payments/{payment_id}/refunds/{refund_id}", refund_fetch, name="refund_fetch", methods=("GET",)),
    operation("/v1/refunds/{refund_id}", refund_fetch, name="refund_fetch", methods=("GET",)),
    operation("/razorpay/checkout", checkout_page, name="checkout_page", methods=("GET",)),
    operation("/razorpay/checkout", checkout_done, name="checkout_done"),
]
