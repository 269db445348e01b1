"""Believing, storing and acknowledging callbacks, many in one commit.

Runs in threads of its own, without the caller's scope: a batch holds callbacks of many businesses.
"""

import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db import close_old_connections, connection

from kernel import clock, crash
from kernel.errors import DomainError
from kernel.ids import uuid7
from kernel.inbox.errors import CallbackRefused, NoSuchEndpoint, TryLater
from kernel.inbox.sources import Source, Verdict
from kernel.jobs.ring import ring
from kernel.tenancy import Business, business_scope, states, system_scope

log = logging.getLogger(__name__)

MAX_BODY = 1024 * 1024
# Enough of a refused body to see what it was; anyone may send one.
KEPT_OF_REFUSED = 4096
_KEPT_HEADERS = ("content-type", "user-agent")

STORED = crash.register("inbox.stored")

# Two: while one waits for its commit, the next batch's signatures are checked.
threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="inbox")


@dataclass(frozen=True, slots=True)
class Arrival:
    """One callback as it came; headers in lower case."""

    business: Business
    source: Source
    headers: Mapping[str, str]
    body: bytes


Answer = dict[str, Any] | DomainError
"""The JSON to answer with, or the refusal."""


def taken_by(business: Business | None, source: Source | None) -> tuple[Business, Source]:
    """Both, where callbacks are taken: payments under way are booked even while it is suspended or leaving.

    Raises NoSuchEndpoint, and what the state of the business answers.
    """
    if business is None or source is None:
        raise NoSuchEndpoint
    if (refused := states.refusal(business.state, states.Door.WEBHOOKS)) is not None:
        raise refused
    return business, source


def receive(arrivals: Sequence[Arrival]) -> list[Answer]:
    """Verify and store a batch in one commit. Nothing is acknowledged that is not stored."""
    try:
        verdicts = [_verdict(arrival) for arrival in arrivals]
        judged = [(arrival, verdict) for arrival, verdict in zip(arrivals, verdicts, strict=True) if verdict]
        if judged:
            ring_all(_store(judged))
        crash.point(STORED)
        return [_answer(verdict) for verdict in verdicts]
    finally:
        close_old_connections()


def ring_all(jobs: list[UUID]) -> None:
    if jobs:
        ring([str(job) for job in jobs])


def _verdict(arrival: Arrival) -> Verdict | None:
    """None when it cannot be judged now: a fault of ours, so the vendor is asked to come again."""
    try:
        with business_scope(arrival.business):
            return arrival.source.verify(arrival.business, arrival.headers, arrival.body)
    except Exception:
        log.exception("inbox.not_judged", extra={"source": arrival.source.name, "business": str(arrival.business)})
        return None


def _answer(verdict: Verdict | None) -> Answer:
    if verdict is None:
        return TryLater()
    if not verdict.believed:
        return CallbackRefused()
    return verdict.answer or {"received": True}


def _store(judged: Iterable[tuple[Arrival, Verdict]]) -> list[UUID]:
    """Gives the ids of the jobs put: one for each believed callback that is new."""
    columns = list(zip(*(_row(arrival, verdict) for arrival, verdict in judged), strict=True))
    with system_scope("inbox"), connection.cursor() as cursor:
        cursor.execute(
            "SELECT public.inbox_receive(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],"
            " %s::text[], %s::text[], %s::text[], %s::bytea[], %s::text[], %s::text[], %s::timestamptz)",
            [*map(list, columns), clock.now()],
        )
        return [line[0] for line in cursor.fetchall()]


def _row(arrival: Arrival, verdict: Verdict) -> tuple[Any, ...]:
    """In the order of `inbox_receive`'s parameters."""
    sha = hashlib.sha256(arrival.body).hexdigest()
    source = arrival.source
    return (
        uuid7(),
        arrival.business.schema,
        source.name,
        f"{arrival.business.public_id}/{source.path}",
        (verdict.delivery_id or sha) if verdict.believed else f"refused:{sha}",
        sha,
        _text(verdict.event),
        source.handler,
        orjson.dumps(_kept(arrival.headers)).decode(),
        arrival.body if verdict.believed else arrival.body[:KEPT_OF_REFUSED],
        "received" if verdict.believed else "refused",
        _text(verdict.reason),
    )


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    """What vendors sign with; never cookies or credentials."""
    return {
        name: _text(value)[:1000] for name, value in headers.items() if name in _KEPT_HEADERS or name.startswith("x-")
    }


def _text(value: str) -> str:
    """PostgreSQL's text holds everything but NUL."""
    return value.replace("\x00", "")
