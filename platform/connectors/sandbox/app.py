"""The sandbox as one process: a listener of its own for each vendor, so that one can really refuse connections."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from connectors.sandbox import cashfree, msg91, razorpay
from connectors.sandbox.book import Book
from connectors.sandbox.deliver import Deliver
from connectors.sandbox.faults import Faults

# Each vendor: its routes, and what stands behind the port in the base URL a client is configured with.
VENDORS: dict[str, tuple[list[Route], str]] = {
    cashfree.VENDOR: (cashfree.routes, "/pg"),
    razorpay.VENDOR: (razorpay.routes, ""),
    msg91.VENDOR: (msg91.routes, ""),
}
HOST = "127.0.0.1"


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Several servers share this process; the process itself minds the signals.
        yield


class Listener:
    """One port of the loopback address. Closed, it keeps the port without listening: connections are refused."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self.app = app
        self.socket = _bound(port)
        self.port: int = self.socket.getsockname()[1]
        self.server: _Server | None = None

    @property
    def is_open(self) -> bool:
        """Whether connections are accepted."""
        return self.server is not None

    async def open(self) -> None:
        """Accept connections; returns when it does."""
        if self.server:
            return
        config = uvicorn.Config(
            self.app,
            log_level="warning",
            access_log=False,
            lifespan="off",
            ws="none",
            # As long as gateways keep a connection: a shorter one ends under requests that are on their way.
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
        )
        self.server = _Server(config)
        self.task = asyncio.get_running_loop().create_task(self.server.serve(sockets=[self.socket]))
        while not self.server.started:
            await asyncio.sleep(0.01)

    async def close(self) -> None:
        """Refuse connections and end those that stand; returns when it does."""
        if self.server is None:
            return
        self.server.should_exit = True
        await self.task
        self.server = None
        self.socket = _bound(self.port)


class Sandbox:
    """The stand-ins together: one book, one post office, one list of faults, a listener per vendor."""

    def __init__(self, ports: dict[str, int]) -> None:
        self.book, self.deliver, self.faults = Book(), Deliver(), Faults()
        self.listeners = {
            vendor: Listener(self._app(vendor, routes), ports.get(vendor, 0)) for vendor, (routes, _) in VENDORS.items()
        }

    def urls(self) -> dict[str, str]:
        """The base URL each vendor's client is configured with."""
        return {
            vendor: f"http://{HOST}:{listener.port}{VENDORS[vendor][1]}" for vendor, listener in self.listeners.items()
        }

    async def reset(self) -> None:
        """As freshly started: nothing remembered, no fault, every vendor reachable."""
        self.book.clear()
        self.deliver.clear()
        self.faults.clear()
        for listener in self.listeners.values():
            await listener.open()

    def _app(self, vendor: str, routes: list[Route]) -> Starlette:
        app = Starlette(routes=routes)
        app.state.vendor = vendor
        app.state.book, app.state.deliver, app.state.faults = self.book, self.deliver, self.faults
        return app


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((HOST, port))
    return bound
