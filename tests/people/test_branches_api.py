"""Branches through their doors, and students whose history outlives them."""

from datetime import timedelta

import pytest

from kernel import quotas
from kernel.audit.models import Entry
from kernel.tenancy import Business, tenant_scope
from tenant_apps.bookings import services as bookings
from tenant_apps.people import services
from tenant_apps.people.models import Access, Branch, Student
from tests.support.days import local_today
from tests.support.factories.libraries import reading_make
from tests.support.factories.people import branch_make, limits_set, student_make
from tests.support.people import phone_make, staff

CENTRE = {"name": "Main centre", "code": "MAIN", "kind": "academy", "city": "Pune"}


def test_a_branch_is_opened_changed_and_removed(academy: Business) -> None:
    owner = staff(academy)
    made = owner.post("branches", CENTRE)
    assert (made.status_code, made.json()["code_pattern"]) == (201, "{BRANCH}-{YY}-{SEQ:4}")
    address = f"branches/{made.json()['id']}"
    again = owner.post("branches", CENTRE | {"name": "Other"})
    assert (again.status_code, again.json()["code"]) == (409, "people.branch_taken")
    changed = owner.patch(address, {"state": "maintenance", "code_pattern": "S/{YYYY}/{SEQ}"})
    assert (changed.json()["state"], changed.json()["code_pattern"]) == ("maintenance", "S/{YYYY}/{SEQ}")
    assert owner.patch(address, {"code": "NEW"}).json()["code"] == "http.unknown_field"
    assert owner.get(address).json() == changed.json()
    with tenant_scope(academy):
        entry = Entry.objects.filter(action="people.branch_change").get()
        assert entry.changes["state"] == ["open", "maintenance"]
    assert staff(academy, "front_desk").patch(address, {"name": "Mine"}).status_code == 403
    assert owner.delete(address).status_code == 204
    assert owner.get(address).status_code == 404


@pytest.mark.parametrize("pattern", ["", "{SEQ}{SEQ}", "{BRANCH}", "a-{SEQ}", "{SEQ:0}", "{DAY}-{SEQ}", "{SEQ:12}"])
def test_a_pattern_that_makes_no_codes_is_refused(academy: Business, pattern: str) -> None:
    answer = staff(academy).post("branches", CENTRE | {"code_pattern": pattern})
    assert answer.status_code in (400, 422)
    assert answer.json()["code"] == ("people.code_pattern_invalid" if pattern else "http.invalid")
    with tenant_scope(academy):
        assert Branch.objects.count() == 0


def test_codes_follow_their_branchs_pattern_and_one_series_serves_two_branches(academy: Business) -> None:
    first = branch_make(academy, code="ASH", kind="academy", code_pattern="S/{YYYY}/{SEQ:3}")
    second = branch_make(academy, code="BAN", kind="academy", code_pattern="S/{YYYY}/{SEQ:3}")
    year = local_today().year
    codes = [student_make(academy, branch, name=f"S {n}").code for n, branch in enumerate((first, second, first))]
    assert codes == [f"S/{year}/001", f"S/{year}/002", f"S/{year}/003"]


def test_a_branch_in_use_stays(academy: Business) -> None:
    branch = branch_make(academy, code="ASH", kind="academy")
    student_make(academy, branch)
    answer = staff(academy).delete(f"branches/{branch.id}")
    assert (answer.status_code, answer.json()["code"]) == (409, "people.branch_in_use")
    with tenant_scope(academy):
        assert Branch.objects.count() == 1


def test_a_code_given_by_hand_is_used_once(academy: Business) -> None:
    branch_make(academy, code="ASH", kind="academy")
    desk = staff(academy, "front_desk")
    body = {"name": "Asha Rao", "phone": phone_make(), "code": "old-1"}
    assert desk.post("students", body).json()["code"] == "OLD-1"
    again = desk.post("students", body | {"name": "Ravi Rao"})
    assert (again.status_code, again.json()["code"]) == (409, "people.code_taken")
    with tenant_scope(academy):
        assert Student.objects.count() == 1


def test_who_has_a_history_ends_as_left_and_may_come_back(library: Business) -> None:
    limits_set(library, students=2)
    room = reading_make(library)
    pupil = student_make(library, room.branch, name="Asha Rao", phone="+919876543210")
    with tenant_scope(library):
        bookings.booking_hold(
            seat=room.seats[0].id,
            shift=room.shifts["morning"].id,
            day=local_today() + timedelta(days=2),
            student=pupil.id,
        )
    owner = staff(library)
    for _ in range(2):
        assert owner.delete(f"students/{pupil.id}").status_code == 204
    assert owner.get(f"students/{pupil.id}").json()["state"] == "left"
    with tenant_scope(library):
        assert {use.name: use.used for use in quotas.usage()}["students"] == 0
        # Nobody signs in for one who has left.
        assert Access.objects.exclude(student__state="left").count() == 0
        from shared_apps.accounts.profiles import profiles_of

        assert profiles_of(Access.objects.get().user_id) == []
    # The same person admitted anew stands in the way of the old one's return.
    double = student_make(library, room.branch, name="asha rao", phone="+919876543210")
    refused = owner.post(f"students/{pupil.id}/reactivate")
    assert (refused.status_code, refused.json()["code"]) == (409, "people.student_exists")
    assert owner.delete(f"students/{double.id}").status_code == 204
    assert owner.post(f"students/{pupil.id}/reactivate").json()["state"] == "active"
    student_make(library, room.branch)
    # The plan is full now.
    with tenant_scope(library):
        services.student_delete(student=pupil.id)
    student_make(library, room.branch)
    full = owner.post(f"students/{pupil.id}/reactivate")
    assert (full.status_code, full.json()["code"]) == (409, "plans.limit_reached")
    with tenant_scope(library):
        pupil.refresh_from_db()
        assert pupil.state == "left"


def test_an_edit_that_would_double_someone_is_refused(academy: Business) -> None:
    branch = branch_make(academy, code="ASH", kind="academy")
    number = phone_make()
    student_make(academy, branch, name="Asha Rao", phone=number)
    other = student_make(academy, branch, name="Ravi Rao", phone=number)
    desk = staff(academy, "front_desk")
    refused = desk.patch(f"students/{other.id}", {"name": "ASHA RAO"})
    assert (refused.status_code, refused.json()["code"]) == (409, "people.student_exists")
    nobody = desk.delete(f"students/{other.id}/guardians/{branch.id}")
    assert (nobody.status_code, nobody.json()["code"]) == (404, "people.guardian_unknown")
    with tenant_scope(academy):
        other.refresh_from_db()
        assert other.name == "Ravi Rao"


def test_the_trace_of_an_edit_holds_no_number(academy: Business) -> None:
    branch = branch_make(academy, code="ASH", kind="academy")
    pupil = student_make(academy, branch, name="Asha Rao", phone="+919876543210")
    desk = staff(academy, "front_desk")
    assert desk.patch(f"students/{pupil.id}", {"phone": "+919812345678", "grade": "11"}).status_code == 200
    with tenant_scope(academy):
        changes = Entry.objects.get(action="people.student_change").changes
    assert changes == {"phone": ["[hidden]", "[hidden]"], "grade": ["", "11"]}
