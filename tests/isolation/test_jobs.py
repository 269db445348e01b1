"""A job changes its own business alone, though another has rows of the very same ids, and nobody puts or ends jobs
for another."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection

from kernel import clock
from kernel.ids import uuid7
from kernel.jobs import registry, runner
from kernel.jobs.models import Job
from kernel.tenancy import Business, platform_business, platform_scope, tenant_scope
from tests.isolation.rows_jobs import HANDLERS, Work
from tests.isolation.twins import Watch
from tests.isolation.world import World, job_put, world_open
from tests.support.sql import rows_of


@pytest.fixture(scope="module")
def world(bucket: str, sandbox_urls: dict[str, str]) -> Iterator[World]:
    """A world to be used up."""
    with world_open(sandbox_urls) as made:
        yield made


def product_handlers() -> list[str]:
    return sorted(name for name, one in registry.handlers().items() if not one.function.__module__.startswith("tests."))


def carried_out(world: World, name: str, work: Work) -> set[str]:
    """Do the work as whom it is for; the tables of theirs that it changed."""
    whose = platform_business() if work.operators else world.home
    args = work.args(world)
    mine = Watch(whose)
    job = job_put(whose, name, args)
    assert runner.run_one(job) == "done", (name, error_of(job))
    return mine.look()


def error_of(job: UUID) -> str:
    with platform_scope():
        return str(Job.objects.get(id=job).error)


def test_there_is_a_row_for_each_handler_and_none_else() -> None:
    assert product_handlers() == sorted(HANDLERS)


@pytest.mark.parametrize("name", sorted(HANDLERS))
def test_work_changes_its_own_business_alone(world: World, name: str) -> None:
    work = HANDLERS[name]
    changed = carried_out(world, name, work)
    assert work.changes <= changed, f"{name} did nothing: {sorted(changed)}"
    assert world.watch.look() == set(), f"{name} changed the other business"


def put(whose: str) -> Any:
    now = clock.now()
    return rows_of(
        "SELECT public.job_put(%s::uuid, %s::text, 'accounts.forget', '{}'::jsonb, 2::smallint, %s::timestamptz,"
        " NULL::text, %s::timestamptz)",
        uuid7(), whose, now, now,
    )  # fmt: skip


@pytest.mark.parametrize("forger", ["home", "away"])
def test_nobody_puts_a_job_for_another(world: World, forger: str) -> None:
    one, other = (world.home, world.away) if forger == "home" else (world.away, world.home)
    watches = [Watch(world.home), Watch(world.away)]
    for whose in (other.schema, "public", "", "t_0"):
        with tenant_scope(one), pytest.raises(DatabaseError, match="puts jobs for itself only"):
            put(whose)
    assert [watch.look() for watch in watches] == [set(), set()]


def test_nobody_sees_ends_or_steals_anothers_job(world: World) -> None:
    lease = uuid7()
    job = job_put(world.home, "accounts.forget", {})
    with platform_scope():
        Job.objects.filter(id=job).update(state="running", lease=lease, lease_until=clock.now())
    watch = Watch(world.home)
    with tenant_scope(world.away):
        assert rows_of("SELECT * FROM public.job_state(%s::uuid)", job) == []
        assert rows_of(
            "SELECT public.job_finish(%s::uuid, %s::uuid, NULL, %s::timestamptz)", job, lease, clock.now()
        ) == [(False,)]
        for statement in (
            "SELECT * FROM public.jobs_job",
            "UPDATE public.jobs_job SET business = 't_0'",
            f"SELECT * FROM {world.home.schema}.people_student",
            f"DELETE FROM {world.home.schema}.people_student",
        ):
            refused(statement)
    assert watch.look() == set()
    with platform_scope():
        Job.objects.filter(id=job).delete()
    assert world.watch.look() == set()


def refused(statement: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_job_row_of_one_runs_there_whatever_its_arguments_name(world: World) -> None:
    """The arguments of a job are words; where it runs is its row's own column."""
    twin: Business = world.away
    job = job_put(
        world.home, "bookings.bookings_tell", {"event": {"booking": world.ids["booking_in"], "schema": twin.schema}}
    )
    assert runner.run_one(job) == "done"
    assert world.watch.look() == set()
    with platform_scope():
        row = Job.objects.get(id=job)
        assert (row.business, json.dumps(row.args).count(twin.schema)) == (world.home.schema, 1)
