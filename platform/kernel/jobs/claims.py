"""Taking jobs and letting go of them: leases, fairness between businesses, back-off. All under the worker's role.

Leases run on the machine's time (`clock.machine_now`), everything else on the product's.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
from django.conf import settings
from django.db import connection

from kernel import clock
from kernel.jobs.queue import BULK, URGENT
from kernel.tenancy import Business, system_scope
from kernel.tenancy.directory import TRUSTED_SECONDS

BACK_OFF = timedelta(seconds=5)
LONGEST_BACK_OFF = timedelta(hours=1)
# A suspended tenant's jobs wait; they are looked at again this often.
POSTPONED = timedelta(minutes=5)
# A lease that ends so much later than ours would was taken before the machine's clock was set back: it tells nothing.
TOO_LONG = timedelta(minutes=10)
KEPT = timedelta(days=7)
TRIMMED_AT_ONCE = 5_000

_CLAIM = "SELECT * FROM public.job_claim(%(lowest)s, %(after)s, %(lease)s, %(until)s, %(now)s)"
_CLAIM_ONE = """
UPDATE jobs_job
   SET state = 'running', lease = %(lease)s, lease_until = %(until)s, attempts = attempts + 1, started_at = %(now)s
 WHERE id = %(id)s AND state = 'queued'
RETURNING id, business, handler, args, attempts
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A job this process may carry out until its lease ends. `attempts` counts this start."""

    id: UUID
    business: str
    handler: str
    args: dict[str, Any]
    attempts: int
    lease: UUID


def claim(*, urgent_only: bool = False, after: str = "") -> Claim | None:
    """Take the job whose turn it is, or None when nothing is due. `after` is the business served last."""
    lowest = URGENT if urgent_only else BULK
    return _take(_CLAIM, {"lowest": lowest, "after": after})


def claim_one(job: UUID) -> Claim | None:
    """Take one named job out of turn; None when it is not queued."""
    return _take(_CLAIM_ONE, {"id": job})


def _take(statement: str, params: dict[str, Any]) -> Claim | None:
    lease = uuid4()
    with system_scope("worker"), connection.cursor() as cursor:
        cursor.execute(statement, {**params, "lease": lease, "until": _lease_end(), "now": clock.now()})
        row = cursor.fetchone()
    return Claim(row[0], row[1], row[2], orjson.loads(row[3]), row[4], lease) if row else None


def extend(leases: list[UUID]) -> None:
    """Keep the leases of running jobs alive."""
    with system_scope("worker"), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE jobs_job SET lease_until = %s WHERE state = 'running' AND lease = ANY(%s)", [_lease_end(), leases]
        )


def reclaim() -> int:
    """Put back the jobs of workers that stopped renewing their leases. Gives how many."""
    with system_scope("worker"), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE jobs_job SET state = 'queued', lease = NULL, lease_until = NULL, error = 'worker lost'"
            " WHERE id IN (SELECT id FROM jobs_job WHERE state = 'running' AND lease_until NOT BETWEEN %s AND %s"
            "              FOR UPDATE SKIP LOCKED)",
            [clock.machine_now(), _lease_end() + TOO_LONG],
        )
        return int(cursor.rowcount)


def waiting(limit: int, *, urgent_only: bool = False) -> list[tuple[UUID, float]]:
    """Up to `limit` due jobs, most urgent and then oldest first, with the seconds each is overdue."""
    now = clock.now()
    with system_scope("worker"), connection.cursor() as cursor:
        cursor.execute(
            "SELECT job.id, job.due FROM generate_series(0, %(lowest)s) AS priority, LATERAL ("
            "  SELECT id, due FROM jobs_job WHERE state = 'queued' AND jobs_job.priority = priority.priority"
            "     AND due <= %(now)s ORDER BY due LIMIT %(limit)s) AS job"
            " ORDER BY priority.priority, job.due LIMIT %(limit)s",
            {"lowest": URGENT if urgent_only else BULK, "now": now, "limit": limit},
        )
        return [(job, (now - due).total_seconds()) for job, due in cursor.fetchall()]


def retry(job: Claim, error: str) -> None:
    """Put a failed job back with a growing delay."""
    delay = min(BACK_OFF * 2 ** (job.attempts - 1), LONGEST_BACK_OFF) * random.uniform(0.8, 1.2)  # noqa: S311
    _let_go(job, "queued", due=clock.now() + delay, error=error)


def postpone(job: Claim) -> None:
    """Put a job back untried, for a tenant whose jobs do not run at present."""
    _let_go(job, "queued", due=clock.now() + POSTPONED, untried=1)


def hasten(now: datetime) -> None:
    """After the clock was set back: what was to be done at once, at an hour yet to come, is due at once again.

    In the worker's scope.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE jobs_job SET due = %s WHERE state = 'queued' AND due > %s AND due <= created_at", [now, now]
        )


def wake(business: Business) -> None:
    """Let what was put off or is to be tried again run soon: the business has opened. In the operator's transaction.

    Not at once: for that long, other processes may still take the business for closed and put it off again.
    """
    soon = clock.now() + 2 * timedelta(seconds=TRUSTED_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE jobs_job SET due = %s"
            " WHERE business = %s AND state = 'queued' AND due > %s AND started_at IS NOT NULL",
            [soon, business.schema, soon],
        )


def clear(schema: str) -> bool:
    """Remove the jobs of a business that has left, dead letters too; False while a worker still carries one out.

    In the operator's scope.
    """
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM jobs_job WHERE business = %s AND state <> 'running'", [schema])
        cursor.execute("SELECT NOT EXISTS (SELECT FROM jobs_job WHERE business = %s)", [schema])
        return bool(cursor.fetchone()[0])


def bury(job: Claim, error: str) -> None:
    """End a job as a dead letter."""
    _let_go(job, "dead", finished_at=clock.now(), error=error)


def revive(job: UUID) -> bool:
    """Give a dead letter its attempts again. False when the job is not dead."""
    with system_scope("worker"), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE jobs_job SET state = 'queued', attempts = 0, due = %s, finished_at = NULL"
            " WHERE id = %s AND state = 'dead'",
            [clock.now(), job],
        )
        return bool(cursor.rowcount)


def trim() -> int:
    """Remove jobs done a week ago; dead letters stay until someone decides. Gives how many."""
    with system_scope("worker"), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM jobs_job WHERE id IN (SELECT id FROM jobs_job WHERE state = 'done' AND finished_at < %s LIMIT %s)",
            [clock.now() - KEPT, TRIMMED_AT_ONCE],
        )
        return int(cursor.rowcount)


def _let_go(
    job: Claim,
    state: str,
    *,
    due: datetime | None = None,
    error: str | None = None,
    finished_at: datetime | None = None,
    untried: int = 0,
) -> None:
    """Where the lease is still ours; what is None stays as it is."""
    with system_scope("worker"), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE jobs_job SET lease = NULL, lease_until = NULL, state = %(state)s, attempts = attempts - %(untried)s,"
            "       due = COALESCE(%(due)s::timestamptz, due), error = COALESCE(%(error)s::text, error),"
            "       finished_at = COALESCE(%(finished_at)s::timestamptz, finished_at)"
            " WHERE id = %(id)s AND lease = %(lease)s AND state = 'running'",
            {
                "id": job.id,
                "lease": job.lease,
                "state": state,
                "untried": untried,
                "due": due,
                "error": error,
                "finished_at": finished_at,
            },
        )


def _lease_end() -> datetime:
    return clock.machine_now() + timedelta(seconds=settings.JOBS_LEASE_SECONDS)
