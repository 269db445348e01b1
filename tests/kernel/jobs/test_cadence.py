"""The schedule: each slot once, missed slots once together, suspended tenants not at all."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection

from kernel import clock as kernel_clock
from kernel import jobs
from kernel.jobs import cadence
from kernel.jobs.cadence import Cadence
from kernel.jobs.models import Job
from kernel.tenancy import Business, platform_scope
from tests.conftest import TestClock
from tests.kernel.jobs.test_running import set_state
from tests.support.racing import race

MINUTELY = Cadence(name="tests.minutely", scope="tenants", every=timedelta(minutes=1), handler="tests.tick")
NIGHTLY = Cadence(name="tests.nightly", scope="tenants", daily=time(2, 0), handler="tests.tick")
HOUSEKEEPING = Cadence(name="tests.tick", scope="platform", every=timedelta(hours=1))


@jobs.handler("tests.tick")
def ticked() -> dict[str, int]:
    return {"ticked": 1}


@pytest.fixture
def schedule(monkeypatch: pytest.MonkeyPatch, clock: TestClock) -> TestClock:
    """A schedule of three, and a clock at the beginning of an hour tomorrow: no slot ends under the test's hands."""
    monkeypatch.setattr("config.schedule.SCHEDULE", (MINUTELY, NIGHTLY, HOUSEKEEPING))
    now = kernel_clock.now()
    hour = now.replace(minute=0, second=5, microsecond=0) + timedelta(hours=1)
    clock.move(seconds=(hour - now).total_seconds())
    return clock


def runs(business: Business, name: str) -> list[str]:
    with platform_scope():
        found = Job.objects.filter(business=business.schema, cadence=name).order_by("id")
        return [row.state for row in found]


def test_a_slot_puts_one_job_for_each_tenant_alive(academy: Business, library: Business, schedule: TestClock) -> None:
    set_state(library, "suspended")
    jobs.tick()
    jobs.tick()
    assert (runs(academy, "tests.minutely"), runs(library, "tests.minutely")) == (["queued"], [])
    jobs.drain()
    jobs.tick()
    assert runs(academy, "tests.minutely") == ["done"]
    schedule.move(minutes=1)
    jobs.tick()
    assert runs(academy, "tests.minutely") == ["done", "queued"]


def test_a_tick_with_nothing_to_do_asks_where_the_schedule_stands(academy: Business, schedule: TestClock) -> None:
    jobs.tick()
    asked: list[str] = []

    def note(execute: Any, statement: str, *rest: Any) -> Any:
        asked.append(statement)
        return execute(statement, *rest)

    with connection.execute_wrapper(note):
        assert jobs.tick() == 0
    assert [statement for statement in asked if "jobs_" in statement] == ["SELECT name, zone, slot FROM jobs_cadence"]


def test_the_key_of_a_slot_is_its_name_and_beginning(academy: Business, schedule: TestClock) -> None:
    jobs.tick()
    slot = MINUTELY.slot(kernel_clock.now(), "")
    with platform_scope():
        keys = Job.objects.filter(business=academy.schema).values_list("dedupe", "args")
        assert list(keys) == [(f"tests.minutely:{slot.isoformat()}", {})]


def test_missed_slots_are_caught_up_once(academy: Business, schedule: TestClock) -> None:
    jobs.tick()
    jobs.drain()
    schedule.move(hours=3)
    jobs.tick()
    assert runs(academy, "tests.minutely") == ["done", "queued"]


def test_a_slot_is_left_while_the_one_before_still_waits(academy: Business, schedule: TestClock) -> None:
    for _ in range(3):
        jobs.tick()
        schedule.move(minutes=1)
    assert runs(academy, "tests.minutely") == ["queued"]


def test_the_operators_work_is_put_for_the_operator(platform: Business, academy: Business, schedule: TestClock) -> None:
    jobs.tick()
    assert runs(platform, "tests.tick") == ["queued"]
    assert runs(academy, "tests.tick") == []


def test_daily_follows_the_wall_clock_of_each_zone(academy: Business, library: Business, schedule: TestClock) -> None:
    with platform_scope(), connection.cursor() as cursor:
        cursor.execute("UPDATE tenants_tenant SET zone = 'Asia/Tokyo' WHERE schema_name = %s", [library.schema])
    jobs.tick()
    assert runs(academy, "tests.nightly") == [], "seen for the first time, it waits for its hour"
    now = kernel_clock.now()
    to_tokyo = timedelta(days=1) + NIGHTLY.slot(now, "Asia/Tokyo") - now + timedelta(seconds=1)
    to_kolkata = timedelta(days=1) + NIGHTLY.slot(now, "Asia/Kolkata") - now + timedelta(seconds=1)
    first, second = sorted([(to_tokyo, library), (to_kolkata, academy)], key=lambda pair: pair[0])
    schedule.move(seconds=first[0].total_seconds())
    jobs.tick()
    assert (runs(first[1], "tests.nightly"), runs(second[1], "tests.nightly")) == (["queued"], [])
    schedule.move(seconds=(second[0] - first[0]).total_seconds())
    jobs.tick()
    assert runs(second[1], "tests.nightly") == ["queued"]


def test_slots_begin_where_they_should() -> None:
    now = datetime(2026, 11, 20, 20, 31, 7, tzinfo=UTC)  # 02:01:07 on the 21st in Kolkata
    assert MINUTELY.slot(now, "") == datetime(2026, 11, 20, 20, 31, tzinfo=UTC)
    assert NIGHTLY.slot(now, "Asia/Kolkata") == datetime(2026, 11, 20, 20, 30, tzinfo=UTC)
    assert NIGHTLY.slot(now, "Asia/Tokyo") == datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
    assert NIGHTLY.slot(now - timedelta(minutes=2), "Asia/Kolkata") == datetime(2026, 11, 19, 20, 30, tzinfo=UTC)


@pytest.mark.parametrize("round_", range(5))
def test_ticks_at_once_put_each_slot_once(academy: Business, schedule: TestClock, round_: int) -> None:
    schedule.move(hours=round_)
    race(8, lambda _: jobs.tick())
    assert runs(academy, "tests.minutely") == ["queued"]


def test_a_cadence_is_either_or() -> None:
    with pytest.raises(ValueError, match="either every or daily"):
        Cadence(name="x", scope="tenants")


def test_the_schedule_in_force_names_registered_work() -> None:
    from kernel.jobs import registry

    for line in cadence.schedule():
        assert registry.find(line.job).name == line.job
    assert len({line.name for line in cadence.schedule()}) == len(cadence.schedule())
