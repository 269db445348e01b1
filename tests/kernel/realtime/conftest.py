"""Sockets over the application as it is served, with the tests' own way of signing in."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings

from kernel.realtime import publish
from kernel.tenancy import Business
from tests.kernel.realtime import talk
from tests.support.workers import OwnRedis


@pytest.fixture(autouse=True)
def own_sign_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "REALTIME_AUTHENTICATE", f"{talk.__name__}.authenticate")


@pytest.fixture
def own_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnRedis]:
    """A Redis of the test's own, which it may kill."""
    server = OwnRedis()
    server.start()
    monkeypatch.setattr(settings, "REDIS_URL", server.url)
    monkeypatch.setattr(publish, "_quiet_until", 0.0)
    publish._redis.cache_clear()
    yield server
    publish._redis.cache_clear()
    server.kill()


class Socket:
    """One open tab, speaking ASGI to the application."""

    def __init__(self, communicator: ApplicationCommunicator) -> None:
        self.communicator = communicator

    async def open(self) -> str | None:
        """Gives the subprotocol that was agreed on."""
        await self.communicator.send_input({"type": "websocket.connect"})
        event = await self.communicator.receive_output(timeout=10)
        assert event["type"] == "websocket.accept", event
        return event["subprotocol"]

    async def send(self, **frame: Any) -> None:
        await self.send_text(json.dumps(frame))

    async def send_text(self, text: str) -> None:
        await self.communicator.send_input({"type": "websocket.receive", "text": text})

    async def send_bytes(self, body: bytes) -> None:
        await self.communicator.send_input({"type": "websocket.receive", "bytes": body})

    async def read(self) -> dict[str, Any]:
        event = await self.communicator.receive_output(timeout=5)
        assert event["type"] == "websocket.send", event
        return json.loads(event["text"])

    async def ask(self, **frame: Any) -> dict[str, Any]:
        await self.send(**frame)
        return await self.read()

    async def closed_with(self) -> int:
        event = await self.communicator.receive_output(timeout=10)
        assert event["type"] == "websocket.close", event
        return int(event["code"])

    async def is_silent(self) -> bool:
        return await self.communicator.receive_nothing(timeout=0.3)

    async def leave(self) -> None:
        await self.communicator.send_input({"type": "websocket.disconnect", "code": 1001})
        await self.communicator.wait(timeout=5)


Connect = Callable[..., Any]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """`await connect(business, "asha")` opens a socket as somebody; `token` and `headers` say otherwise."""
    from config.asgi import application

    opened: list[Socket] = []

    async def open_socket(
        business: Business, who: str = "asha", *, token: str | None = None, headers: dict[str, str] | None = None,
        host: str = "",
    ) -> Socket:  # fmt: skip
        domain = host or f"{business.public_id}.{settings.BARE_DOMAIN}"
        subprotocols = [] if token == "" else ["bearer", token or f"{who}.{business.schema}"]
        sent = {"host": domain, "origin": f"http://{domain}", **(headers or {})}
        scope = {
            "type": "websocket",
            "path": "/ws/live/",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
            "subprotocols": subprotocols,
        }
        socket = Socket(ApplicationCommunicator(application, scope))
        opened.append(socket)
        assert await socket.open() == ("bearer" if subprotocols else None)
        return socket

    yield open_socket
    for socket in opened:
        with contextlib.suppress(asyncio.CancelledError, asyncio.TimeoutError):
            await socket.leave()
