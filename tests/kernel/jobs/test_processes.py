"""Real workers, killed; a real Redis, wiped and killed: every effect comes, and comes once."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db.transaction import atomic

from kernel import clock as kernel_clock
from kernel import crash, jobs
from kernel.jobs.models import Job
from kernel.tenancy import Business, platform_scope, tenant_scope
from tests.conftest import TestClock
from tests.kernel.jobs.work import effects
from tests.support import database
from tests.support.workers import OwnRedis, beat, rung, until, worker


@pytest.fixture
def own_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnRedis]:
    with rung(monkeypatch) as server:
        yield server


def put(business: Business, names: list[str], handler: str = "tests.note") -> None:
    with tenant_scope(business), atomic():
        for name in names:
            jobs.put(handler, kind=name)


def effects_of(business: Business) -> list[str]:
    with tenant_scope(business):
        return effects()


def states() -> set[str]:
    with platform_scope():
        return set(Job.objects.values_list("state", flat=True))


def all_done() -> bool:
    return states() == {"done"}


def is_up(log: Path) -> bool:
    return b" ready." in log.read_bytes()


def test_workers_killed_at_each_point_leave_every_effect_once(
    academy: Business, library: Business, own_redis: OwnRedis, tmp_path: Path
) -> None:
    names = [f"{n:02}" for n in range(24)]
    put(academy, names)
    put(library, names)
    for point in ("jobs.claimed", "jobs.carried_out", "jobs.finished"):
        assert point in crash.registered()
        with worker(own_redis.url, crash_at=f"{point}:7", log=tmp_path / point) as killed:
            assert killed.wait(timeout=60) == -signal.SIGKILL
    assert not all_done()
    with worker(own_redis.url, log=tmp_path / "last"):
        until(all_done)
    assert effects_of(academy) == names
    assert effects_of(library) == names
    with platform_scope():
        assert Job.objects.filter(attempts__gt=1).count() >= 2, "what the killed workers held was taken over"


def test_redis_emptied_with_the_queue_full_loses_nothing_and_the_bell_still_rings(
    academy: Business, library: Business, own_redis: OwnRedis, tmp_path: Path
) -> None:
    log, queue = tmp_path / "worker", f"{settings.REDIS_PREFIX}celery"
    put(academy, [f"one commit {n:02}" for n in range(10)])
    assert own_redis.client.llen(queue) == 1, "one ring for one transaction"
    waiting = [f"{n:03}" for n in range(200)]
    for business in (academy, library):
        for start in range(0, 200, 4):
            put(business, waiting[start : start + 4])
    assert own_redis.client.llen(queue) == 101
    own_redis.client.flushall()
    with worker(own_redis.url, log=log):
        until(lambda: len(effects_of(academy)) > 20)
        began = time.monotonic()
        own_redis.client.flushall()
        until(lambda: is_up(log))
        for turn in range(3):
            put(academy, [f"turn {turn}:{n}" for n in range(5)])
            own_redis.client.flushall()
        until(all_done, seconds=60)
        assert time.monotonic() - began < 60
        began = time.monotonic()
        put(academy, ["prompt"])
        until(lambda: "prompt" in effects_of(academy), seconds=5)
        assert time.monotonic() - began < 2
    added = [f"turn {turn}:{n}" for turn in range(3) for n in range(5)]
    assert effects_of(library) == waiting
    assert effects_of(academy) == sorted([*waiting, "prompt", *added, *(f"one commit {n:02}" for n in range(10))])


def test_without_redis_work_goes_on_and_with_it_back_the_bell_rings_again(
    academy: Business, own_redis: OwnRedis, tmp_path: Path
) -> None:
    log = tmp_path / "worker"
    with worker(own_redis.url, log=log):
        put(academy, ["before"])
        until(lambda: effects_of(academy) == ["before"])
        until(lambda: is_up(log))
        own_redis.kill()
        put(academy, [f"without {n}" for n in range(5)])
        until(lambda: len(effects_of(academy)) == 6, seconds=15)
        own_redis.start()
        put(academy, ["with it back"])
        until(lambda: len(effects_of(academy)) == 7, seconds=30)
    assert effects_of(academy) == sorted(["before", "with it back", *(f"without {n}" for n in range(5))])


def test_a_worker_told_to_stop_finishes_what_it_runs(academy: Business, own_redis: OwnRedis, tmp_path: Path) -> None:
    log = tmp_path / "worker"
    with worker(own_redis.url, log=log) as process:
        until(lambda: log.exists() and is_up(log))
        put(academy, [f"{n:03}" for n in range(200)])
        until(lambda: len(effects_of(academy)) > 5)
        process.terminate()
        assert process.wait(timeout=30) == 0
    assert states() <= {"done", "queued"}, "nothing is left half-way"
    jobs.drain()
    assert effects_of(academy) == [f"{n:03}" for n in range(200)]


def test_the_schedule_runs_on_when_the_beat_is_killed_and_started_again(
    academy: Business, own_redis: OwnRedis, tmp_path: Path, clock: TestClock
) -> None:
    """Slots missed in between are made up for by one run; what had run does not run again."""

    def runs() -> list[str]:
        with platform_scope():
            found = Job.objects.filter(business=academy.schema, cadence="accounts.forget")
            return list(found.values_list("state", flat=True))

    # Early in an hour, so that no slot begins by itself under the test's hands.
    now = kernel_clock.now()
    clock.move(seconds=3605 - now.timestamp() % 3600)
    with worker(own_redis.url, log=tmp_path / "worker"):
        with beat(own_redis.url, log=tmp_path / "beat"):
            until(lambda: runs() == ["done"], seconds=60)
        clock.move(hours=1)
        with beat(own_redis.url, log=tmp_path / "beat"):
            until(lambda: len(runs()) > 1, seconds=60)
            until(all_done)
    jobs.tick()
    assert runs() == ["done", "done"]


def test_a_worker_outlives_its_database_connections(
    academy: Business, own_redis: OwnRedis, tmp_path: Path, clock: Any
) -> None:
    def all_done_in_time() -> bool:
        """Time flies: what failed is tried again after seconds."""
        clock.move(seconds=1)
        return all_done()

    names, log = [f"{n:03}" for n in range(150)], tmp_path / "worker"
    with psycopg.connect(database._state["admin"], autocommit=True) as admin, worker(own_redis.url, log=log):
        until(lambda: is_up(log))
        put(academy, names)
        for some in (5, 30, 60):
            until(lambda: len(effects_of(academy)) >= some)  # noqa: B023 called before the loop goes on
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = %s AND application_name = 'shala-worker'",
                [settings.DATABASES["default"]["NAME"]],
            )
        until(all_done_in_time)
    assert effects_of(academy) == names
