"""A load of HTTP requests from one process: so many clients, each asking again as soon as it is answered."""

import asyncio
import itertools
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


@dataclass
class Load:
    """What came of it: `taken` are seconds of each answer, `wrong` what was not answered with 200, by status."""

    seconds: float = 0.0
    taken: list[float] = field(default_factory=list)
    wrong: dict[str, int] = field(default_factory=dict)
    body: bytes = b""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.taken) / self.seconds

    def percentile(self, part: float) -> float:
        """Seconds within which `part` of the answers came."""
        return sorted(self.taken)[min(int(len(self.taken) * part), len(self.taken) - 1)]


def load(port: int, requests: Sequence[bytes], *, clients: int, seconds: float) -> Load:
    """Ask 127.0.0.1 for `requests` in turn. A server that closes after its answer is connected to anew, as it wishes."""
    return uvloop.run(_load(port, requests, clients, seconds))


def request(path: str, host: str, token: str) -> bytes:
    """A GET as clients of the API send it."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", f"Authorization: Bearer {token}", "Accept: application/json"]
    return "\r\n".join([*lines, "", ""]).encode()


async def _load(port: int, requests: Sequence[bytes], clients: int, seconds: float) -> Load:
    found = Load()
    begun = time.perf_counter()
    await asyncio.gather(*(_client(port, requests, begun + seconds, found, number) for number in range(clients)))
    found.seconds = time.perf_counter() - begun
    return found


async def _client(port: int, requests: Sequence[bytes], until: float, found: Load, number: int) -> None:
    asked = itertools.islice(itertools.cycle(requests), number % len(requests), None)
    while (begun := time.perf_counter()) < until:
        made = partial(_Connection, asked, begun, until, found)
        _, connection = await asyncio.get_running_loop().create_connection(made, "127.0.0.1", port)
        await connection.over


class _Connection(asyncio.Protocol):
    """Asks again as soon as it is answered, for as long as the server keeps it: what asks takes little from who answers."""

    def __init__(self, asked: Iterator[bytes], begun: float, until: float, found: Load) -> None:
        self.asked, self.begun, self.until, self.found = asked, begun, until, found
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.heard, self.waits = b"", True

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(next(self.asked))

    def data_received(self, data: bytes) -> None:
        self.heard += data
        head, ends, body = self.heard.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if length and len(body) == int(length[1]):
            self._answered(head, body)
        elif ends and _CHUNKED.search(head) and body.endswith(b"0\r\n\r\n"):
            self._answered(head, _joined(body))

    def connection_lost(self, error: Exception | None) -> None:
        if self.waits:
            head, ends, body = self.heard.partition(b"\r\n\r\n")
            # Whoever told no length ends its answer by ending the connection.
            is_whole = ends and not _LENGTH.search(head) and not _CHUNKED.search(head)
            self._note(head if is_whole else b"- closed", body)
        self.over.set_result(None)

    def _answered(self, head: bytes, body: bytes) -> None:
        self._note(head, body)
        self.heard, self.begun = b"", time.perf_counter()
        self.waits = not _CLOSES.search(head) and self.begun < self.until
        if self.waits:
            self.transport.write(next(self.asked))
        else:
            self.transport.close()

    def _note(self, head: bytes, body: bytes) -> None:
        status = head.split(b" ", 2)[1].decode()
        if status == "200":
            self.found.taken.append(time.perf_counter() - self.begun)
            self.found.body = body
        else:
            self.found.wrong[status] = self.found.wrong.get(status, 0) + 1


def _joined(chunks: bytes) -> bytes:
    """A body that was sent in chunks."""
    body = b""
    while size := int(chunks[: chunks.index(b"\r\n")], 16):
        begins = chunks.index(b"\r\n") + 2
        body, chunks = body + chunks[begins : begins + size], chunks[begins + size + 2 :]
    return body
