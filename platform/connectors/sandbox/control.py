"""The control door: registers accounts, shows the book, switches faults, moves money. Open to this machine only."""

from ipaddress import ip_address
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.sandbox import cashfree, razorpay
from connectors.sandbox.app import Sandbox
from connectors.sandbox.book import Account
from connectors.sandbox.deliver import MODES, Mode
from connectors.sandbox.faults import KINDS, Fault, Plan

_SPEAKERS = {cashfree.VENDOR: cashfree, razorpay.VENDOR: razorpay}
_FORWARDED = {b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip"}


class Loopback:
    """Lets in only who calls from this machine, by a loopback name, not through a proxy, and no web page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.app if scope["type"] != "http" or _is_local(scope) else JSONResponse({"error": "loopback only"}, 403)
        await app(scope, receive, send)


def _is_local(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    try:
        near = ip_address((scope.get("client") or ("", 0))[0]).is_loopback
    except ValueError:
        near = False
    name = headers.get(b"host", b"").rsplit(b":", 1)[0]
    # A page from elsewhere, open in a browser on this machine, comes with an Origin, a proxy with its own headers.
    return near and name in {b"127.0.0.1", b"localhost"} and b"origin" not in headers and not _FORWARDED & set(headers)


async def health(request: Request) -> Response:
    """GET /control/health: base URLs and which vendors accept connections."""
    sandbox = _sandbox(request)
    return JSONResponse({"urls": sandbox.urls(), "open": {v: one.is_open for v, one in sandbox.listeners.items()}})


async def account_put(request: Request) -> Response:
    """POST /control/accounts {vendor, key_id, key_secret, webhook_url?, webhook_secret?, account_id?, auto_capture?}"""
    account = Account(**await _body(request))
    _sandbox(request).book.accounts[account.vendor, account.key_id] = account
    return JSONResponse({"ok": True}, 201)


async def book(request: Request) -> Response:
    """GET /control/book: everything but credentials, with every callback attempt."""
    sandbox = _sandbox(request)
    return JSONResponse({**sandbox.book.as_json(), "deliveries": sandbox.deliver.log})


async def messages(request: Request) -> Response:
    """GET /control/messages?phone=: received messages, oldest first."""
    phone = request.query_params.get("phone")
    received = _sandbox(request).book.messages
    return JSONResponse([one for one in received if phone is None or one.get("phone") == phone])


async def fault_put(request: Request) -> Response:
    """POST /control/faults {vendor, operation, kind, times?, seconds?}"""
    fault = Fault(**await _body(request))
    if fault.kind not in KINDS:
        return JSONResponse({"error": f"kind is one of {', '.join(KINDS)}"}, 400)
    _sandbox(request).faults.pending.append(fault)
    return JSONResponse({"ok": True}, 201)


async def plan_put(request: Request) -> Response:
    """POST /control/faults/plan {seed, share, kinds?, vendor?, operations?}"""
    plan = Plan(**await _body(request))
    if not plan.kinds or set(plan.kinds) - set(KINDS):
        return JSONResponse({"error": f"kinds are of {', '.join(KINDS)}"}, 400)
    _sandbox(request).faults.plan = plan
    return JSONResponse({"ok": True}, 201)


async def faults_clear(request: Request) -> Response:
    """DELETE /control/faults: the plan as well."""
    _sandbox(request).faults.clear()
    return JSONResponse({"ok": True})


async def listener_set(request: Request) -> Response:
    """POST /control/listeners/{vendor} {open}: false really refuses connections."""
    listener = _sandbox(request).listeners[request.path_params["vendor"]]
    await (listener.open() if (await _body(request))["open"] else listener.close())
    return JSONResponse({"open": listener.is_open})


async def webhooks_set(request: Request) -> Response:
    """POST /control/webhooks {vendor, mode, copies?}"""
    asked = await _body(request)
    if asked.get("mode") not in MODES:
        return JSONResponse({"error": f"mode is one of {', '.join(MODES)}"}, 400)
    _sandbox(request).deliver.modes[asked["vendor"]] = Mode(asked["mode"], int(asked.get("copies", 1)))
    return JSONResponse({"ok": True})


async def webhooks_flush(request: Request) -> Response:
    """POST /control/webhooks/flush {copies?, shuffle?, forged?, seed?}: send what is held."""
    return JSONResponse({"sent": _sandbox(request).deliver.flush(**await _body(request))})


async def webhooks_resend(request: Request) -> Response:
    """POST /control/webhooks/resend {copies?, shuffle?, forged?, seed?}: send everything once more."""
    return JSONResponse({"sent": _sandbox(request).deliver.resend(**await _body(request))})


async def webhooks_idle(request: Request) -> Response:
    """POST /control/webhooks/idle: answers when every callback is acknowledged, lost or held."""
    await _sandbox(request).deliver.idle()
    return JSONResponse({"deliveries": _sandbox(request).deliver.log})


async def payment_put(request: Request) -> Response:
    """POST /control/payments {vendor, order, state, amount_paise?}: an attempt of a payer, in the vendor's words."""
    asked, sandbox = await _body(request), _sandbox(request)
    order = sandbox.book.orders.get((asked["vendor"], asked["order"]))
    if order is None:
        return JSONResponse({"error": "no such order"}, 404)
    speaker = _SPEAKERS[order.vendor]
    payment = speaker.pay(sandbox.book, sandbox.deliver, order, asked["state"], asked.get("amount_paise"))
    return JSONResponse({"id": payment.id, "state": payment.state}, 201)


async def payment_move(request: Request) -> Response:
    """POST /control/payments/{vendor}/{id} {state}: what a bank says days later."""
    sandbox, vendor = _sandbox(request), request.path_params["vendor"]
    payment = sandbox.book.payments.get((vendor, request.path_params["id"]))
    if payment is None:
        return JSONResponse({"error": "no such payment"}, 404)
    _SPEAKERS[vendor].payment_move(sandbox.book, sandbox.deliver, payment, (await _body(request))["state"])
    return JSONResponse({"id": payment.id, "state": payment.state})


async def refund_move(request: Request) -> Response:
    """POST /control/refunds/{vendor}/{id} {state}: `id` is what the book's key is (Cashfree: the shop's refund id)."""
    sandbox, vendor = _sandbox(request), request.path_params["vendor"]
    refund = sandbox.book.refunds.get((vendor, request.path_params["id"]))
    if refund is None:
        return JSONResponse({"error": "no such refund"}, 404)
    _SPEAKERS[vendor].refund_move(sandbox.book, sandbox.deliver, refund, (await _body(request))["state"])
    return JSONResponse({"id": refund.id, "state": refund.state})


async def reset(request: Request) -> Response:
    """POST /control/reset: as freshly started."""
    await _sandbox(request).reset()
    return JSONResponse({"ok": True})


def _sandbox(request: Request) -> Sandbox:
    sandbox: Sandbox = request.app.state.sandbox
    return sandbox


async def _body(request: Request) -> dict[str, Any]:
    body: dict[str, Any] = await request.json() if await request.body() else {}
    return body


def door(sandbox: Sandbox) -> ASGIApp:
    """The control door of one sandbox."""
    app = Starlette(
        routes=[
            Route("/control/health", health),
            Route("/control/accounts", account_put, methods=["POST"]),
            Route("/control/book", book),
            Route("/control/messages", messages),
            Route("/control/faults", fault_put, methods=["POST"]),
            Route("/control/faults", faults_clear, methods=["DELETE"]),
            Route("/control/faults/plan", plan_put, methods=["POST"]),
            Route("/control/listeners/{vendor}", listener_set, methods=["POST"]),
            Route("/control/webhooks", webhooks_set, methods=["POST"]),
            Route("/control/webhooks/flush", webhooks_flush, methods=["POST"]),
            Route("/control/webhooks/resend", webhooks_resend, methods=["POST"]),
            Route("/control/webhooks/idle", webhooks_idle, methods=["POST"]),
            Route("/control/payments", payment_put, methods=["POST"]),
            Route("/control/payments/{vendor}/{id}", payment_move, methods=["POST"]),
            Route("/control/refunds/{vendor}/{id}", refund_move, methods=["POST"]),
            Route("/control/reset", reset, methods=["POST"]),
        ]
    )
    app.state.sandbox = sandbox
    return Loopback(app)
