"""The fleet's work behind the queue, as the login that owns the schemas."""

from kernel import jobs
from kernel.ids import uuid7
from kernel.tenancy.errors import BackfillFailed
from kernel.tenancy.fleet.backfill import backfill_run
from kernel.tenancy.models import FleetRun
from kernel.tenancy.scope import platform_scope

# How long one job fills before it lets others in.
SLICE_S = 60.0


def backfill_put(name: str) -> None:
    """Have a backfill carried out by the workers, a slice of time after another. In the operator's scope."""
    jobs.put("tenancy.backfill", name=name, priority=jobs.BULK, dedupe=f"backfill:{name}:{uuid7()}")


@jobs.handler("tenancy.backfill", atomic=False, scoped=False, attempts=20)
def tenancy_backfill(*, name: str) -> dict[str, int]:
    run = backfill_run(name, seconds=SLICE_S)
    if run.state == FleetRun.State.FAILED:
        raise BackfillFailed(run.error)
    if run.state == FleetRun.State.STOPPED:
        with platform_scope():
            backfill_put(name)
    return {"schemas": run.done, "left": run.total - run.done}
