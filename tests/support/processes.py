"""Child processes that are killed: somebody at work who dies at a named point."""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable

from django.db import connections

from kernel import crash, jobs
from kernel.jobs import claims
from kernel.jobs.models import Job
from kernel.tenancy import platform_scope
from tests.support import crashes


def dying_at(point: str, work: Callable[[], object], *, nth: int = 1) -> bool:
    """Work in a forked child that is killed when it passes a crash point for the `nth` time. Gives whether it did."""
    assert point in crash.registered(), point

    def armed() -> None:
        crash._name, crash._nth = point, nth
        work()

    code = _child(armed)
    assert crashes.died(point, code) or code == 0, f"the child ended with {code}; its traceback is on stderr"
    return code != 0


def drain_dying_at(point: str, *, nth: int = 1) -> bool:
    """Carry out due jobs in a child that dies at a point; what its leases held is due again when this returns."""
    reached = dying_at(point, jobs.drain, nth=nth)
    _leases_end()
    return reached


def drain_dying_after(seconds: float) -> bool:
    """The same at a moment, wherever the child then is; whether it had not ended by then."""

    def armed() -> None:
        killer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL))
        killer.daemon = True
        killer.start()
        jobs.drain()

    code = _child(armed)
    assert code in {0, -signal.SIGKILL}, f"the child ended with {code}; its traceback is on stderr"
    _leases_end()
    return code != 0


def _child(work: Callable[[], object]) -> int:
    """Work in a fork of this process; its exit code as `subprocess` gives it."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        _work_and_exit(work)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _work_and_exit(work: Callable[[], object]) -> None:
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
