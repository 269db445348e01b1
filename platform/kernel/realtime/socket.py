"""The one socket of a tab, `/ws/live/`: who is there, what they may follow, what they say.

Client: `{"type": "subscribe" | "unsubscribe" | <message type>, "topic", "data"?, "id"?}`.
Server: `{"type", "topic", "at", "data"}`; answers to the client's own frames are `subscribed`, `unsubscribed`,
`answer` and `error`, and repeat its `id`. Closes with 4401 when the sign-in ends, 4403 when the tenant's state
forbids (`kernel.tenancy.states`), 4404 for an unknown host, 4429 for too many frames, 1012 and 1013 to make the client
reconnect and read.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
from asgiref.sync import sync_to_async
from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import close_old_connections
from django.utils.module_loading import import_string

from kernel import clock
from kernel.errors import DomainError, Forbidden
from kernel.http.actor import Actor
from kernel.observe import context
from kernel.realtime.hub import SIGNED_OUT, TOO_SLOW, Hub, Outlet, hub
from kernel.realtime.registry import Message, find_message, find_topic
from kernel.tenancy import Business, business_by_schema, business_scope, current, states
from kernel.tenancy.directory import is_behind

log = logging.getLogger(__name__)

NO_SUCH_HOST, TOO_MANY, NOT_UNDERSTOOD = 4404, 4429, 1003
FRAME_LIMIT = 16 * 1024
TOPICS_LIMIT = 50
TOPIC_LENGTH = 200
# Frames a client may send in a burst, and how many it regains each second.
BURST, REGAINED_PER_SECOND = 30, 10

# How long a socket waits for this process to hear the others (Redis away): then it comes again, and pages poll.
JOIN_SECONDS = 5.0

_threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="live")


class TopicForbidden(Forbidden):
    """There is no such topic, or it is not the caller's to follow; the two are not told apart."""

    code = "realtime.topic_forbidden"


class NotFollowed(DomainError):
    code = "realtime.not_followed"
    status = 409
    title = "Follow the topic first"
    action = "Subscribe to the topic, then send the message."


class TooManyTopics(DomainError):
    code = "realtime.too_many_topics"
    status = 409
    title = "This tab follows too many topics"
    action = "Unsubscribe from topics that are no longer shown."


class FrameInvalid(DomainError):
    code = "realtime.frame_invalid"
    title = "The message could not be read"
    action = 'Send {"type", "topic", "data"} as JSON.'


class BusinessForbids(Exception):
    """The tenant's state serves no sockets, or no longer: `close` is the code to end with."""

    def __init__(self, close: int) -> None:
        super().__init__(close)
        self.close = close


class LiveSocket(AsyncConsumer):
    """`scope["business"]` was set from the host before the socket came here."""

    business: Business
    actor: Actor
    outlet: Outlet | None = None
    hub: Hub

    async def websocket_connect(self, _: dict[str, Any]) -> None:
        business = self.scope["business"]
        bearer = "bearer" if self.scope.get("subprotocols", [""])[:1] == ["bearer"] else None
        await self.send({"type": "websocket.accept", "subprotocol": bearer})
        if business is None:
            await self._close(NO_SUCH_HOST)
            return
        self.business, self._tokens, self._filled = business, float(BURST), time.monotonic()
        if (code := states.closes(business.state)) is not None:
            await self._close(code)
            return
        self.hub, self.outlet = hub(), Outlet(business.schema, self._transmit, self._close)
        try:
            await asyncio.wait_for(self.hub.join(self.outlet), JOIN_SECONDS)
            self.actor = await self._in_scope(import_string(settings.REALTIME_AUTHENTICATE), self.scope)
        except TimeoutError:
            self.outlet.end(TOO_SLOW)
        except BusinessForbids as forbids:
            self.outlet.end(forbids.close)
        except DomainError:
            self.outlet.end(SIGNED_OUT)
        except Exception:  # the database may be away: the client comes again
            log.exception("realtime.not_opened", extra={"business": str(business)})
            self.outlet.end(TOO_SLOW)
        else:
            self.hub.name(self.outlet, str(self.actor.sign_in))

    async def websocket_receive(self, event: dict[str, Any]) -> None:
        if self.outlet is None or self.outlet.ended:
            return
        if not self._has_token():
            self._end(TOO_MANY)
            return
        text = event.get("text")
        if text is None or len(text) > FRAME_LIMIT:
            self._end(NOT_UNDERSTOOD)
            return
        await self._answer(text)

    async def websocket_disconnect(self, _: dict[str, Any]) -> None:
        if self.outlet is not None:
            outlet, self.outlet = self.outlet, None
            await self.hub.leave(outlet)
        raise StopConsumer

    async def _answer(self, text: str) -> None:
        frame: dict[str, Any] = {}
        try:
            frame = _parsed(text)
            kind, data = await self._served(frame)
        except BusinessForbids as forbids:
            self._end(forbids.close)
            return
        except DomainError as error:
            kind = "error"
            data = {"code": error.code, "title": error.title, "detail": error.detail, **error.data}
        except Exception:
            log.exception("realtime.failed", extra={"frame": frame.get("type", ""), "business": str(self.business)})
            kind, data = "error", {"code": "realtime.internal", "title": "Something went wrong on our side"}
        if self.outlet is None:
            return
        answer = {"type": kind, "topic": frame.get("topic", ""), "at": clock.now().isoformat(), "data": data}
        if "id" in frame:
            answer["id"] = frame["id"]
        self.outlet.put(orjson.dumps(answer, default=str).decode())

    async def _served(self, frame: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The type and data of the answer to one frame."""
        assert self.outlet is not None  # noqa: S101 checked by the caller
        topic = frame["topic"]
        if frame["type"] == "unsubscribe":
            self.hub.unfollow(self.outlet, topic)
            return "unsubscribed", {}
        if frame["type"] == "subscribe":
            if len(self.outlet.topics) >= TOPICS_LIMIT:
                raise TooManyTopics()
            if not await self._in_scope(self._may_follow, topic):
                raise TopicForbidden()
            if self.outlet is not None:
                self.hub.follow(self.outlet, topic)
            return "subscribed", {}
        message = find_message(frame["type"])
        if message is None:
            raise FrameInvalid(f"There is no message {frame['type']!r}.")
        if topic not in self.outlet.topics:
            raise NotFollowed()
        answer = await self._in_scope(self._said, message, topic, frame.get("data") or {})
        return "answer", answer or {}

    def _may_follow(self, topic: str) -> bool:
        found = find_topic(topic)
        if found is None:
            return False
        family, places = found
        try:
            return family.may_subscribe(self.actor, **places)
        except (ValueError, ValidationError):
            return False

    def _said(self, message: Message, topic: str, data: dict[str, Any]) -> dict[str, Any] | None:
        if (refused := states.refusal(current().state, states.Door.SOCKETS)) is not None:
            raise refused
        return message.answer(self.actor, topic, data)

    async def _in_scope(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call into the database in a thread, in this socket's business, entered for this one call."""
        return await sync_to_async(self._scoped, thread_sensitive=False, executor=_threads)(function, *args)

    def _scoped(self, function: Callable[..., Any], *args: Any) -> Any:
        try:
            business = business_by_schema(self.business.schema)
            code = states.COME_AGAIN if is_behind(business) else states.closes(business.state)
            if code is not None:
                raise BusinessForbids(code)
            with business_scope(business), context.work(by=getattr(self, "actor", None)):
                return function(*args)
        finally:
            close_old_connections()

    def _has_token(self) -> bool:
        now = time.monotonic()
        self._tokens = min(self._tokens + (now - self._filled) * REGAINED_PER_SECOND, BURST)
        self._filled = now
        self._tokens -= 1
        return self._tokens >= 0

    def _end(self, code: int) -> None:
        if self.outlet is not None:
            self.outlet.end(code)

    async def _transmit(self, text: str) -> None:
        await self.send({"type": "websocket.send", "text": text})

    async def _close(self, code: int) -> None:
        await self.send({"type": "websocket.close", "code": code})


def _parsed(text: str) -> dict[str, Any]:
    try:
        frame = orjson.loads(text)
    except ValueError:
        raise FrameInvalid() from None
    if not isinstance(frame, dict):
        raise FrameInvalid()
    kind, topic, data = frame.get("type"), frame.get("topic"), frame.get("data", {})
    if not isinstance(kind, str) or not isinstance(topic, str) or not isinstance(data, dict | None):
        raise FrameInvalid()
    if len(topic) > TOPIC_LENGTH or not isinstance(frame.get("id", ""), str | int):
        raise FrameInvalid()
    return frame
