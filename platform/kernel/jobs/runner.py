"""Carrying a claimed job out in its business's scope, and settling how it ended."""

import contextvars
import logging
import time
import traceback
from contextlib import nullcontext
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.transaction import atomic

from kernel import clock, crash
from kernel.errors import DomainError
from kernel.http.actor import Actor
from kernel.jobs import claims, registry
from kernel.jobs.claims import Claim
from kernel.jobs.errors import Dead, HandlerUnknown, JobsDied, LeaseLost
from kernel.jobs.registry import Handler
from kernel.observe import context
from kernel.tenancy import Business, TenancyError, business_by_schema, business_scope, states
from kernel.tenancy.directory import is_behind

log = logging.getLogger(__name__)

CLAIMED = crash.register("jobs.claimed")
CARRIED_OUT = crash.register("jobs.carried_out")
FINISHED = crash.register("jobs.finished")

DONE, RETRY, DEAD, POSTPONED, LOST = "done", "retry", "dead", "postponed", "lost"


def run(job: Claim) -> str:
    """Carry out one claimed job: done, retry, dead, postponed or lost. Starts without a scope, whoever calls."""
    return contextvars.Context().run(_run, job)


def run_one(job: UUID) -> str:
    """Carry out one queued job now, out of turn; `lost` when another worker was faster."""
    claimed = claims.claim_one(job)
    return run(claimed) if claimed else LOST


def drain(*, max_seconds: float = 30) -> int:
    """For tests: carry out every due job of every business until none is due. Gives how many ran.

    Raises JobsDied when any ended as a dead letter, TimeoutError after `max_seconds`.
    """
    return contextvars.Context().run(_drain, max_seconds)


def _drain(max_seconds: float) -> int:
    deadline = time.monotonic() + max_seconds
    dead: list[str] = []
    ran, last = 0, ""
    while job := claims.claim(after=last):
        if time.monotonic() > deadline:
            claims.postpone(job)
            raise TimeoutError(f"jobs still due after {max_seconds} s; next {job.handler} of {job.business}")
        ran, last = ran + 1, job.business
        if _run(job) == DEAD:
            dead.append(f"{job.handler} of {job.business} (job {job.id})")
    if dead:
        raise JobsDied("dead: " + ", ".join(dead))
    return ran


def _run(job: Claim) -> str:
    crash.point(CLAIMED)
    try:
        handler = registry.find(job.handler)
        business = business_by_schema(job.business)
    except (HandlerUnknown, TenancyError) as error:
        return _bury(job, error)
    if states.runs_job(business.state, **handler.marks) and not is_behind(business):
        return _tried(job, handler, business)
    claims.postpone(job)
    return POSTPONED


def _tried(job: Claim, handler: Handler, business: Business) -> str:
    if job.attempts > handler.attempts:
        return _bury(job, Dead("every attempt was lost with its worker"), business, handler)
    try:
        _carry_out(job, handler, business)
    except LeaseLost:
        log.warning("jobs.lease_lost", extra=_facts(job, business))
        return LOST
    except Dead as error:
        return _bury(job, error, business, handler)
    except Exception as error:
        return _failed(job, handler, error, business)
    return DONE


def _carry_out(job: Claim, handler: Handler, business: Business) -> None:
    with context.work(by=Actor(kind="job"), id=str(job.id)):
        if handler.atomic:
            with business_scope(business), atomic():
                _finish(job, handler.function(**job.args))
                crash.point(CARRIED_OUT)
        else:
            with business_scope(business) if handler.scoped else nullcontext():
                result = handler.function(**job.args)
            crash.point(CARRIED_OUT)
            with business_scope(business):
                _finish(job, result)
    crash.point(FINISHED)


def _finish(job: Claim, result: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT public.job_finish(%s::uuid, %s::uuid, %s::jsonb, %s::timestamptz)",
            [job.id, job.lease, orjson.dumps(result).decode(), clock.now()],
        )
        if not cursor.fetchone()[0]:
            raise LeaseLost(str(job.id))


def _failed(job: Claim, handler: Handler, error: Exception, business: Business) -> str:
    log.error("jobs.failed", extra=_facts(job, business), exc_info=error)
    if job.attempts >= handler.attempts:
        return _bury(job, error, business, handler)
    claims.retry(job, _described(error))
    return RETRY


def _bury(job: Claim, error: Exception, business: Business | None = None, handler: Handler | None = None) -> str:
    facts = _facts(job, business)
    log.error("jobs.dead", extra={**facts, "error": _described(error)})
    if handler and handler.on_dead:
        # First: whoever dies in between finds the job again, and not a row that says for ever that it is carried out.
        try:
            handler.on_dead(**job.args, why=_described(error))
        except Exception:
            log.exception("jobs.on_dead_failed", extra=facts)
    claims.bury(job, _described(error))
    return DEAD


def _described(error: Exception) -> str:
    """What went wrong and where, without the message: messages of strangers carry phones and addresses."""
    if isinstance(error, Dead | HandlerUnknown | TenancyError):
        return f"{type(error).__name__}: {error}"
    if isinstance(error, DomainError):
        return error.code
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {frame.name}, line {frame.lineno}"


def _facts(job: Claim, business: Business | None) -> dict[str, Any]:
    """What a log line tells of a job whose scope has ended."""
    facts = {"job": str(job.id), "handler": job.handler, "business": job.business, "attempts": job.attempts}
    return {**facts, "tenant": business.public_id} if business else facts
