"""What was done is written with the deed, and stays."""

from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from kernel import audit
from kernel.audit.models import Entry
from kernel.http.actor import Actor
from kernel.observe import context
from kernel.tenancy import business_scope, tenant_scope
from tests.kernel.conftest import Caller


@pytest.fixture
def owner():
    return Actor(kind="staff", user_id=uuid4())


def test_an_entry_says_who_did_what_to_which_thing(academy, owner, clock):
    with tenant_scope(academy), context.work(by=owner, id="request-1"):
        audit.record(
            action="students.suspend",
            subject_type="student",
            subject_id="S-1",
            changes={"state": ["active", "suspended"]},
        )
        entry = Entry.objects.get()
    assert (entry.actor_kind, entry.actor_id, entry.request_id) == ("staff", owner.user_id, "request-1")
    assert (entry.action, entry.subject_type, entry.subject_id) == ("students.suspend", "student", "S-1")
    assert entry.changes == {"state": ["active", "suspended"]}


def test_the_actor_may_be_named_and_nobody_is_nobody(academy, owner):
    with tenant_scope(academy):
        audit.record(action="a", subject_type="t", subject_id=uuid4(), actor=owner)
        audit.record(action="b", subject_type="t", subject_id=uuid4())
        assert list(Entry.objects.order_by("id").values_list("actor_kind", "actor_id")) == [
            ("staff", owner.user_id),
            ("nobody", None),
        ]


def test_secrets_are_named_and_never_shown(academy):
    with tenant_scope(academy):
        audit.record(
            action="a",
            subject_type="t",
            subject_id=1,
            changes={"webhook_secret": ["old-one", "new-one"], "password": [None, "x"]},
        )
        assert Entry.objects.get().changes == {
            "webhook_secret": ["[hidden]", "[hidden]"],
            "password": [None, "[hidden]"],
        }


def test_values_that_are_no_json_are_written_as_text(academy, clock):
    identifier = uuid4()
    with tenant_scope(academy):
        audit.record(action="a", subject_type="t", subject_id=1, changes={"branch": [None, identifier]})
        assert Entry.objects.get().changes == {"branch": [None, str(identifier)]}


def test_it_goes_with_the_deed(academy):
    def deed():
        with transaction.atomic():
            audit.record(action="a", subject_type="t", subject_id=1)
            raise LookupError

    with tenant_scope(academy):
        with pytest.raises(LookupError):
            deed()
        assert Entry.objects.count() == 0


@pytest.mark.parametrize("where", ["academy", "platform"])
@pytest.mark.parametrize(
    "statement", ["UPDATE audit_entry SET action = 'b'", "DELETE FROM audit_entry", "TRUNCATE audit_entry"]
)
def test_the_database_refuses_to_change_it(request, where, statement):
    business = request.getfixturevalue(where)
    with business_scope(business):
        audit.record(action="a", subject_type="t", subject_id=1)
        before = Entry.objects.count()
        with pytest.raises(ProgrammingError, match="permission denied"), connection.cursor() as cursor:
            cursor.execute(statement)
        assert Entry.objects.count() == before
        assert not Entry.objects.filter(action="b").exists()


def test_the_model_refuses_too(academy):
    with tenant_scope(academy):
        audit.record(action="a", subject_type="t", subject_id=1)
        entry = Entry.objects.get()
        with pytest.raises(TypeError):
            entry.save()
        with pytest.raises(TypeError):
            entry.delete()


@pytest.fixture
def listed(settings):
    settings.ROOT_URLCONF = settings.TENANT_URLCONF = "tests.kernel.audit.urls"


def test_the_list_needs_its_permission_and_shows_its_own_business(listed, academy, other_academy):
    for business, subject in ((academy, "home"), (other_academy, "abroad")):
        with tenant_scope(business):
            audit.record(action="students.add", subject_type="student", subject_id=subject)
    assert Caller(academy).get("/api/v1/audit-logs").status_code == 403
    assert Caller(academy, signed_in=False).get("/api/v1/audit-logs").status_code == 401
    (shown,) = Caller(academy, "audit.view").get("/api/v1/audit-logs", {"action": "students.add"}).json()["results"]
    assert shown["subject_id"] == "home"
    assert set(shown) == {
        *("id", "at", "actor_kind", "actor_id", "action", "subject_type", "subject_id"),
        *("changes", "request_id", "address"),
    }


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_no_door_changes_it(listed, academy, method):
    assert Caller(academy, "audit.view").send(method, "/api/v1/audit-logs", {}).status_code == 405


def test_a_deed_of_a_request_is_found_by_its_id(caller, academy):
    someone = caller()
    someone.headers["X-Forwarded-For"] = "203.0.113.4"
    with tenant_scope(academy), context.work(by=Actor(kind="job")) as name:
        audit.record(action="a", subject_type="t", subject_id=1)
        entry = Entry.objects.get(request_id=name)
    assert entry.actor_kind == "job"
    assert context.request_id.get() == ""
