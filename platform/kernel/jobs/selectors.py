"""Reading the queue: last runs of what happens by the clock, and dead letters."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import QuerySet

from kernel import clock
from kernel.jobs.cadence import Cadence, schedule
from kernel.jobs.claims import KEPT
from kernel.jobs.errors import CadenceUnknown
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
