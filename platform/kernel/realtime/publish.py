"""Telling every process: one Redis channel for the installation, each process picks what its sockets follow.

A frame is `<kind> <schema> <topic or id>\\n<JSON>`: the reader finds the sockets without parsing the JSON and passes
the same bytes to each of them.
"""

import logging
import time
from functools import cache
from typing import Any
from uuid import UUID

import orjson
import redis
from django.conf import settings
from django.db import transaction

from kernel import clock, valkey
from kernel.tenancy import Business, current

log = logging.getLogger(__name__)

TOPIC, SIGN_IN, BUSINESS = "topic", "sign-in", "business"
# While Redis is away, one sender a second waits for the connect time-out, not all.
QUIET_SECONDS = 1.0

_quiet_until = 0.0


def channel() -> str:
    return f"{settings.REDIS_PREFIX}live"


def send(
    topic: str,
    type: str,  # noqa: A002 the wire's own word
    data: dict[str, Any],
    *,
    to: Business | None = None,
) -> None:
    """After commit, tell the followers of a topic of the current business `{"type", "topic", "at", "data"}`; the operator
    may name another in `to`.

    At most once: what matters is saved first, and `data` carries ids and versions to catch up by.
    """
    schema = (to or current()).schema
    body = orjson.dumps({"type": type, "topic": topic, "at": clock.now().isoformat(), "data": data}, default=str)
    _after_commit(TOPIC, schema, topic, body)


def sign_in_ended(sign_in: UUID) -> None:
    """After commit, close the sockets of a sign-in of the current business with 4401."""
    _after_commit(SIGN_IN, current().schema, str(sign_in), b"")


def business_closed(business: Business) -> None:
    """After commit, close a business's sockets with 4403: its state no longer serves its people."""
    _after_commit(BUSINESS, business.schema, "-", b"")


def _after_commit(kind: str, schema: str, name: str, body: bytes) -> None:
    frame = f"{kind} {schema} {name}\n".encode() + body
    transaction.on_commit(lambda: _publish(frame))


def _publish(frame: bytes) -> None:
    global _quiet_until  # noqa: PLW0603
    if time.monotonic() < _quiet_until:
        return
    try:
        _redis().publish(channel(), frame)
    except redis.RedisError as error:  # clients read again when they reconnect
        _quiet_until = time.monotonic() + QUIET_SECONDS
        log.warning("realtime.not_sent", extra={"error": type(error).__name__})


@cache
def _redis() -> redis.Redis:
    return valkey.connected(settings.REDIS_URL, socket_connect_timeout=0.5, socket_timeout=1.0)
