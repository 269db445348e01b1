"""Running scheduled work by hand, and what failed for good once more."""

from typing import Any
from uuid import UUID

from kernel import audit
from kernel.jobs import claims, queue, runner
from kernel.jobs.cadence import Cadence, run_for, whose
from kernel.jobs.errors import NotDead
from kernel.jobs.ring import ring
from kernel.jobs.selectors import job_state
from kernel.tenancy import current
from kernel.tenancy.directory import standing_businesses


def schedule_run(*, cadence: Cadence) -> dict[str, Any]:
    """Run a cadence now for the current business and give its counts; the operator's call puts it for every tenant.

    Gives `{"state", "counts", "error", "queued"}`: `queued` is the number of tenants it was put for.
    """
    if current().is_platform and cadence.scope == "tenants":
        put = run_for(cadence, whose(cadence, standing_businesses()))
        return {"state": "queued", "counts": None, "error": "", "queued": put}
    job = queue.put(cadence.job, priority=queue.HIGH)
    runner.run_one(job)
    ended = job_state(job)
    return {"state": ended["state"], "counts": ended["result"], "error": ended["error"], "queued": 0}


def job_retry(*, job: UUID) -> None:
    """Give a dead letter its attempts again, in the operator's scope. Of racers one does. Raises NotDead."""
    if not claims.revive(job):
        raise NotDead
    audit.record(action="jobs.retry", subject_type="job", subject_id=str(job), changes={})
    ring([str(job)])
