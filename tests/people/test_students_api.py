"""Students through their doors: admitted, found, changed, kept out, let go; own rows and branches only."""

import csv
import io

from kernel import quotas
from kernel.tenancy import Business, tenant_scope
from shared_apps.accounts.models import User
from tenant_apps.people.models import Access, Student
from tests.support.days import local_today
from tests.support.factories.people import branch_make, limits_set, student_make, user_of
from tests.support.people import phone_make, staff, student
from tests.support.racing import race

NEW = {"name": "  Asha   Rao ", "phone": "98765 43210", "grade": "10", "board": "CBSE", "tags": ["new", "evening"]}


def used(business: Business, name: str = "students") -> int:
    with tenant_scope(business):
        return {use.name: use.used for use in quotas.usage()}[name]


def test_admitting_gives_a_code_a_sign_in_and_takes_the_quota(academy: Business) -> None:
    branch = branch_make(academy, code="ASH", kind="academy")
    desk = staff(academy, "front_desk")
    answer = desk.post("students", NEW | {"guardian_phone": "+919812345678", "guardian_relation": "mother"})
    assert answer.status_code == 201, answer.content
    shown = answer.json()
    assert shown["code"] == f"ASH-{local_today():%y}-0001"
    assert (shown["name"], shown["phone"], shown["branch"]["id"]) == ("Asha Rao", "+919876543210", str(branch.id))
    assert (shown["tags"], shown["state"]) == (["new", "evening"], "active")
    assert used(academy) == 1
    with tenant_scope(academy):
        links = {
            (access.user.phone, access.relation)
            for access in Access.objects.filter(student_id=shown["id"]).select_related("user")
        }
    assert links == {("+919876543210", "self"), ("+919812345678", "mother")}


def test_siblings_share_a_parents_phone_and_one_user(academy: Business) -> None:
    branch = branch_make(academy, code="ASH", kind="academy")
    number = phone_make()
    first = student_make(academy, branch, name="Ravi Rao", phone="", guardian_phone=number)
    second = student_make(academy, branch, name="Rani Rao", phone="", guardian_phone=number)
    with tenant_scope(academy):
        user = User.objects.get(phone=number)
        assert {access.student_id for access in Access.objects.filter(user=user)} == {first.id, second.id}


def test_the_same_name_with_the_same_phone_is_one_person(academy: Business) -> None:
    branch_make(academy, code="ASH", kind="academy")
    desk = staff(academy, "front_desk")
    assert desk.post("students", NEW).status_code == 201
    again = desk.post("students", NEW | {"name": "asha rao"})
    assert (again.status_code, again.json()["code"]) == (409, "people.student_exists")
    with tenant_scope(academy):
        assert Student.objects.count() == 1
    assert used(academy) == 1


def test_what_cannot_be_used_is_refused_by_field_and_changes_nothing(academy: Business) -> None:
    branch_make(academy, code="ASH", kind="academy")
    desk = staff(academy, "front_desk")
    for change, code, field in (
        ({"name": " \u00a0 "}, "http.invalid", None),
        ({"phone": "12345"}, "phone.invalid", "phone"),
        ({"phone": ""}, "people.phone_missing", "phone"),
        ({"email": "asha at home"}, "people.email_invalid", "email"),
        ({"branch": "0192f000-0000-7000-8000-000000000000"}, "people.branch_unknown", "branch"),
        ({"code": "न-1"}, "people.code_invalid", "code"),
        ({"shoe_size": 5}, "http.unknown_field", "shoe_size"),
    ):
        answer = desk.post("students", NEW | change)
        assert answer.status_code in (400, 422), (change, answer.content)
        assert answer.json()["code"] == code, (change, answer.json())
        if field:
            assert answer.json()["field"] == field
    with tenant_scope(academy):
        assert Student.objects.count() == 0
    assert used(academy) == 0


def test_the_plan_says_no_with_its_limit_and_what_lifts_it(academy: Business) -> None:
    limits_set(academy, students=1)
    branch_make(academy, code="ASH", kind="academy")
    desk = staff(academy, "front_desk")
    assert desk.post("students", NEW).status_code == 201
    answer = desk.post("students", NEW | {"name": "Another"})
    assert answer.status_code == 409
    problem = answer.json()
    assert (problem["code"], problem["limit"], problem["used"], problem["plan"]) == (
        "plans.limit_reached",
        1,
        1,
        "enterprise",
    )
    with tenant_scope(academy):
        assert Student.objects.count() == 1


def test_racing_admissions_never_share_a_code_and_stop_at_the_limit(academy: Business) -> None:
    limits_set(academy, students=20)
    branch = branch_make(academy, code="ASH", kind="academy")
    with tenant_scope(academy):
        # A number given by hand is passed over by the series.
        student_make(academy, branch, name="By hand", code=f"ASH-{branch.created_at:%y}-0003")

    def admit(index: int) -> str:
        with tenant_scope(academy):
            try:
                student_make(academy, branch, name=f"Student {index}", phone=f"+9190000{index:05d}")
            except quotas.QuotaReached:
                return "full"
            return "in"

    assert race(32, admit) == {"in": 19, "full": 13}
    with tenant_scope(academy):
        codes = list(Student.objects.values_list("code", flat=True))
        assert len(codes) == len(set(codes)) == 20
    assert used(academy) == 20


def test_list_searches_filters_and_exports(academy: Business) -> None:
    first, second = branch_make(academy, code="ASH", kind="academy"), branch_make(academy, code="BAN", kind="academy")
    student_make(academy, first, name="Asha Rao", grade="10")
    student_make(academy, first, name="आशा राव", grade="11", tags="evening")
    student_make(academy, second, name="=cmd()", grade="10")
    owner = staff(academy)
    names = lambda query: [one["name"] for one in owner.get(f"students?{query}").json()["results"]]  # noqa: E731
    assert names("order=name&search=rao") == ["Asha Rao"]
    assert names("search=आशा") == ["आशा राव"]
    assert names("grade=10&order=name") == ["=cmd()", "Asha Rao"]
    assert names(f"branch={second.id}") == ["=cmd()"]
    assert names("tag=evening") == ["आशा राव"]
    assert owner.get("students?garde=10").json()["code"] == "http.unknown_parameter"
    answer = owner.get("students?format=csv&order=name")
    lines = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert [line["name"] for line in lines] == ["'=cmd()", "Asha Rao", "आशा राव"]
    assert lines[1]["branch.code"] == "ASH"
    refused = staff(academy, "front_desk").get("students?format=csv")
    assert (refused.status_code, refused.json()["code"]) == (403, "http.forbidden")


def test_staff_of_a_branch_see_and_admit_only_there(academy: Business) -> None:
    mine, other = branch_make(academy, code="ASH", kind="academy"), branch_make(academy, code="BAN", kind="academy")
    here, there = student_make(academy, mine, name="Here"), student_make(academy, other, name="There")
    desk = staff(academy, "front_desk", branch=mine.id)
    assert [one["id"] for one in desk.get("students").json()["results"]] == [str(here.id)]
    assert desk.get(f"students/{there.id}").status_code == 404
    assert desk.post(f"students/{there.id}/suspend", {}).status_code == 404
    assert desk.patch(f"students/{there.id}", {"name": "Mine"}).status_code == 404
    assert desk.patch(f"students/{here.id}", {"branch": str(other.id)}).json()["code"] == "people.branch_unknown"
    assert desk.post("students", NEW | {"branch": str(other.id)}).json()["code"] == "people.branch_unknown"
    assert desk.post("students", NEW).json()["branch"]["code"] == "ASH"
    with tenant_scope(academy):
        there.refresh_from_db()
        assert (there.name, there.state) == ("There", "active")


def test_a_student_sees_their_own_profiles_and_nobody_else(academy: Business) -> None:
    branch = branch_make(academy, code="ASH", kind="academy")
    number = phone_make()
    first = student_make(academy, branch, name="Ravi Rao", guardian_phone=number)
    second = student_make(academy, branch, name="Rani Rao", guardian_phone=number)
    stranger = student_make(academy, branch, name="Stranger")
    with tenant_scope(academy):
        parent = User.objects.get(phone=number)
    client = student(academy, user=parent, student=first.id)
    seen = client.get("students").json()["results"]
    assert {one["id"] for one in seen} == {str(first.id), str(second.id)}
    assert seen[0]["phone"].startswith("+9198")
    assert client.get(f"students/{stranger.id}").status_code == 404
    assert client.post("students", NEW).status_code == 403


def test_teachers_see_masked_numbers_and_cannot_search_by_them(academy: Business) -> None:
    branch = branch_make(academy, code="ASH", kind="academy")
    pupil = student_make(academy, branch, name="Ravi Rao", phone="+919876543210")
    teacher = staff(academy, "teacher")
    assert teacher.get(f"students/{pupil.id}").json()["phone"] == "+91 98•• ••3210"
    assert teacher.get("students?search=43210").json()["results"] == []
    assert len(staff(academy, "front_desk").get("students?search=43210").json()["results"]) == 1


def test_a_replaced_number_loses_its_access(academy: Business) -> None:
    branch = branch_make(academy, code="ASH", kind="academy")
    pupil = student_make(academy, branch, name="Ravi Rao")
    old = user_of(academy, pupil)
    desk = staff(academy, "front_desk")
    new = phone_make()
    answer = desk.patch(f"students/{pupil.id}", {"phone": new})
    assert (answer.status_code, answer.json()["phone"]) == (200, new)
    with tenant_scope(academy):
        [access] = Access.objects.filter(student_id=pupil.id).select_related("user")
        assert access.user.phone == new
        assert not Access.objects.filter(user_id=old).exists()


def test_a_stale_edit_is_refused(academy: Business) -> None:
    branch = branch_make(academy, code="ASH", kind="academy")
    pupil = student_make(academy, branch, name="Ravi Rao")
    desk = staff(academy, "front_desk")
    tag = desk.get(f"students/{pupil.id}")["ETag"]
    assert desk.patch(f"students/{pupil.id}", {"grade": "11"}, headers={"If-Match": tag}).status_code == 200
    stale = desk.patch(f"students/{pupil.id}", {"grade": "12"}, headers={"If-Match": tag})
    assert (stale.status_code, stale.json()["code"]) == (412, "http.changed_meanwhile")
    assert desk.get(f"students/{pupil.id}").json()["grade"] == "11"


def test_suspend_reactivate_and_remove(academy: Business) -> None:
    branch = branch_make(academy, code="ASH", kind="academy")
    pupil = student_make(academy, branch)
    owner = staff(academy)
    assert owner.post(f"students/{pupil.id}/suspend", {"reason": "fees"}).json()["state"] == "suspended"
    assert used(academy) == 1
    assert owner.post(f"students/{pupil.id}/reactivate").json()["state"] == "active"
    assert owner.delete(f"students/{pupil.id}").status_code == 204
    assert owner.get(f"students/{pupil.id}").status_code == 404
    assert used(academy) == 0
    with tenant_scope(academy):
        assert not Access.objects.exists()


def test_guardians_are_added_and_removed_but_someone_stays(academy: Business) -> None:
    branch = branch_make(academy, code="ASH", kind="academy")
    pupil = student_make(academy, branch)
    desk = staff(academy, "front_desk")
    number = phone_make()
    added = desk.post(f"students/{pupil.id}/guardians", {"name": "Lata", "phone": number, "relation": "mother"})
    assert added.status_code == 204, added.content
    people = {one["relation"]: one for one in desk.get(f"students/{pupil.id}/guardians").json()["results"]}
    assert people["mother"]["phone"] == number
    assert desk.delete(f"students/{pupil.id}/guardians/{people['mother']['id']}").status_code == 204
    last = desk.delete(f"students/{pupil.id}/guardians/{people['self']['id']}")
    assert (last.status_code, last.json()["code"]) == (422, "people.phone_missing")
    assert len(desk.get(f"students/{pupil.id}/guardians").json()["results"]) == 1


def test_nothing_of_another_business_is_reached(academy: Business, other_academy: Business) -> None:
    pupil = student_make(academy, branch_make(academy, code="ASH", kind="academy"))
    owner = staff(other_academy)
    assert owner.get(f"students/{pupil.id}").status_code == 404
    assert owner.get("students").json()["results"] == []
