"""One's own second factor in a browser: set up, kept by codes, turned off; and a link for a new password."""

import re

from kernel.tenancy import Business, tenant_scope
from shared_apps.accounts.models import SecondFactor, User
from tests.support.factories.people import branch_make, student_make, user_of
from tests.support.people import signed_in, staff
from tests.support.second_factor import code_of


def test_a_member_of_staff_turns_it_on_and_off(academy: Business) -> None:
    teacher = staff(academy, "teacher")
    page = "/me/security"
    assert "Set it up" in teacher.page("GET", page).content.decode()
    shown = teacher.page("POST", page, {"deed": "enrol"}).content.decode()
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", shown)
    assert secret is not None
    wrong = teacher.page("POST", page, {"deed": "confirm", "code": "000000"})
    assert (wrong.status_code, secret[1] in wrong.content.decode()) == (422, True)
    with tenant_scope(academy):
        assert SecondFactor.objects.get(user=teacher.user).confirmed_at is None
    kept = teacher.page("POST", page, {"deed": "confirm", "code": code_of(secret[1].replace(" ", ""))})
    codes = re.findall(r"<li>([a-z0-9]+-[a-z0-9]+)</li>", kept.content.decode())
    assert len(codes) == 10
    assert "10 recovery codes left" in teacher.page("GET", page).content.decode()
    assert teacher.page("POST", page, {"deed": "off", "code": "000000"}).status_code == 422
    renewed = teacher.page("POST", page, {"deed": "codes", "code": codes[0]}).content.decode()
    fresh = re.findall(r"<li>([a-z0-9]+-[a-z0-9]+)</li>", renewed)
    assert (len(fresh), set(fresh) & set(codes)) == (10, set())
    assert teacher.page("POST", page, {"deed": "off", "code": fresh[0]}).status_code == 302
    with tenant_scope(academy):
        assert not SecondFactor.objects.filter(user=teacher.user).exists()
    assert teacher.page("POST", page, {"deed": "password"}).status_code == 302


def test_students_have_none_of_it(academy: Business) -> None:
    student = student_make(academy, branch_make(academy))
    with tenant_scope(academy):
        person = User.objects.get(id=user_of(academy, student))
    pupil = signed_in(academy, "student", user=person, student=student.id)
    assert pupil.page("GET", "/me/security").status_code == 403
    assert pupil.page("POST", "/me/security", {"deed": "enrol"}).status_code == 403
