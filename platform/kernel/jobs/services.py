"""Running scheduled work by hand."""

from typing import Any

from kernel.jobs import queue, runner
from kernel.jobs.cadence import Cadence, run_for
from kernel.jobs.selectors import job_state
from kernel.tenancy import current
from kernel.tenancy.directory import alive_businesses


def schedule_run(*, cadence: Cadence) -> dict[str, Any]:
    """Run a cadence now for the current business and give its counts; the operator's call puts it for every tenant.

    Gives `{"state", "counts", "error", "queued"}`: `queued` is the number of tenants it was put for.
    """
    if current().is_platform and cadence.scope == "tenants":
        return {"state": "queued", "counts": None, "error": "", "queued": run_for(cadence, alive_businesses())}
    job = queue.put(cadence.job, priority=queue.HIGH)
    runner.run_one(job)
    ended = job_state(job)
    return {"state": ended["state"], "counts": ended["result"], "error": ended["error"], "queued": 0}
