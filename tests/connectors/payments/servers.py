"""A server that answers with the very bytes a test gives it, over TCP or TLS, and keeps what it was sent."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

# Given the request's bytes and the connection: answers, or does not.
Reply = Callable[["Request", socket.socket], None]


@dataclass
class Request:
    """One HTTP request as it arrived."""

    line: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body's document."""
        return json.loads(self.body)


@dataclass
class WireServer:
    """Where the client was sent, and everything it said there."""

    port: int
    scheme: str = "http"
    requests: list[Request] = field(default_factory=list)
    # Bytes of the application that arrived, complete requests or not.
    received: int = 0
    connections: int = 0
    # Set when the test is over: ends every silence.
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """The server's root."""
        return f"{self.scheme}://127.0.0.1:{self.port}"


def answer(status: int, body: bytes, *headers: str) -> Reply:
    """A whole, well-formed answer."""
    head = [f"HTTP/1.1 {status} X", f"content-length: {len(body)}", "content-type: application/json", *headers]
    return raw("\r\n".join([*head, "connection: close", "", ""]).encode() + body)


def document(body: Any, status: int = 200) -> Reply:
    """A JSON answer."""
    return answer(status, json.dumps(body).encode())


def raw(content: bytes) -> Reply:
    """Any bytes, then the end of the connection."""
    return lambda request, connection: connection.sendall(content)


def reset(request: Request, connection: socket.socket) -> None:
    """The connection torn down after the request was read."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


@contextmanager
def wire_server(*replies: Reply | None, tls: ssl.SSLContext | None = None) -> Iterator[WireServer]:
    """Answers with each reply in turn and the last for ever; None keeps silent until the client leaves."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = WireServer(listening.getsockname()[1], "https" if tls else "http")
        threading.Thread(target=_accept, args=(listening, server, list(replies), tls), daemon=True).start()
        try:
            yield server
        finally:
            server.over.set()


def _accept(
    listening: socket.socket, server: WireServer, replies: list[Reply | None], tls: ssl.SSLContext | None
) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listening.accept()
            server.connections += 1
            threading.Thread(target=_serve, args=(connection, server, replies, tls), daemon=True).start()


def _serve(
    connection: socket.socket, server: WireServer, replies: list[Reply | None], tls: ssl.SSLContext | None
) -> None:
    with suppress(OSError), connection:
        speaking = tls.wrap_socket(connection, server_side=True) if tls else connection
        request = _read(speaking, server)
        if request is None:
            return
        server.requests.append(request)
        reply = replies[min(len(server.requests), len(replies)) - 1] if replies else None
        if reply is None:
            server.over.wait(20)
        else:
            reply(request, speaking)
        speaking.close()


def _read(speaking: socket.socket, server: WireServer) -> Request | None:
    content = b""
    while b"\r\n\r\n" not in content:
        chunk = speaking.recv(65536)
        server.received += len(chunk)
        if not chunk:
            return None
        content += chunk
    head, _, body = content.partition(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (one.partition(": ") for one in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        chunk = speaking.recv(65536)
        server.received += len(chunk)
        body += chunk
    return Request(line, headers, body)
