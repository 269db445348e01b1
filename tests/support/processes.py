"""Child processes that are killed: a worker that carries out what is due and dies at a named point."""

import os
import signal
import sys
import traceback

from django.db import connections

from kernel import crash, jobs
from kernel.jobs import claims
from kernel.jobs.models import Job
from kernel.tenancy import platform_scope


def drain_dying_at(point: str) -> bool:
    """Carry out due jobs in a forked child that is killed at a crash point. Gives whether the point was reached."""
    assert point in crash.registered(), point
    connections.close_all()
    child = os.fork()
    if child == 0:
        _drain_and_exit(point)
    _, status = os.waitpid(child, 0)
    _leases_end()
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the child failed; its traceback is on stderr"
    return False


def _drain_and_exit(point: str) -> None:
    crash._name, crash._nth = point, 1
    try:
        jobs.drain()
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
