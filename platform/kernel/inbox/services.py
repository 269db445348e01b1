"""What a handler does with a callback: read it in the business's scope, finish it with the effect."""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import orjson
from django.db import connection

from kernel import clock
from kernel.ids import uuid7
from kernel.inbox.errors import CallbackUnknown, NotReplayable
from kernel.jobs.ring import ring_after_commit

Outcome = Literal["processed", "ignored", "failed"]


@dataclass(frozen=True, slots=True)
class Callback:
    """One believed callback as it came."""

    id: UUID
    source: str
    event: str
    delivery_id: str
    headers: dict[str, str]
    body: bytes
    state: str


def read(callback: str | UUID) -> Callback:
    """A callback of the current business. Raises CallbackUnknown for another's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM public.inbox_read(%s::uuid)", [callback])
        found = cursor.fetchone()
    if found is None:
        raise CallbackUnknown()
    return Callback(found[0], found[1], found[2], found[3], orjson.loads(found[4]), bytes(found[5]), found[6])


def finish(callback: str | UUID, outcome: Outcome, reason: str = "") -> None:
    """Record what became of a callback, in the caller's transaction. `reason` is a code, without personal data."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT public.inbox_finish(%s::uuid, %s::text, %s::text, %s::timestamptz)",
            [callback, outcome, reason, clock.now()],
        )
        if not cursor.fetchone()[0]:
            raise CallbackUnknown()


def clear(schema: str) -> int:
    """Remove the callbacks of a business that has left; gives how many. In the operator's scope."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM inbox WHERE business = %s", [schema])
        return int(cursor.rowcount)


def replay(callback: UUID) -> UUID:
    """Work on a callback again. Gives the job. Raises CallbackUnknown, NotReplayable."""
    job = uuid7()
    with connection.cursor() as cursor:
        cursor.execute("SELECT public.inbox_replay(%s::uuid, %s::uuid, %s::timestamptz)", [callback, job, clock.now()])
        outcome = cursor.fetchone()[0]
    if outcome is None:
        raise CallbackUnknown()
    if not outcome:
        raise NotReplayable()
    ring_after_commit(job)
    return job


def page(*, limit: int, before: UUID | None, filters: dict[str, Any]) -> list[dict[str, Any]]:
    """The current business's callbacks, newest first: `filters` has source, state, event, search, since, until."""
    names = ("source", "state", "event", "search", "since", "until")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT public.inbox_page(%s::int, %s::uuid, %s::text, %s::text, %s::text, %s::text,"
            " %s::timestamptz, %s::timestamptz)",
            [limit, before, *(filters.get(name) for name in names)],
        )
        return [orjson.loads(line[0]) for line in cursor.fetchall()]
