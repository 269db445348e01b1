"""Delivery inside one process: one Redis subscription, a table of who follows what, a bounded queue per socket.

Sockets are told in the event loop they live in; nothing here touches a database.
"""

import asyncio
import logging
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from weakref import WeakKeyDictionary

import redis.asyncio as redis
from django.conf import settings

from kernel import valkey
from kernel.realtime.publish import BUSINESS, SIGN_IN, TOPIC, channel

log = logging.getLogger(__name__)

SIGNED_OUT, FORBIDDEN, RESTART, TOO_SLOW = 4401, 4403, 1012, 1013
# Messages a slow client may owe before it is let go; it reconnects and reads what it missed.
QUEUE_LIMIT = 200
RECONNECT_SECONDS = 0.5
# Longer than a look-up is trusted and a token is checked.
REMEMBERED_SECONDS = 5.0

Transmit = Callable[[str], Awaitable[None]]
Close = Callable[[int], Awaitable[None]]


class Outlet:
    """One socket as the hub sees it: who is behind it, and a queue that a slow client cannot make grow."""

    __slots__ = ("_close", "_closing", "_queue", "_task", "_transmit", "schema", "sign_in", "topics")

    def __init__(self, schema: str, transmit: Transmit, close: Close) -> None:
        self.schema = schema
        self.sign_in = ""
        self.topics: set[str] = set()
        self._transmit = transmit
        self._close = close
        self._queue: deque[str] = deque()
        self._task: asyncio.Task[None] | None = None
        self._closing: int | None = None

    @property
    def ended(self) -> bool:
        return self._closing is not None

    def put(self, text: str) -> None:
        """Queue a message. The queue is emptied in order by one task, which lives only while there is something."""
        if self._closing is not None:
            return
        if len(self._queue) >= QUEUE_LIMIT:
            self.end(TOO_SLOW)
            return
        self._queue.append(text)
        self._wake()

    def end(self, code: int) -> None:
        """Close the socket; what is still queued is dropped."""
        if self._closing is None:
            self._closing = code
            self._queue.clear()
            self._wake()

    async def drop(self) -> None:
        """The socket is gone."""
        self._closing = self._closing or RESTART
        self._queue.clear()
        if self._task is not None:
            self._task.cancel()

    def _wake(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._empty())

    async def _empty(self) -> None:
        try:
            while self._queue:
                await self._transmit(self._queue.popleft())
            if self._closing is not None:
                await self._close(self._closing)
        except Exception:  # the transport is gone; its own disconnect event cleans up
            log.debug("realtime.transmit_failed", exc_info=True)


class Hub:
    """Who follows what in this process, per business: equal topics of two businesses never meet."""

    def __init__(self) -> None:
        self._followers: dict[tuple[str, str], set[Outlet]] = defaultdict(set)
        self._outlets: dict[str, set[Outlet]] = defaultdict(set)
        self._listener: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()
        self._ended: deque[tuple[float, str, str]] = deque(maxlen=1000)

    async def join(self, outlet: Outlet) -> None:
        """Add a socket; returns once this process hears what others send."""
        self._outlets[outlet.schema].add(outlet)
        if self._listener is None or self._listener.done():
            self._listening.clear()
            self._listener = asyncio.create_task(self._listen())
        await self._listening.wait()

    def name(self, outlet: Outlet, sign_in: str) -> None:
        """Say who is behind a socket that has joined; one that was signed out meanwhile is closed.

        The look at the sign-in and the news of its end may cross, so news is remembered for a moment.
        """
        outlet.sign_in = sign_in
        since = time.monotonic() - REMEMBERED_SECONDS
        for at, schema, ended in self._ended:
            if at > since and schema == outlet.schema and ended in {"", sign_in}:
                outlet.end(SIGNED_OUT if ended else FORBIDDEN)

    async def leave(self, outlet: Outlet) -> None:
        for topic in list(outlet.topics):
            self.unfollow(outlet, topic)
        self._outlets[outlet.schema].discard(outlet)
        if not self._outlets[outlet.schema]:
            del self._outlets[outlet.schema]
        await outlet.drop()
        if not self._outlets and self._listener is not None:
            self._listener.cancel()
            self._listener = None

    def follow(self, outlet: Outlet, topic: str) -> None:
        outlet.topics.add(topic)
        self._followers[outlet.schema, topic].add(outlet)

    def unfollow(self, outlet: Outlet, topic: str) -> None:
        outlet.topics.discard(topic)
        followers = self._followers.get((outlet.schema, topic))
        if followers is not None:
            followers.discard(outlet)
            if not followers:
                del self._followers[outlet.schema, topic]

    def deliver(self, frame: bytes) -> None:
        """Hand one frame (see `publish`) to the sockets it is for."""
        head, _, body = frame.partition(b"\n")
        kind, schema, name = head.decode().split(" ", 2)
        if kind == TOPIC:
            text = body.decode()
            for outlet in tuple(self._followers.get((schema, name), ())):
                outlet.put(text)
        elif kind == SIGN_IN:
            self._end(schema, SIGNED_OUT, name)
        elif kind == BUSINESS:
            self._end(schema, FORBIDDEN)

    def _delivered(self, frame: bytes) -> None:
        try:
            self.deliver(frame)
        except Exception:  # one frame nobody can read must not make the process deaf
            log.exception("realtime.frame_unreadable")

    def _end(self, schema: str, code: int, sign_in: str = "") -> None:
        self._ended.append((time.monotonic(), schema, sign_in))
        for outlet in tuple(self._outlets.get(schema, ())):
            if not sign_in or outlet.sign_in == sign_in:
                outlet.end(code)

    async def _listen(self) -> None:
        """Hear the installation's channel for as long as there are sockets.

        While the subscription was broken something may have been missed, a sign-out among it: every socket of this
        process starts anew, is checked again and reads what it missed.
        """
        client = valkey.connected_async(settings.REDIS_URL, socket_connect_timeout=1.0, socket_keepalive=True)
        broken = False
        try:
            while True:
                try:
                    async with client.pubsub(ignore_subscribe_messages=True) as subscription:
                        await subscription.subscribe(channel())
                        await subscription.get_message(ignore_subscribe_messages=False, timeout=2.0)
                        # Before it was heard for the first time nobody could have missed anything.
                        if broken and self._listening.is_set():
                            self._restart()
                        broken = False
                        self._listening.set()
                        async for message in subscription.listen():
                            self._delivered(message["data"])
                except (redis.RedisError, OSError) as error:
                    broken = True
                    log.warning("realtime.subscription_lost", extra={"error": type(error).__name__})
                    await asyncio.sleep(RECONNECT_SECONDS)
        finally:
            await client.aclose()

    def _restart(self) -> None:
        for outlets in tuple(self._outlets.values()):
            for outlet in tuple(outlets):
                outlet.end(RESTART)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running event loop: one in a serving process."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
