"""Outgoing callbacks: signed, retried, and on demand held, repeated, shuffled, forged or never sent."""

import asyncio
import math
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

MODES = ("normal", "hold", "duplicate", "shuffle", "forge", "never")
# The wait before each further attempt, a real vendor's minutes made seconds. After the last the callback is lost.
RETRY_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
# Razorpay gives a receiver five seconds.
ACK_S = 5.0
# Callbacks on their way at once. Thousands flushed at a time would keep the stand-ins from answering anybody.
AT_ONCE = 32
# How long `shuffle` gathers before it sends in another order.
GATHER_S = 0.3
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True, slots=True)
class Callback:
    """One event for one receiver. `sign(body, attempt)` gives the headers; they cover the bytes as they are sent."""

    vendor: str
    event: str
    url: str
    body: bytes
    sign: Callable[[bytes, int], dict[str, str]]


@dataclass(slots=True)
class Mode:
    """How a vendor's callbacks go out. `copies` counts for `duplicate` and `shuffle`."""

    name: str = "normal"
    copies: int = 1


class Deliver:
    """The stand-ins' post office. Used from one event loop only."""

    def __init__(self) -> None:
        self.client = httpx.AsyncClient(timeout=ACK_S, follow_redirects=False, trust_env=False)
        self.tasks: set[asyncio.Task[object]] = set()
        self.doors = asyncio.Semaphore(AT_ONCE)
        self.clear()

    def clear(self) -> None:
        """Drop what is under way and held, and deliver normally again."""
        for task in self.tasks:
            task.cancel()
        self.modes: dict[str, Mode] = {}
        self.held: list[Callback] = []
        self.sent: list[Callback] = []
        # Every attempt: vendor, event, url, attempt, and the status answered or why there was none.
        self.log: list[dict[str, str | int]] = []

    def put(self, callback: Callback) -> None:
        """Send a callback, as the vendor's mode says. A receiver without an address gets none."""
        if not callback.url:
            return
        mode = self.modes.get(callback.vendor, Mode())
        match mode.name:
            case "never":
                self._note(callback, 0, "never")
            case "hold":
                self.held.append(callback)
            case "forge":
                # The true one is kept: it can be flushed afterwards.
                self.held.append(callback)
                self._spawn(self._attempt(callback, 1, forged=True))
            case "shuffle":
                self.held.append(callback)
                self._spawn(self._gather(mode.copies, len(self.held)))
            case _:
                self._send([callback], mode.copies if mode.name == "duplicate" else 1)

    def flush(self, *, copies: int = 1, shuffle: bool = False, forged: float = 0, seed: int = 0) -> int:
        """Send what is held, each `copies` times, with a share of forged ones among them; how many went out."""
        held, self.held = self.held, []
        return self._send(held, copies, shuffle=shuffle, forged=forged, seed=seed)

    def resend(self, *, copies: int = 1, shuffle: bool = False, forged: float = 0, seed: int = 0) -> int:
        """Send everything that was ever sent once more, as a vendor's dashboard can; how many callbacks went out."""
        return self._send(list(dict.fromkeys(self.sent)), copies, shuffle=shuffle, forged=forged, seed=seed)

    async def idle(self) -> None:
        """Return when nothing is under way: all is acknowledged, lost or held."""
        while self.tasks:
            await asyncio.wait(set(self.tasks))

    def _send(
        self, callbacks: list[Callback], copies: int, *, shuffle: bool = False, forged: float = 0, seed: int = 0
    ) -> int:
        batch = [callback for callback in callbacks for _ in range(copies)]
        bad = batch[: math.ceil(len(batch) * forged)]
        work = [*((callback, False) for callback in batch), *((callback, True) for callback in bad)]
        if shuffle:
            random.Random(seed or None).shuffle(work)  # noqa: S311 (no secret)
        for callback, is_forged in work:
            if is_forged:
                self._spawn(self._attempt(callback, 1, forged=True))
                continue
            self.sent.append(callback)
            self._spawn(self._until_acknowledged(callback))
        return len(work)

    def _spawn(self, work: Coroutine[None, None, object]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _gather(self, copies: int, count: int) -> None:
        await asyncio.sleep(GATHER_S)
        if len(self.held) == count:
            self.flush(copies=copies, shuffle=True)

    async def _until_acknowledged(self, callback: Callback) -> None:
        for attempt, pause in enumerate((*RETRY_S, None), start=1):
            if await self._attempt(callback, attempt) or pause is None:
                return
            await asyncio.sleep(pause)

    async def _attempt(self, callback: Callback, attempt: int, *, forged: bool = False) -> bool:
        url = urlsplit(callback.url)
        if url.hostname not in _LOOPBACK and not (url.hostname or "").endswith(".localhost"):
            self._note(callback, attempt, "not on this machine")
            return True
        headers = {"content-type": "application/json", **callback.sign(callback.body, attempt)}
        body = _tampered(callback.body) if forged else callback.body
        # *.localhost is not a name everywhere: the connection goes to the loopback address, the name into Host.
        target = httpx.URL(callback.url).copy_with(host="127.0.0.1")
        try:
            async with self.doors:
                answer = await self.client.post(target, content=body, headers={**headers, "host": url.netloc})
        except httpx.HTTPError as error:
            self._note(callback, attempt, type(error).__name__)
            return False
        self._note(callback, attempt, str(answer.status_code))
        return answer.is_success

    def _note(self, callback: Callback, attempt: int, outcome: str) -> None:
        entry = {"vendor": callback.vendor, "event": callback.event, "url": callback.url}
        self.log.append({**entry, "attempt": attempt, "outcome": outcome})


def _tampered(body: bytes) -> bytes:
    # One digit other than signed, as one who raises an amount would do; a space where there is no digit.
    other = body.replace(b"1", b"2", 1)
    return other if other != body else body + b" "
