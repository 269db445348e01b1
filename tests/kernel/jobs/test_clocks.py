"""A clock that jumps, processes that restart, ticks that are missed: no slot is run twice, and none never."""

import os
import pickle
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from celery.schedules import schedule as celery_schedule
from hypothesis import example, given, settings
from hypothesis import strategies as st

from config.celery import TICK, Steady, app
from kernel import clock as kernel_clock
from kernel import jobs
from kernel.jobs.cadence import Cadence
from kernel.jobs.models import CadenceSlot, Job
from kernel.tenancy import Business, platform_scope
from kernel.tenancy.directory import forget
from tests.conftest import TestClock
from tests.kernel.jobs import test_cadence  # noqa: F401  (registers the work of the schedule)
from tests.kernel.jobs.test_running import effects_of, put

ZONE = "Asia/Kolkata"
QUARTERLY = Cadence(name="tests.quarterly", scope="platform", every=timedelta(minutes=15), handler="tests.tick")
NIGHTLY = Cadence(name="tests.nightly", scope="platform", daily=time(2, 0), handler="tests.tick")
CADENCES = {QUARTERLY: "", NIGHTLY: ZONE}
# The night's run is near, so that jumps cross its hour in both directions.
BEGIN = datetime(2027, 3, 10, 19, 50, tzinfo=UTC)  # 01:20 on the 11th in Kolkata

# What happens between two ticks, and by how much the clock has moved then.
A_WHILE = ("a while", timedelta(minutes=17))
FORWARD = ("the clock jumps forward", timedelta(hours=1))
BACK = ("the clock jumps back", timedelta(hours=-1))
MISSED = ("nobody ticks for hours", timedelta(hours=3))
RESTART = ("the beat is started anew", timedelta(seconds=30))
BUSY = ("no worker is free", timedelta(minutes=10))
DAY = ("most of a day", timedelta(hours=23, minutes=50))


@pytest.fixture
def schedule(monkeypatch: pytest.MonkeyPatch, clock: TestClock) -> None:
    monkeypatch.setattr("config.schedule.SCHEDULE", tuple(CADENCES))


def clock_stands(at: datetime) -> None:
    Path(os.environ["SHALA_CLOCK_FILE"]).write_text(str((at - kernel_clock.machine_now()).total_seconds()))


def slots_run(cadence: Cadence) -> Counter[datetime]:
    """How often the work of each slot was carried out."""
    with platform_scope():
        keys = Job.objects.filter(cadence=cadence.name, state="done").values_list("dedupe", flat=True)
        return Counter(datetime.fromisoformat(str(key).partition(":")[2]) for key in keys)


@settings(max_examples=20, deadline=None)
@example(steps=[A_WHILE, FORWARD, BACK, A_WHILE, A_WHILE, A_WHILE, A_WHILE])
@example(steps=[FORWARD, BACK, FORWARD, DAY, BACK, FORWARD])
@example(steps=[BUSY, FORWARD, BUSY, BACK, A_WHILE])
@given(steps=st.lists(st.sampled_from([A_WHILE, FORWARD, BACK, MISSED, RESTART, BUSY, DAY]), min_size=3, max_size=12))
def _sequences(steps: list[tuple[str, timedelta]]) -> None:
    with platform_scope():
        Job.objects.all().delete()
        CadenceSlot.objects.all().delete()
    now, stood, owed = BEGIN, dict[Cadence, datetime](), set[Cadence]()
    ran = {cadence: Counter[datetime]() for cadence in CADENCES}
    for what, by in [("at first", timedelta()), *steps, ("at last", timedelta(seconds=5))]:
        now += by
        clock_stands(now)
        if what == RESTART[0]:
            forget()  # a new process knows nothing of what the old one remembered
        jobs.tick()
        for cadence, zone in CADENCES.items():
            slot = cadence.slot(now, zone)
            # What is seen for the first time: a daily one waits for its hour, the other runs.
            begun = slot > stood[cadence] if cadence in stood else cadence is QUARTERLY
            stood[cadence] = slot
            if begun and slot not in ran[cadence]:
                owed.add(cadence)
        if what == BUSY[0]:
            continue
        jobs.drain()
        for cadence in CADENCES:
            done = slots_run(cadence)
            assert done.total() - ran[cadence].total() == (cadence in owed), (what, cadence.name)
            assert set(done.values()) <= {1}
            ran[cadence] = done
        owed.clear()
    nights = Counter(slot.astimezone(ZoneInfo(ZONE)).date() for slot in ran[NIGHTLY])
    assert set(nights.values()) <= {1}


def test_no_slot_runs_twice_or_never(schedule: None) -> None:
    """Right means: a slot that is seen to begin is run, once, however often the clock comes by it; slots that began
    while nobody ticked are made up for by one run; work that waited for a worker when the clock went back does not wait
    for the hour to come again; and no night's work is done twice, whatever the clock did in between.
    """
    _sequences()


def test_work_put_before_the_clock_was_set_back_does_not_wait_an_hour(academy: Business, schedule: None) -> None:
    noon = BEGIN + timedelta(hours=12)  # whatever hour it is here: no night's run comes in between
    clock_stands(noon)
    jobs.tick()
    jobs.drain()
    clock_stands(noon + timedelta(hours=1))
    jobs.tick()
    put(academy, kind="at once")
    clock_stands(noon)
    assert jobs.drain() == 0
    jobs.tick()
    assert jobs.drain() == 2
    assert effects_of(academy) == ["at once"]


def test_a_beat_whose_machine_was_set_back_ticks_on() -> None:
    """Celery's own beat would wait until the last tick's hour has come again."""
    ahead = datetime.now(UTC) + timedelta(hours=1)
    assert not celery_schedule(TICK).is_due(ahead).is_due
    assert Steady(TICK).is_due(ahead).is_due
    assert not Steady(TICK).is_due(datetime.now(UTC)).is_due
    [line] = app.conf.beat_schedule.values()
    assert isinstance(line["schedule"], Steady)
    assert pickle.loads(pickle.dumps(line["schedule"])) == line["schedule"]  # noqa: S301 as its file keeps it
