"""The bell: tells Celery that work is due. It may be lost at any time; the sweep finds what it missed."""

import logging
import time
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string

log = logging.getLogger(__name__)

TASK = "jobs.ring"
# A broker that does not answer costs each request its connect time-out; one request a second pays it, not all.
QUIET_SECONDS = 1.0
# Enough to fill every slot of a worker: a slot that is awake goes on by itself until nothing is due.
IDS_PER_RING = 16

_quiet_until = 0.0


class _Ring:
    """All jobs put at one savepoint level of a transaction, announced in one message."""

    def __init__(self, job: UUID) -> None:
        self.jobs = [str(job)]

    def __call__(self) -> None:
        ring(self.jobs)


def ring_after_commit(job: UUID) -> None:
    """Ring once the open transaction has committed; jobs of one transaction share a message."""
    # A rolled-back savepoint drops what was registered inside it, so only a ring of this very level is shared.
    level = set(connection.savepoint_ids)
    for sids, function, *_ in connection.run_on_commit:
        if isinstance(function, _Ring) and sids == level:
            function.jobs.append(str(job))
            return
    transaction.on_commit(_Ring(job))


def ring(jobs: list[str]) -> bool:
    """Send one message naming the first of `jobs`. False when the broker could not be reached."""
    global _quiet_until  # noqa: PLW0603
    if not settings.JOBS_RING or time.monotonic() < _quiet_until:
        return False
    try:
        app = import_string(settings.CELERY_APP)
        app.send_task(TASK, args=[jobs[:IDS_PER_RING]], retry=False, ignore_result=True)
    except Exception as error:  # whatever the broker's client raises, the row is committed and the sweep will find it
        _quiet_until = time.monotonic() + QUIET_SECONDS
        log.warning("jobs.ring_lost", extra={"error": type(error).__name__})
        return False
    return True
