"""A load of HTTP requests from one process: so many clients, each asking again as soon as it is answered."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import uvloop


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
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None
    while (begun := time.perf_counter()) < until:
        if reader is None or writer is None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(requests[number % len(requests)])
        number += 1
        status, body, closes = await _answer(reader)
        if closes:
            writer.close()
            reader = writer = None
        if status == "200":
            found.taken.append(time.perf_counter() - begun)
            found.body = body
        else:
            found.wrong[status] = found.wrong.get(status, 0) + 1
    if writer is not None:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[str, bytes, bool]:
    """Status, body, and whether the server ends the connection."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    except asyncio.IncompleteReadError:
        return "closed", b"", True
    status = head.split(" ", 2)[1]
    fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
    if "content-length" in fields:
        body = await reader.readexactly(int(fields["content-length"]))
    elif fields.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readexactly(2)
    else:
        body = await reader.read()
    return status, body, fields.get("connection") == "close"
