"""Two processes that see to the queue at once, killed again and again: each effect comes, and comes once."""

import os
import random
import signal
import threading
from collections.abc import Iterator

import pytest
from django.conf import settings as product
from django.db import connections
from django.db.transaction import atomic

from kernel import jobs
from kernel.jobs.models import Job
from kernel.jobs.worker import Worker
from kernel.tenancy import Business, platform_scope, tenant_scope
from tests.kernel.jobs.test_running import effects_of
from tests.kernel.jobs.work import Rang
from tests.support.workers import until

KILLS = 20
AT_ONCE = 10


class Relay:
    """A process that sees to the queue as a worker does, its slots busy for as long as anything is due."""

    def __init__(self) -> None:
        connections.close_all()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self._work()
            finally:
                os._exit(1)

    def _work(self) -> None:
        worker, never = Worker(4), threading.Event()

        def slot() -> None:
            while worker.work() or not never.wait(0.02):
                pass

        worker.start()
        threading.Thread(target=slot, daemon=True).start()
        slot()

    def kill(self) -> int:
        os.kill(self.pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.fixture
def relays(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Relay]]:
    monkeypatch.setattr(product, "JOBS_LEASE_SECONDS", 1)
    both = [Relay(), Relay()]
    yield both
    for relay in both:
        relay.kill()


def done() -> int:
    with platform_scope():
        return Job.objects.filter(state="done").count()


def all_done() -> bool:
    with platform_scope():
        return not Job.objects.exclude(state="done").exists()


def test_two_relays_killed_twenty_times_do_each_thing_once(
    academy: Business, library: Business, relays: list[Relay]
) -> None:
    chance, a_while = random.Random(20), threading.Event()
    for kill in range(KILLS):
        before = done()
        for business in (academy, library):
            with tenant_scope(business), atomic():
                for number in range(AT_ONCE):
                    jobs.put("tests.note", kind=f"{kill:02}:{number:02}")
                jobs.publish(Rang(bell=f"{kill:02}"))
        # Once they are at it, at any moment; every other time at once, before they can be through.
        until(lambda: done() > before)  # noqa: B023 called before the loop goes on
        a_while.wait(chance.uniform(0, 0.04) * (kill % 2))
        victim = chance.randrange(2)
        assert relays[victim].kill() == -signal.SIGKILL
        relays[victim] = Relay()
    until(all_done)
    expected = sorted(
        [f"{kill:02}:{number:02}" for kill in range(KILLS) for number in range(AT_ONCE)]
        + [f"heard:{kill:02}:1" for kill in range(KILLS)]
        + [f"heard-first:{kill:02}" for kill in range(KILLS)]
    )
    assert effects_of(academy) == expected
    assert effects_of(library) == expected
    with platform_scope():
        assert Job.objects.filter(attempts__gt=1).exists(), "one died at least in the middle of its work"
