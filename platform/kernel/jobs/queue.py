"""Asking for work: one row, in the caller's transaction."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from kernel import clock
from kernel.ids import uuid7
from kernel.jobs import registry
from kernel.jobs.ring import ring_after_commit
from kernel.tenancy import Business, current

URGENT, HIGH, NORMAL, BULK = range(4)


def put(
    handler: str,
    *,
    due: datetime | None = None,
    priority: int = NORMAL,
    dedupe: str | None = None,
    **args: Any,
) -> UUID:
    """Put a job for the current business; it exists exactly if the transaction commits. Gives its id.

    `args` are ids and JSON scalars (64 kB in all). With a `dedupe` key known to the business (kept for seven days
    after the job is done) nothing is added and the first job's id is given. Raises HandlerUnknown.
    """
    return _put(current(), handler, args, due=due, priority=priority, dedupe=dedupe)


def put_for(
    business: Business,
    handler: str,
    *,
    due: datetime | None = None,
    priority: int = NORMAL,
    dedupe: str | None = None,
    **args: Any,
) -> UUID:
    """Put a job that runs as `business`. Only the operator's scope may name another business than its own."""
    return _put(business, handler, args, due=due, priority=priority, dedupe=dedupe)


def _put(
    business: Business, handler: str, args: dict[str, Any], *, due: datetime | None, priority: int, dedupe: str | None
) -> UUID:
    registry.find(handler)
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT public.job_put(%s::uuid, %s::text, %s::text, %s::jsonb, %s::smallint, %s::timestamptz,"
            " %s::text, %s::timestamptz)",
            [uuid7(), business.schema, handler, orjson.dumps(args).decode(), priority, due or now, dedupe, now],
        )
        job: UUID = cursor.fetchone()[0]
    if due is None or due <= now:
        ring_after_commit(job)
    return job
