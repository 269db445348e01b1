"""What is compiled for good answers as what is compiled anew: for each actor their own rows, in each tenant its own."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import orjson
import pytest
from django.db import connection
from django.db.models import CharField, Value
from django.db.models.functions import Cast, TruncDate
from django.utils.translation import gettext
from rest_framework import serializers

from kernel import clock
from kernel.audit.api import EntryOutput
from kernel.audit.models import Entry
from kernel.http import lists, sql
from kernel.http.actor import Actor
from kernel.http.compiled import IDS, asked, compiled, marked, unscoped
from kernel.http.keyset import keys
from kernel.http.serializers import Output
from kernel.ids import uuid7
from kernel.tenancy import current, tenant_scope
from tenant_apps.people.api import BranchOutput, StudentOutput
from tenant_apps.people.models import Branch, Student
from tenant_apps.people.selectors import branches_visible, students_listed

ORDER = ("-id",)
OWNER = {"kind": "staff", "permissions": frozenset({"people.view", "people.phones"})}


def branch_make(code: str = "MAIN") -> Branch:
    return Branch.objects.create(name=code.title(), code=code, kind="academy")


def student_make(branch: Branch) -> Student:
    number = Student.objects.count()
    return Student.objects.create(
        name="Asha", phone=f"+9198000000{number:02}", code=f"{branch.code}-{number}", grade="7", branch=branch,
        joined_on=date(2026, 4, 1),
    )  # fmt: skip


def first_page(actor: Actor) -> list[tuple[str, ...]]:
    asker, values = marked(actor)
    assert asker is not None
    known, _ = lists._first_page(asker, students_listed, StudentOutput, ORDER, 51)
    assert known is not None
    return known.rows(values)


def anew(actor: Actor) -> list[tuple[str, ...]]:
    listed = students_listed(actor)
    return lists.page(listed, StudentOutput, keys(listed, ORDER), 51)


def test_each_actor_gets_their_own_rows_by_one_text(academy):
    with tenant_scope(academy):
        here, there = branch_make(), branch_make("EAST")
        first, second = (student_make(branch) for branch in (here, there))
        actors = [
            *(Actor(**OWNER, user_id=uuid7(), branches=frozenset({branch.id})) for branch in (here, there)),
            Actor(**OWNER, user_id=uuid7(), branches=frozenset({here.id, there.id})),
            Actor(kind="student", user_id=uuid7(), students=frozenset({first.id}), student=first.id),
            Actor(kind="student", user_id=uuid7(), students=frozenset({second.id}), student=second.id),
            Actor(kind="staff", user_id=uuid7()),
        ]
        before = lists._first_page.cache_info().currsize
        found = [first_page(actor) for actor in actors]
        assert lists._first_page.cache_info().currsize - before <= 4  # one branch, two, a student, everywhere
        assert found == [anew(actor) for actor in actors]
        assert [str(second.id) in "".join(row[0] for row in rows) for rows in found] == [
            False, True, True, False, True, True,
        ]  # fmt: skip
        assert [first.phone in "".join(row[0] for row in rows) for rows in found] == [
            True, False, True, True, False, False,
        ]  # fmt: skip


def test_a_prepared_text_is_each_tenants_own_on_one_connection(academy, library):
    owner, seen = Actor(**OWNER, user_id=uuid7()), []
    for business in (academy, library):
        with tenant_scope(business):
            student_make(branch_make())
    for business in (academy, library) * 6:  # past the five that PostgreSQL plans by their values
        with tenant_scope(business):
            seen.append(first_page(owner))
            assert seen[-1] == anew(owner)
            assert business.schema not in str(
                lists._first_page(marked(owner)[0], students_listed, StudentOutput, ORDER, 51)
            )
    assert seen[0] != seen[1]
    assert seen == seen[:2] * 6


def test_what_asks_whose_request_it_is_is_not_kept(academy):
    def named(_: Actor):
        return Branch.objects.filter(name=current().name)

    def counted(_: Actor):
        return Branch.objects.filter(id__in=list(Branch.objects.values_list("id")))

    with tenant_scope(academy):
        anyone, _ = marked(Actor(kind="staff"))
        assert anyone is not None
        assert unscoped(anyone, named) is None
        assert unscoped(anyone, counted) is None
        assert not connection.needs_rollback
        assert compiled(Entry.objects.filter(at__lt=clock.now()), EntryOutput) is None
        assert compiled(Branch.objects.filter(name="Main"), BranchOutput) is not None


def test_a_branch_is_asked_for_by_its_id(academy):
    def named(actor: Actor, branch: UUID):
        return branches_visible(actor).filter(id=branch)

    with tenant_scope(academy):
        here, there = branch_make(), branch_make("EAST")
        owner, manager = Actor(kind="staff"), Actor(kind="staff", branches=frozenset({here.id}))
        pairs = [(actor, branch) for actor in (owner, manager) for branch in (here, there)]
        shown = [bool(asked(actor, named, BranchOutput, branch.id)) for actor, branch in pairs]
        assert shown == [True, True, True, False]
        assert asked(owner, named, BranchOutput, here.id) == sql.fetched(named(owner, here.id), BranchOutput)


def test_days_are_each_places_own(academy):
    def days(_: Actor):
        return Entry.objects.annotate(day=Cast(TruncDate("at"), CharField()), said=Value(gettext("Sign in"))).order_by(
            "id"
        )

    class Days(Output):
        day = serializers.CharField()
        said = serializers.CharField()

    found = []
    for zone, language in (("Asia/Kolkata", "en"), ("America/New_York", "hi")):
        with tenant_scope(replace(academy, zone=zone, language=language)):
            if not found:
                Entry.objects.create(at=datetime(2026, 4, 1, 20, 0, tzinfo=UTC), actor_kind="job", action="add")
            told = [orjson.loads(row[0]) for row in asked(Actor(kind="staff"), days, Days)]
            assert told == [orjson.loads(row[0]) for row in sql.fetched(days(Actor(kind="staff")), Days)]
            found.append(told[0])
    assert [one["day"] for one in found] == ["2026-04-02", "2026-04-01"]
    assert found[0]["said"] != found[1]["said"]


@pytest.mark.parametrize("count", [len(IDS), len(IDS) + 1])
def test_who_has_too_many_ids_has_no_marks(count):
    ids = frozenset(uuid7() for _ in range(count))
    asker, values = marked(Actor(kind="staff", branches=ids))
    assert (asker is not None) == (count == len(IDS))
    if asker is not None:
        assert asker.actor.branches == frozenset(IDS)
        assert frozenset(values.values()) == ids
