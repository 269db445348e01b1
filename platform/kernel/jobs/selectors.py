"""Reading the queue: last runs of what happens by the clock, and dead letters."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import Count, Max, Min, Q, QuerySet

from kernel import clock
from kernel.jobs.cadence import Cadence, schedule
from kernel.jobs.claims import KEPT
from kernel.jobs.errors import CadenceUnknown, JobUnknown
from kernel.jobs.models import Job
from kernel.tenancy import current

_COLUMNS = ("cadence", "state", "started_at", "finished_at", "result", "error", "runs", "failures")


def schedules() -> list[dict[str, Any]]:
    """The cadences of the current business with their last run: the operator sees the tenants' too, together.

    Seconds in `seconds`; `runs` and `failures` count the last seven days.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM public.job_runs(%s::timestamptz)", [clock.now() - KEPT])
        last = {line[0]: dict(zip(_COLUMNS, line, strict=True)) for line in cursor.fetchall()}
    return [_line(cadence, last.get(cadence.name)) for cadence in _visible()]


def schedule_of(name: str) -> Cadence:
    """A cadence the current business may run. Raises CadenceUnknown."""
    for cadence in _visible():
        if cadence.name == name:
            return cadence
    raise CadenceUnknown()


def job_state(job: UUID) -> dict[str, Any]:
    """How a job put by hand ended: state, result, error."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT state, result, error FROM public.job_state(%s::uuid)", [job])
        state, result, error = cursor.fetchone()
    return {"state": state, "result": result and orjson.loads(result), "error": error}


def dead_letters() -> QuerySet[Job]:
    """Jobs of every business that will not be tried again; for the operator's scope."""
    return Job.objects.filter(state=Job.State.DEAD).order_by("-finished_at")


def job_get(job: UUID) -> Job:
    """One job of any business; for the operator's scope. Raises JobUnknown."""
    row = Job.objects.filter(id=job).first()
    if row is None:
        raise JobUnknown()
    return row


@dataclass(frozen=True, slots=True)
class Line:
    """How long one priority's queue is: what is due, the oldest of it, what waits its time, what runs."""

    priority: int
    due: int
    oldest: datetime | None
    later: int
    running: int


def queue_lines() -> list[Line]:
    """The queue of every business together, by priority; for the operator's scope."""
    now = clock.now()
    queued = Q(state=Job.State.QUEUED)
    counted = (
        Job.objects.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING])
        .values("priority")
        .annotate(
            ready=Count("id", filter=queued & Q(due__lte=now)),
            oldest=Min("due", filter=queued & Q(due__lte=now)),
            later=Count("id", filter=queued & Q(due__gt=now)),
            running=Count("id", filter=Q(state=Job.State.RUNNING)),
        )
    )
    lines: dict[int, Any] = {one["priority"]: one for one in counted.order_by()}
    none: dict[str, Any] = {"ready": 0, "oldest": None, "later": 0, "running": 0}
    return [
        Line(priority, found["ready"], found["oldest"], found["later"], found["running"])
        for priority in range(4)
        for found in [lines.get(priority, none)]
    ]


def last_done() -> datetime | None:
    """When any job was last done; for the operator's scope."""
    return Job.objects.filter(state=Job.State.DONE).aggregate(at=Max("finished_at"))["at"]


def _visible() -> list[Cadence]:
    return [cadence for cadence in schedule() if current().is_platform or cadence.scope == "tenants"]


def _line(cadence: Cadence, run: dict[str, Any] | None) -> dict[str, Any]:
    when: dict[str, Any] = {
        "name": cadence.name,
        "scope": cadence.scope,
        "every_seconds": int(cadence.every.total_seconds()) if cadence.every else None,
        "daily_at": cadence.daily.isoformat("minutes") if cadence.daily else None,
        "last_run": None,
        "runs": run["runs"] if run else 0,
        "failures": run["failures"] if run else 0,
    }
    if run:
        taken: timedelta | None = run["finished_at"] and run["finished_at"] - run["started_at"]
        when["last_run"] = {
            "started_at": run["started_at"],
            "seconds": round(taken.total_seconds(), 3) if taken is not None else None,
            "state": run["state"],
            "counts": run["result"] and orjson.loads(run["result"]),
            "error": run["error"],
        }
    return when
