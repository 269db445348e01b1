"""The sandbox as a real process and a shop that listens for its callbacks. No database is opened here."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from connectors.sandbox.client import SandboxClient


@pytest.fixture(autouse=True, scope="session")
def _database_is_open() -> None:
    """Connectors know no database: the house-wide fixture of this name is not wanted here."""


@pytest.fixture(scope="session")
def sandbox_urls() -> Iterator[dict[str, str]]:
    """A sandbox on free ports: the control door's URL and each vendor's."""
    # Killed together with the tests, however they end.
    command = ["setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "connectors.sandbox"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.terminate()


@pytest.fixture
def sandbox(sandbox_urls: dict[str, str]) -> SandboxClient:
    """The control door of a sandbox that remembers nothing."""
    client = SandboxClient(sandbox_urls["control"])
    client.reset()
    return client


@dataclass
class Heard:
    """One request a listener received."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Listener:
    """A server that notes every request and answers with the next of `answers`, then with 200."""

    url: str
    heard: list[Heard] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def wait(self, count: int) -> list[Heard]:
        """The first `count` requests, once they are here."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.heard) >= count, timeout=15), f"heard {len(self.heard)}"
        return self.heard[:count]


@pytest.fixture
def shop() -> Iterator[Listener]:
    """Where callbacks go and browsers return: reachable as shop.localhost, which is no name Python can resolve."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            with listener.arrived:
                headers = {name.lower(): value for name, value in self.headers.items()}
                listener.heard.append(Heard(self.command, self.path, headers, body))
                status = listener.answers.pop(0) if listener.answers else 200
                listener.arrived.notify_all()
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener = Listener(f"http://shop.localhost:{server.server_port}")
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield listener
    server.shutdown()
    server.server_close()
