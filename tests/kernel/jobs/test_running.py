"""Carrying jobs out: effect and "done" together, back-off, dead letters, leases, turns between businesses."""

import io
import logging
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.db.transaction import atomic

from kernel import clock as kernel_clock
from kernel import jobs
from kernel.jobs import claims, runner
from kernel.jobs.models import Job
from kernel.jobs.worker import Worker
from kernel.tenancy import Business, current_or_none, platform_scope, system_scope, tenant_scope
from kernel.tenancy.directory import forget
from tests.conftest import TestClock
from tests.kernel.jobs.work import effects
from tests.support.racing import race
from tests.support.workers import until


def job_row(job: object) -> Job:
    with platform_scope():
        return Job.objects.get(id=job)


def effects_of(business: Business) -> list[str]:
    with tenant_scope(business):
        return effects()


def put(business: Business, handler: str = "tests.note", priority: int = jobs.NORMAL, **args: str) -> object:
    with tenant_scope(business):
        return jobs.put(handler, priority=priority, **args)


def set_state(business: Business, state: str) -> None:
    with platform_scope(), connection.cursor() as cursor:
        cursor.execute("UPDATE tenants_tenant SET state = %s WHERE schema_name = %s", [state, business.schema])
    forget()


def test_each_job_runs_in_its_business_and_keeps_its_counts(academy: Business, library: Business) -> None:
    first, second = put(academy, kind="a"), put(library, kind="b")
    assert jobs.drain() == 2
    assert (effects_of(academy), effects_of(library)) == (["a"], ["b"])
    for job in (first, second):
        row = job_row(job)
        assert (row.state, row.result, row.attempts, row.lease) == ("done", {"noted": 1}, 1, None)
        assert row.finished_at is not None
    assert current_or_none() is None


def test_a_job_due_later_waits_for_the_clock(academy: Business, clock: TestClock) -> None:
    with tenant_scope(academy):
        jobs.put("tests.note", kind="later", due=kernel_clock.now() + timedelta(minutes=10))
    assert jobs.drain() == 0
    clock.move(minutes=11)
    assert jobs.drain() == 1
    assert effects_of(academy) == ["later"]


def test_a_failing_job_leaves_nothing_and_is_tried_with_growing_delays_until_dead(
    academy: Business, clock: TestClock, caplog: pytest.LogCaptureFixture
) -> None:
    job = put(academy, "tests.fail", kind="never")
    delays = []
    with caplog.at_level(logging.CRITICAL):
        for _ in range(2):
            jobs.drain()
            row = job_row(job)
            assert row.state == "queued"
            delays.append((row.due - kernel_clock.now()).total_seconds())
            clock.move(minutes=1)
        assert 3 < delays[0] < 7 < delays[1] < 13
        with pytest.raises(jobs.JobsDied, match=r"tests\.fail"):
            jobs.drain()
    row = job_row(job)
    assert (row.state, row.attempts) == ("dead", 3)
    assert row.error.startswith("ValueError in fail")
    assert "98000" not in row.error
    assert effects_of(academy) == []
    clock.move(days=1)
    assert jobs.drain() == 0


def test_dead_means_not_again_until_someone_revives_it(academy: Business) -> None:
    job = put(academy, "tests.die", kind="x")
    with pytest.raises(jobs.JobsDied):
        jobs.drain()
    assert (job_row(job).state, job_row(job).error) == ("dead", "Dead: proven absent")
    assert effects_of(academy) == []
    assert claims.revive(job_row(job).id)
    assert (job_row(job).state, job_row(job).attempts) == ("queued", 0)
    assert not claims.revive(job_row(job).id)


def test_a_job_nobody_handles_or_of_no_tenant_is_a_dead_letter(academy: Business) -> None:
    job = put(academy, kind="a")
    stray = put(academy, kind="b")
    with platform_scope():
        Job.objects.filter(id=job).update(handler="tests.removed")
        Job.objects.filter(id=stray).update(business="t_999999")
    with pytest.raises(jobs.JobsDied):
        jobs.drain()
    assert job_row(job).error.startswith("HandlerUnknown")
    assert job_row(stray).error == "TenancyError: no tenant has schema t_999999"


def test_a_suspended_tenants_jobs_wait_except_what_must_be_booked(academy: Business, clock: TestClock) -> None:
    waits, runs = put(academy, kind="waits"), put(academy, "tests.note_always", kind="booked")
    set_state(academy, "suspended")
    jobs.drain()
    assert effects_of(academy) == ["booked"]
    assert (job_row(waits).state, job_row(waits).attempts, job_row(runs).state) == ("queued", 0, "done")
    set_state(academy, "active")
    clock.move(minutes=6)
    jobs.drain()
    assert effects_of(academy) == ["booked", "waits"]


def test_a_business_that_opens_again_is_worked_for_at_once(academy: Business, clock: TestClock) -> None:
    with tenant_scope(academy):
        tomorrow = jobs.put("tests.note", due=kernel_clock.now() + timedelta(days=1), kind="tomorrow")
    put(academy, kind="waits")
    set_state(academy, "suspended")
    jobs.drain()
    with platform_scope(), atomic():
        set_state(academy, "active")
        jobs.wake(academy)
    clock.move(seconds=3)
    jobs.drain()
    assert effects_of(academy) == ["waits"]
    assert job_row(tomorrow).due > kernel_clock.now() + timedelta(hours=23)


def test_work_without_a_scope_is_an_error_not_the_operators_row(academy: Business, platform: Business) -> None:
    with platform_scope():
        before = effects()
    lost, thread = put(academy, "tests.unscoped", kind="x"), put(academy, "tests.in_a_thread", kind="x")
    with pytest.raises(jobs.JobsDied):
        jobs.drain()
    for job in (lost, thread):
        assert job_row(job).state == "dead"
        assert job_row(job).error.startswith("ScopeMissing: a query outside any scope")
    assert effects_of(academy) == []
    with platform_scope():
        assert effects() == before


@pytest.fixture
def stolen(academy: Business) -> tuple[claims.Claim, claims.Claim]:
    """A job whose first worker fell silent, and which a second has taken over."""
    put(academy, kind="once")
    first = claims.claim()
    assert first is not None
    with platform_scope():
        Job.objects.filter(id=first.id).update(lease_until="2000-01-01T00:00Z")
    assert claims.reclaim() == 1
    second = claims.claim()
    assert second is not None
    assert second.id == first.id
    assert second.lease != first.lease
    return first, second


def test_who_lost_the_lease_changes_nothing(academy: Business, stolen: tuple[claims.Claim, claims.Claim]) -> None:
    first, second = stolen
    assert runner.run(first) == "lost"
    assert effects_of(academy) == []
    claims.bury(first, "too late")
    claims.retry(first, "too late")
    assert job_row(first.id).state == "running"
    assert runner.run(second) == "done"
    assert runner.run(first) == "lost"
    assert effects_of(academy) == ["once"]


def test_a_lease_that_is_renewed_is_not_taken(academy: Business) -> None:
    put(academy, kind="slow")
    held = claims.claim()
    assert held is not None
    with platform_scope():
        Job.objects.filter(id=held.id).update(lease_until="2000-01-01T00:00Z")
    claims.extend([held.lease])
    assert claims.reclaim() == 0
    assert claims.claim() is None
    assert runner.run(held) == "done"


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_dead_workers_job_is_taken_over_whatever_the_machines_clock_does(academy: Business, jump: timedelta) -> None:
    """A living worker's is too, at once rather than an hour late: its lease is lost and what it did rolled back."""
    put(academy, kind="once")
    held = claims.claim()
    assert held is not None
    assert claims.reclaim() == 0
    with time_machine.travel(datetime.now(UTC) + jump):
        assert claims.reclaim() == 1
        assert runner.run(held) == "lost"
        assert effects_of(academy) == []
    jobs.drain()
    assert effects_of(academy) == ["once"]


def test_a_job_that_kills_its_worker_every_time_dies(academy: Business) -> None:
    job = put(academy, "tests.fail", kind="poison")
    for _ in range(3):
        assert claims.claim() is not None
        with platform_scope():
            Job.objects.filter(id=job).update(lease_until="2000-01-01T00:00Z")
        assert claims.reclaim() == 1
    with pytest.raises(jobs.JobsDied):
        jobs.drain()
    assert job_row(job).error == "Dead: every attempt was lost with its worker"


def test_who_asked_to_hear_of_a_jobs_death_does_however_it_dies(academy: Business, clock: TestClock) -> None:
    at_once, in_the_end, unmourned = (put(academy, "tests.mourned", kind=k) for k in ("at once", "worn", "unmourned"))
    lost = put(academy, "tests.mourned", kind="lost")
    with platform_scope():
        Job.objects.filter(id=lost).update(attempts=2)
    for _ in range(2):
        with pytest.raises(jobs.JobsDied):
            jobs.drain()
        clock.move(minutes=1)
    with platform_scope():
        told = effects("at once") + effects("worn") + effects("unmourned") + effects("lost")
    assert [one.partition(",")[0] for one in told] == [
        "at once: Dead: proven absent",
        "worn: ValueError in mourned",
        "unmourned: ValueError in mourned",
        "lost: Dead: every attempt was lost with its worker",
    ]
    assert {job_row(job).state for job in (at_once, in_the_end, unmourned, lost)} == {"dead"}
    assert current_or_none() is None


def test_businesses_take_turns(academy: Business, other_academy: Business, library: Business) -> None:
    for number in range(6):
        put(academy, kind=f"{number}")
    put(other_academy, kind="x")
    put(library, kind="y")
    put(library, kind="z")
    served: list[str] = []
    while job := claims.claim(after=served[-1] if served else ""):
        served.append(job.business)
        runner.run(job)
    assert len(served) == 9
    assert set(served[:3]) == {academy.schema, other_academy.schema, library.schema}
    assert Counter(served[:5]) == {academy.schema: 2, library.schema: 2, other_academy.schema: 1}
    assert served[5:] == [academy.schema] * 4


def test_a_job_another_worker_is_taking_is_passed_over(academy: Business, library: Business) -> None:
    first, second = put(academy, kind="first"), put(academy, kind="second")
    with system_scope("worker"), atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM jobs_job WHERE id = %s FOR UPDATE", [first])
        assert race(1, lambda _: taken()) == {second: 1}
        put_at = race(1, lambda _: put(library, kind="third"))
        assert race(1, lambda _: taken()) == put_at
        assert race(1, lambda _: taken()) == {None: 1}


def taken() -> object:
    job = claims.claim()
    return job and job.id


def test_urgent_overtakes_and_has_a_slot_of_its_own(academy: Business, library: Business) -> None:
    for number in range(3):
        put(academy, priority=jobs.BULK, kind=f"bulk {number}")
    put(academy, kind="normal")
    put(library, priority=jobs.URGENT, kind="code")
    assert [claims.claim().args["kind"] for _ in range(2)] == ["code", "normal"]  # type: ignore[union-attr]
    put(library, priority=jobs.URGENT, kind="another code")
    urgent = claims.claim(urgent_only=True)
    assert urgent is not None
    assert urgent.args["kind"] == "another code"
    assert claims.claim(urgent_only=True) is None, "the slot kept for codes takes nothing else"


@pytest.mark.parametrize("round_", range(5))
def test_two_sweeps_and_32_slots_at_once_carry_each_job_out_once(
    academy: Business, library: Business, round_: int
) -> None:
    for number in range(20):
        put(academy, kind=f"{round_}:{number:02}")
        put(library, kind=f"{round_}:{number:02}")
    workers = [Worker(16), Worker(16)]

    def work(index: int) -> str:
        worker = workers[index % 2]
        if index < 4:
            worker.sweep()
        worker.work()
        return "finished"

    assert race(32, work) == {"finished": 32}
    jobs.drain()
    expected = [f"{round_}:{number:02}" for number in range(20)]
    assert effects_of(academy) == expected
    assert effects_of(library) == expected


def test_drain_refuses_to_run_inside_a_transaction(academy: Business) -> None:
    put(academy, kind="x")
    with tenant_scope(academy), atomic(), pytest.raises(Exception, match="open transaction"):
        jobs.drain()
    assert effects_of(academy) == []


def test_done_jobs_are_trimmed_after_a_week_and_dead_ones_kept(academy: Business, clock: TestClock) -> None:
    done, dead = put(academy, kind="x"), put(academy, "tests.die", kind="y")
    with pytest.raises(jobs.JobsDied):
        jobs.drain()
    clock.move(days=6)
    assert claims.trim() == 0
    clock.move(days=2)
    assert claims.trim() == 1
    with platform_scope():
        assert [row.id for row in Job.objects.filter(id__in=[done, dead])] == [dead]


def test_a_code_goes_out_while_every_other_slot_is_taken(academy: Business, library: Business) -> None:
    release = threading.Event()
    jobs.handler("tests.campaign")(lambda *, part: release.wait(30))
    for part in range(5):
        put(academy, "tests.campaign", jobs.BULK, part=str(part))
    worker = Worker(4)
    busy = [threading.Thread(target=worker.work) for _ in range(3)]
    for thread in busy:
        thread.start()
    until(lambda: worker.free == 1 and len(running()) == 3)
    assert worker.work() == 0, "the last slot takes no campaign"
    assert worker.sweep() == 0, "nor does the sweep ring for one"
    put(library, priority=jobs.URGENT, kind="code")
    assert worker.work() == 1
    assert effects_of(library) == ["code"]
    assert len(running()) == 3
    release.set()
    for thread in busy:
        thread.join(30)
    assert running() == []


def running() -> list[str]:
    with platform_scope():
        return list(Job.objects.filter(state="running").values_list("handler", flat=True))


def test_dead_letters_are_listed_and_revived_by_command(academy: Business) -> None:
    first, second = put(academy, "tests.die", kind="x"), put(academy, "tests.die", kind="y")
    with pytest.raises(jobs.JobsDied):
        jobs.drain()

    def command(*arguments: str) -> list[str]:
        out = io.StringIO()
        call_command("deadletters", *arguments, stdout=out)
        return out.getvalue().splitlines()

    shown = command("--handler", "tests.die")
    assert len(shown) == 2
    assert {line.split()[2] for line in shown} == {str(first), str(second)}
    assert all(line.endswith(f"{academy.schema} tests.die: Dead: proven absent") for line in shown)
    assert command("--handler", "tests.other") == []
    assert command("--revive", str(first)) == ["revived"]
    assert command("--revive", str(first)) == ["there is no dead letter with this id"]
    assert command("--revive-all")[-1] == "1 revived"
    assert {job_row(job).state for job in (first, second)} == {"queued"}
