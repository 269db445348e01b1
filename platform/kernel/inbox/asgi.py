"""The callback door as a bare ASGI application: raw bytes in, one commit for all that wait, then the answers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from kernel.errors import DomainError
from kernel.http.headers import protective, strict_transport
from kernel.http.problems import document
from kernel.inbox.errors import CallbackTooLarge, PostOnly, TryLater
from kernel.inbox.receive import MAX_BODY, Answer, Arrival, receive, taken_by, threads
from kernel.inbox.sources import source_at

log = logging.getLogger(__name__)

PREFIX = "/api/v1/"
MAX_BATCH = 256
# Razorpay counts an answer after 5 s as a failure; asking it to come again is better than silence.
PATIENCE_SECONDS = 4.5

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Disconnected(Exception):
    """The caller left before the body was whole."""


class _Committer:
    """Collects what arrives while a batch is being committed and commits it together next."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Arrival, asyncio.Future[Answer]]] = []
        self._task: asyncio.Task[None] | None = None

    async def stored(self, arrival: Arrival) -> Answer:
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._commit())
        return await asyncio.wait_for(future, PATIENCE_SECONDS)

    async def _commit(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            try:
                answers = await loop.run_in_executor(threads, receive, [arrival for arrival, _ in batch])
            except Exception:
                log.exception("inbox.not_stored", extra={"callbacks": len(batch)})
                answers = [TryLater() for _ in batch]
            for (_, future), answer in zip(batch, answers, strict=True):
                if not future.done():
                    future.set_result(answer)


class CallbackApp:
    """Answers for `/api/v1/<path of a source>`; `scope["business"]` was set from the host."""

    def __init__(self) -> None:
        self._committers: dict[asyncio.AbstractEventLoop, _Committer] = {}

    async def __call__(self, scope: Scope, receive_event: Receive, send: Send) -> None:
        try:
            answer = await self._answer(scope, receive_event)
        except Disconnected:
            return
        except TimeoutError:
            answer = TryLater()
        await _send(send, answer)

    async def _answer(self, scope: Scope, receive_event: Receive) -> Answer:
        try:
            business, source = taken_by(scope["business"], source_at(scope["path"].removeprefix(PREFIX)))
        except DomainError as refused:
            return refused
        if scope["method"] != "POST":
            return PostOnly()
        headers = _headers(scope)
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > MAX_BODY:
            return CallbackTooLarge()
        body = await _body(receive_event)
        if body is None:
            return CallbackTooLarge()
        return await self._committer().stored(Arrival(business, source, headers, body))

    def _committer(self) -> _Committer:
        return self._committers.setdefault(asyncio.get_running_loop(), _Committer())


def _headers(scope: Scope) -> dict[str, str]:
    headers = {":query": scope.get("query_string", b"").decode("latin-1")}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


async def _body(receive_event: Receive) -> bytes | None:
    """The raw body, or None when it exceeds the cap."""
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        event = await receive_event()
        if event["type"] == "http.disconnect":
            raise Disconnected
        parts.append(event.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY:
            return None
        more = event.get("more_body", False)
    return b"".join(parts)


async def _send(send: Send, answer: Answer) -> None:
    refusal = isinstance(answer, DomainError)
    status = answer.status if isinstance(answer, DomainError) else 200
    body = orjson.dumps(document(answer) if isinstance(answer, DomainError) else answer, default=str)
    kind = b"application/problem+json" if refusal else b"application/json"
    said = {**protective(), **strict_transport(), **(answer.headers if isinstance(answer, DomainError) else {})}
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in said.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
