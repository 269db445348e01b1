"""Putting jobs: in the caller's transaction, for the caller's business, once per dedupe key."""

import pytest
from django.db import DatabaseError, connection
from django.db.transaction import atomic, set_rollback

from kernel import jobs
from kernel.ids import uuid7
from kernel.jobs.models import Job
from kernel.tenancy import Business, ScopeMissing, platform_scope, tenant_scope
from tests.kernel.jobs.work import Rang, effects
from tests.support.racing import race


def of(business: Business) -> list[Job]:
    with platform_scope():
        return list(Job.objects.filter(business=business.schema).order_by("id"))


def test_a_job_exists_exactly_if_the_transaction_commits(academy: Business) -> None:
    with tenant_scope(academy):
        with atomic():
            jobs.put("tests.note", kind="rolled back")
            set_rollback(True)
        with atomic():
            job = jobs.put("tests.note", kind="kept", priority=jobs.HIGH)
    (row,) = of(academy)
    assert (row.id, row.business, row.handler, row.args) == (job, academy.schema, "tests.note", {"kind": "kept"})
    assert (row.state, row.priority, row.attempts, row.lease) == ("queued", jobs.HIGH, 0, None)


def test_outside_a_scope_nothing_can_be_put() -> None:
    with pytest.raises(ScopeMissing):
        jobs.put("tests.note", kind="lost")


def test_an_unknown_handler_is_refused_when_put(academy: Business) -> None:
    with tenant_scope(academy), pytest.raises(jobs.HandlerUnknown):
        jobs.put("tests.no_such_work")
    assert of(academy) == []


def test_a_dedupe_key_belongs_to_its_business(academy: Business, library: Business) -> None:
    with tenant_scope(academy):
        first = jobs.put("tests.note", kind="a", dedupe="key")
        again = jobs.put("tests.note", kind="b", dedupe="key")
    with tenant_scope(library):
        other = jobs.put("tests.note", kind="c", dedupe="key")
    assert again == first != other
    assert [row.args["kind"] for row in of(academy)] == ["a"]
    assert [row.args["kind"] for row in of(library)] == ["c"]


def test_32_put_the_same_key_at_once_and_get_the_same_job(academy: Business) -> None:
    def put(_: int) -> str:
        with tenant_scope(academy), atomic():
            return str(jobs.put("tests.note", kind="once", dedupe="raced"))

    (row,) = race(32, put).keys()
    assert [str(job.id) for job in of(academy)] == [row]


def test_a_tenant_cannot_put_for_another_nor_touch_the_queue(academy: Business, library: Business) -> None:
    with tenant_scope(academy):
        with pytest.raises(DatabaseError, match="for itself only"):
            jobs.put_for(library, "tests.note", kind="forged")
        for statement in ("SELECT * FROM public.jobs_job", "DELETE FROM public.jobs_job"):
            with pytest.raises(DatabaseError, match="permission denied"), connection.cursor() as cursor:
                cursor.execute(statement)
    assert of(library) == []


def test_the_operator_puts_for_a_tenant(academy: Business) -> None:
    with platform_scope(), atomic():
        jobs.put_for(academy, "tests.note", kind="from the operator")
    jobs.drain()
    with tenant_scope(academy):
        assert effects() == ["from the operator"]


def test_a_tenant_cannot_finish_anothers_job(academy: Business, library: Business) -> None:
    with tenant_scope(library):
        job = jobs.put("tests.note", kind="mine")
    with platform_scope():
        Job.objects.filter(id=job).update(state="running", lease=job, lease_until="2000-01-01T00:00Z")
    with tenant_scope(academy), connection.cursor() as cursor:
        cursor.execute(
            "SELECT public.job_finish(%s::uuid, %s::uuid, '{}'::jsonb, '2030-01-01Z'::timestamptz)", [job, job]
        )
        assert cursor.fetchone() == (False,)
    (row,) = of(library)
    assert row.state == "running"
    with platform_scope():
        Job.objects.filter(id=job).delete()


def test_arguments_are_ids_not_bodies(academy: Business) -> None:
    with tenant_scope(academy):
        jobs.put("tests.note", kind="x" * 60_000)
        with pytest.raises(DatabaseError, match="jobs_args_small"):
            jobs.put("tests.note", kind="x" * 70_000)
    assert len(of(academy)) == 1


def test_an_event_is_one_job_per_subscriber_in_the_same_transaction(academy: Business) -> None:
    event = Rang(bell="noon", times=12)
    with tenant_scope(academy):
        with atomic():
            jobs.publish(event)
            set_rollback(True)
    assert of_kinds(academy) == []
    with tenant_scope(academy), atomic():
        jobs.publish(event)
        jobs.publish(event)
    assert of_kinds(academy) == [("tests.heard_first", jobs.URGENT), ("work.heard", jobs.NORMAL)]
    jobs.drain()
    with tenant_scope(academy):
        assert effects("heard") == ["heard-first:noon", "heard:noon:12"]
        jobs.publish(event)
    assert jobs.drain() == 0, "an event comes once, also when told again later"


def of_kinds(business: Business) -> list[tuple[str, int]]:
    return sorted((row.handler, row.priority) for row in of(business))


def test_events_are_frozen_facts_with_ids_of_their_own() -> None:
    one, two = Rang(bell="a"), Rang(bell="a")
    assert one.id != two.id
    assert Rang(bell="a", id=one.id) == one
    with pytest.raises(AttributeError):
        one.bell = "b"  # type: ignore[misc]
    assert uuid7() != uuid7()
