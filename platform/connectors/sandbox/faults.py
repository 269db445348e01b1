"""Failures on demand: every operation of a stand-in passes here and may be told to answer badly, late or not at all."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

Handler = Callable[[Request], Awaitable[Response]]
# Longer than any client waits, short enough that a forgotten one does not stay for ever.
HOLD_S = 60.0
_HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"

# Which faults let the operation happen before they spoil the answer.
KINDS: dict[str, bool] = {
    "timeout_before": False,
    "timeout_after": True,
    "reset_before": False,
    "reset_after": True,
    "error_500_html": False,
    "error_500_after": True,
    "truncated": True,
    "empty": True,
    "slow": True,
    "rate_limited": False,
    # A copy of the book that has not caught up: what is there is not shown yet.
    "lagging": False,
}


@dataclass(slots=True)
class Fault:
    """One fault for the next `times` calls of an operation; "*" means any. `seconds` delays `slow`."""

    vendor: str
    operation: str
    kind: str
    times: int = 1
    seconds: float = 1.0


@dataclass(slots=True)
class Plan:
    """Faults by seed: of the calls of `operations` a `share` fails, in ways drawn from `kinds`.

    What happens to the n-th call of an operation depends on the seed alone, in whatever order operations are called.
    """

    seed: int
    share: float
    kinds: list[str] = field(default_factory=lambda: [kind for kind in KINDS if kind not in {"slow", "lagging"}])
    vendor: str = "*"
    operations: list[str] = field(default_factory=lambda: ["*"])
    calls: Counter[str] = field(default_factory=Counter)

    def take(self, vendor: str, operation: str) -> Fault | None:
        """The fault for this call, None when it may go well."""
        if self.vendor not in {vendor, "*"} or not {operation, "*"} & set(self.operations):
            return None
        name = f"{vendor}.{operation}"
        self.calls[name] += 1
        dice = random.Random(f"{self.seed} {name} {self.calls[name]}")  # noqa: S311 (no secret)
        return Fault(vendor, operation, dice.choice(self.kinds)) if dice.random() < self.share else None


class Faults:
    """The faults switched on, first match first, then the plan."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Let everything go well."""
        self.pending: list[Fault] = []
        self.plan: Plan | None = None

    def take(self, vendor: str, operation: str) -> Fault | None:
        """The fault for this call, counted down; None when it may go well."""
        for fault in self.pending:
            if fault.vendor in {vendor, "*"} and fault.operation in {operation, "*"}:
                fault.times -= 1
                if fault.times <= 0:
                    self.pending.remove(fault)
                return fault
        return self.plan.take(vendor, operation) if self.plan else None


class Refusal(Exception):
    """A vendor's error answer."""

    def __init__(self, status: int, payload: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.response = JSONResponse(payload, status_code=status, headers=headers)


def operation(path: str, handler: Handler, *, name: str, methods: tuple[str, ...] = ("POST",)) -> Route:
    """A route of a vendor's API: counted in the book under `name`, open to faults, Refusal turned into its answer.

    The handler finds `book`, `deliver`, `faults` and `vendor` on `request.app.state`.
    """
    return Route(path, _Operation(name, handler), methods=list(methods), name=name)


class _Operation:
    def __init__(self, name: str, handler: Handler) -> None:
        self.name = name
        self.handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        state = request.app.state
        state.book.calls[f"{state.vendor}.{self.name}"] += 1
        fault = state.faults.take(state.vendor, self.name)
        if fault is None:
            await (await self._answer(request))(scope, receive, send)
            return
        # The body is read before a fault strikes: the client has sent everything and cannot know what became of it.
        await request.body()
        answer = await self._answer(request) if KINDS[fault.kind] else Response()
        await _spoil(fault, answer, scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            return await self.handler(request)
        except Refusal as refusal:
            return refusal.response


async def _spoil(fault: Fault, answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
    match fault.kind:
        case "timeout_before" | "timeout_after":
            await _until_disconnected(receive)
        case "reset_before" | "reset_after":
            # The server's own half of the connection: ASGI has no word for hanging up.
            receive.__self__.transport.abort()  # type: ignore[attr-defined]
            await _until_disconnected(receive)
        case "error_500_html" | "error_500_after":
            await Response(_HTML, status_code=502, media_type="text/html")(scope, receive, send)
        case "empty":
            await Response(b"", status_code=200, media_type="application/json")(scope, receive, send)
        case "rate_limited":
            payload = {"message": "too many requests", "code": "too_many_requests", "type": "rate_limit_error"}
            headers = {"retry-after": "7", "x-ratelimit-retry": "7"}
            body = {**payload, "error": {"code": "BAD_REQUEST_ERROR", "description": "Too many requests"}}
            await JSONResponse(body, status_code=429, headers=headers)(scope, receive, send)
        case "lagging":
            await _nothing_yet(fault)(scope, receive, send)
        case "truncated":
            await answer(scope, receive, _half(send, bytes(answer.body)))
        case "slow":
            await asyncio.sleep(fault.seconds)
            await answer(scope, receive, send)


def _nothing_yet(fault: Fault) -> Response:
    if fault.vendor == "razorpay":
        return JSONResponse({"entity": "collection", "count": 0, "items": []})
    if fault.operation == "payments_fetch":
        return JSONResponse([])
    payload = {"message": "not found", "code": "order_not_found", "type": "invalid_request_error"}
    return JSONResponse(payload, status_code=404)


async def _until_disconnected(receive: Receive) -> None:
    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(gone(), HOLD_S)
    except TimeoutError:
        return


def _half(send: Send, body: bytes) -> Send:
    # The headers promise the whole body; half of it comes, then the server ends the connection.
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True}
        await send(message)

    return sending
