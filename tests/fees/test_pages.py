"""What a tenant's people see first, in both languages: staff how fees stand, a student what they owe."""

from datetime import timedelta

from kernel.tenancy import Business, tenant_scope
from shared_apps.accounts.models import User
from tenant_apps.fees import services
from tests.support.days import local_today
from tests.support.factories.people import branch_make, student_make, user_of
from tests.support.people import Client, signed_in, staff


def test_staff_and_student_see_what_is_owed(academy: Business) -> None:
    branch = branch_make(academy)
    asha, ravi = (student_make(academy, branch, name=name) for name in ("Asha Rao", "Ravi Shah"))
    with tenant_scope(academy):
        today = local_today()
        services.due_create(student=asha.id, title="November", amount_paise=1_50_000, due_on=today - timedelta(days=3))
        services.due_create(
            student=asha.id, title="December", amount_paise=4_82_300_00, due_on=today + timedelta(days=3)
        )
        services.due_create(student=ravi.id, title="Canteen", amount_paise=50, due_on=today + timedelta(days=30))
        person = User.objects.get(id=user_of(academy, asha))
    owner = staff(academy).page("GET", "/").content.decode()
    for figure in ("₹1,500 overdue", "₹4,82,300", "₹4,83,800.50", "Good "):
        assert figure in owner
    pupil = signed_in(academy, "student", user=person, student=asha.id)
    mine = pupil.page("GET", "/").content.decode()
    assert "₹4,83,800" in mine
    assert "was due on" in mine
    assert "Canteen" not in mine
    hindi = pupil.page("GET", "/dues", cookies={"language": "hi"}).content.decode()
    assert '<html lang="hi">' in hindi
    assert "भुगतान करना है" in hindi
    # A student opens no list of others; a teacher no list of fees.
    assert pupil.page("GET", "/students").status_code == 403
    assert "₹" not in staff(academy, "teacher").page("GET", "/").content.decode()


def test_students_are_found_and_numbers_hidden_are_not_searched(academy: Business) -> None:
    branch = branch_make(academy)
    made = [student_make(academy, branch, name=name) for name in ("Asha Rao", "Ravi Shah", "Meera Nair")]
    owner, teacher = staff(academy), staff(academy, "teacher")

    def names(client: Client, query: str) -> set[str]:
        page = client.page("GET", f"/students?{query}").content.decode()
        return {student.name for student in made if student.name in page}

    assert names(owner, "q=asha") == {"Asha Rao"}
    assert names(owner, f"q={made[1].phone[-8:]}") == {"Ravi Shah"}
    assert names(teacher, f"q={made[1].phone[-8:]}") == set()
    assert made[1].phone not in teacher.page("GET", "/students").content.decode()
    assert names(owner, "state=left") == set()
