"""Telling how far long work has come: written by the job, read by `jobs/{id}` and the topic `job.<id>`."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db.models import Case, DateTimeField, F, Value, When
from django.db.models.functions import Coalesce

from kernel import clock, realtime
from kernel.errors import DomainError
from kernel.ids import uuid7
from kernel.jobs.progress.models import Progress
from kernel.observe import context


def progress_start(*, kind: str, total: int | None = None, id: UUID | None = None) -> UUID:  # noqa: A002
    """Announce long work (`people.import`) for the present caller; gives the id people ask for. Safe to repeat."""
    actor = context.actor.get()
    now = clock.now()
    progress, _ = Progress.objects.get_or_create(
        id=id or uuid7(),
        defaults={
            "kind": kind,
            "total": total,
            "owner": actor.user_id if actor else None,
            "created_at": now,
            "updated_at": now,
        },
    )
    return progress.id


def progress_update(id: UUID, *, done: int | None = None, total: int | None = None) -> None:  # noqa: A002
    """Set how many of how many are done; the state becomes running."""
    changes: dict[str, Any] = {
        "state": Progress.State.RUNNING,
        "started_at": Coalesce(F("started_at"), Value(clock.now(), output_field=DateTimeField())),
    }
    if total is not None:
        changes["total"] = total
    if done is not None:
        changes["done"] = done
        # A total that was an estimate gives way: people see 120 of 120, never 120 of 100.
        changes.setdefault("total", Case(When(total__lt=done, then=Value(done)), default=F("total")))
    _change(id, changes)


def progress_finish(id: UUID, *, result: dict[str, Any] | None = None) -> None:  # noqa: A002
    """Mark the work done, with its counts."""
    _change(id, {"state": Progress.State.DONE, "result": result, "error": ""})


def progress_fail(id: UUID, *, error: str) -> None:  # noqa: A002
    """Mark the work failed, with a code people can act on."""
    _change(id, {"state": Progress.State.FAILED, "error": error})


def progress_cancel(id: UUID, *, result: dict[str, Any] | None = None) -> None:  # noqa: A002
    """Mark the work as stopped by a person, with the counts it came to."""
    _change(id, {"state": Progress.State.CANCELLED, "result": result, "error": ""})


@contextmanager
def progressing(*, kind: str, total: int | None = None, id: UUID | None = None) -> Iterator[UUID]:  # noqa: A002
    """Show the block as running work; done at its end, failed if it raises. For jobs with phases (`atomic=False`)."""
    handle = progress_start(kind=kind, total=total, id=id)
    progress_update(handle)
    try:
        yield handle
    except Exception as error:
        progress_fail(handle, error=_named(error))
        raise
    if Progress.objects.filter(id=handle, state=Progress.State.RUNNING).exists():
        progress_finish(handle)


def _change(id: UUID, changes: dict[str, Any]) -> None:  # noqa: A002
    Progress.objects.filter(id=id).update(**changes, updated_at=clock.now())
    row = Progress.objects.values("state", "done", "total", "error").filter(id=id).first()
    if row:
        realtime.send(f"job.{id}", "job", {"id": str(id), **row})


def _named(error: Exception) -> str:
    if isinstance(error, DomainError):
        return error.code
    return f"{type(error).__name__} in {traceback.extract_tb(error.__traceback__)[-1].name}"
