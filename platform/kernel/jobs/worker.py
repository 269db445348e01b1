"""A worker process: slots that carry jobs out when the bell rings, and a keeper that needs no bell.

One slot is kept for what is urgent, so a one-time code never waits for a campaign. The keeper renews the leases of
what runs here, takes back what dead workers held, and sees to due work the bell did not announce: it rings again, and
where ringing does not help it carries the work out in threads of its own. So Redis may be wiped or away.
"""

import logging
import threading
import time
from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections, connection, connections

from kernel.jobs import claims, runner
from kernel.jobs.ring import ring

log = logging.getLogger(__name__)

SWEEP_SECONDS = 1.0
# Due for longer than this with a free slot: the bell was rung in vain.
RING_PATIENCE_SECONDS = 3.0
# A job that runs longer than this is taken for stuck: its lease is no longer renewed.
LONGEST_RUN_SECONDS = 15 * 60


class Worker:
    """The slots of one process."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._general = threading.BoundedSemaphore(max(slots - 1, 1))
        self._lock = threading.Lock()
        self._busy = 0
        self._running: dict[UUID, float] = {}
        self._last = ""
        self._stopping = threading.Event()
        self._keeper: threading.Thread | None = None

    @property
    def free(self) -> int:
        return max(self.slots - self._busy, 0)

    def start(self) -> None:
        self._keeper = threading.Thread(target=self._keep, name="jobs-keeper", daemon=True)
        self._keeper.start()

    def stop(self) -> None:
        """Finish what runs and take nothing new."""
        self._stopping.set()

    def work(self) -> int:
        """Carry out due jobs, the next in turn each time, until none is due. Gives how many."""
        with self._lock:
            self._busy += 1
        try:
            ran = 0
            while not self._stopping.is_set() and self._next():
                ran += 1
            return ran
        finally:
            with self._lock:
                self._busy -= 1

    def _next(self) -> bool:
        general = self._general.acquire(blocking=False)
        try:
            job = claims.claim(urgent_only=not general, after=self._last)
            if job is None:
                return False
            self._last = job.business
            self._running[job.lease] = time.monotonic()
            try:
                runner.run(job)
            finally:
                self._running.pop(job.lease, None)
            return True
        finally:
            if general:
                self._general.release()
            close_old_connections()  # one that has served many schemas, or was broken, makes way between jobs

    def _keep(self) -> None:
        renewed = time.monotonic()
        while not self._stopping.wait(SWEEP_SECONDS):
            try:
                if time.monotonic() - renewed >= settings.JOBS_LEASE_SECONDS / 5:
                    renewed = time.monotonic()
                    self._renew()
                self.sweep()
            except Exception:  # the database may be away; the keeper outlives it
                log.exception("jobs.keeper_failed")
                connection.close()
        while self._running:
            self._guarded(self._renew)
            time.sleep(SWEEP_SECONDS)
        connections.close_all()

    def _renew(self) -> None:
        newest = time.monotonic() - LONGEST_RUN_SECONDS
        if leases := [lease for lease, since in list(self._running.items()) if since > newest]:
            claims.extend(leases)

    def sweep(self) -> int:
        """See to lost leases and unannounced work. Gives how many due jobs were waiting beside a free slot."""
        if lost := claims.reclaim():
            log.warning("jobs.reclaimed", extra={"jobs": lost})
        free, general = self.free, self._general_free()
        if not free:
            return 0
        waiting = claims.waiting(free, urgent_only=not general)
        if not waiting:
            return 0
        overdue = max(seconds for _, seconds in waiting)
        if overdue > RING_PATIENCE_SECONDS or not ring([str(job) for job, _ in waiting]):
            for _ in waiting:
                threading.Thread(target=self._guarded, args=(self._work_and_leave,), daemon=True).start()
        return len(waiting)

    def _general_free(self) -> bool:
        """Whether a slot for work that is not urgent is free at this moment."""
        if free := self._general.acquire(blocking=False):
            self._general.release()
        return free

    def _work_and_leave(self) -> None:
        try:
            self.work()
        finally:
            connections.close_all()

    def _guarded(self, function: Callable[[], object]) -> None:
        try:
            function()
        except Exception:
            log.exception("jobs.worker_failed")
            connection.close()


_worker: Worker | None = None
_making = threading.Lock()


def worker() -> Worker:
    """This process's worker."""
    global _worker  # noqa: PLW0603
    with _making:
        if _worker is None:
            _worker = Worker(settings.JOBS_SLOTS)
        return _worker
