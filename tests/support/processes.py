"""Child processes that are killed: somebody at work who dies at a named point."""

import os
import sys
import traceback
from collections.abc import Callable

from django.db import connections

from kernel import crash, jobs
from kernel.jobs import claims
from kernel.jobs.models import Job
from kernel.tenancy import platform_scope
from tests.support import crashes


def dying_at(point: str, work: Callable[[], object]) -> bool:
    """Work in a forked child that is killed at a crash point. Gives whether the point was reached."""
    assert point in crash.registered(), point
    connections.close_all()
    child = os.fork()
    if child == 0:
        _work_and_exit(point, work)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert crashes.died(point, code) or code == 0, f"the child ended with {code}; its traceback is on stderr"
    return code != 0


def drain_dying_at(point: str) -> bool:
    """Carry out due jobs in a child that dies at a point; what its leases held is due again when this returns."""
    reached = dying_at(point, jobs.drain)
    _leases_end()
    return reached


def _work_and_exit(point: str, work: Callable[[], object]) -> None:
    crash._name, crash._nth = point, 1
    try:
        work()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _leases_end() -> None:
    """What time does to a dead worker's jobs: its leases run out, on the machine's clock, and they are put back."""
    with platform_scope():
        Job.objects.filter(state="running").update(lease_until="2000-01-01T00:00Z")
    claims.reclaim()
