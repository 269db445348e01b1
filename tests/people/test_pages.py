"""Staff's pages of students: who sees what, what is refused and where it is said, and that refusals change nothing."""

import csv
import io
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from python_calamine import CalamineWorkbook

from kernel import clock, jobs
from kernel.http.actor import Actor
from kernel.jobs.progress.models import Progress
from kernel.tenancy import Business, tenant_scope
from tenant_apps.fees import services as fees
from tenant_apps.people import dossier, exports, services
from tenant_apps.people.models import Access, SavedView, Student
from tenant_apps.people.search import Search
from tests.support.days import local_today
from tests.support.factories.people import branch_make, limits_set, student_make, user_of
from tests.support.people import Client, phone_make, signed_in, staff


def shown(client: Client, path: str) -> str:
    answer = client.page("GET", path)
    assert answer.status_code == 200, answer.content[:500]
    return str(answer.content.decode())


def test_students_are_found_by_what_one_may_see(academy: Business) -> None:
    kothrud, baner = branch_make(academy, name="Kothrud"), branch_make(academy, name="Baner")
    facts = (
        {"name": "Asha Rao", "grade": "11", "tags": "JEE"},
        {"name": "Ravi Shah", "grade": "12", "email": "ravi@school.in", "guardian_name": "Usha Shah"},
        {"name": "Meera Nair", "grade": "12", "tags": "JEE;NEET"},
    )
    made = [student_make(academy, baner if number else kothrud, **one) for number, one in enumerate(facts)]
    owner, teacher = staff(academy), staff(academy, "teacher")

    def names(client: Client, query: str) -> set[str]:
        page = shown(client, f"/students?{query}")
        found = {student.name for student in made if student.name in page}
        if query.startswith("q="):
            told = client.get(f"students?search={query[2:]}").json()["results"]
            assert {one["name"] for one in told} == found, "the page and the API search alike"
        return found

    assert names(owner, "q=asha") == {"Asha Rao"}
    assert names(owner, "q=ravi@sch") == {"Ravi Shah"}
    assert names(owner, "q=Usha") == {"Ravi Shah"}
    number = made[1].phone
    assert names(owner, f"q={number[-8:]}") == {"Ravi Shah"}
    assert "Ravi Shah" in shown(owner, f"/students?q={number[3:8]}+{number[8:]}")
    for hidden in (number[-8:], "ravi@sch", "Usha"):
        assert names(teacher, f"q={hidden}") == set()
    assert number not in shown(teacher, "/students")
    assert f"{number[:3]} {number[3:5]}" in shown(teacher, "/students")
    assert names(owner, "grade=12&tag=NEET") == {"Meera Nair"}
    assert names(owner, f"branch={kothrud.id}") == {"Asha Rao"}
    assert names(owner, "state=left") == set()
    assert names(owner, "state=nonsense&branch=nonsense&sort=nonsense") == {student.name for student in made}
    page = shown(owner, "/students?sort=-name")
    assert page.index("Ravi Shah") < page.index("Meera Nair") < page.index("Asha Rao")
    with CaptureQueriesContext(connection) as seen:
        shown(owner, "/students")
    assert len(seen) <= 10, [query["sql"] for query in seen]


def test_each_role_may_what_the_table_says_and_no_other_branch_is_known(academy: Business) -> None:
    here, there = branch_make(academy), branch_make(academy)
    mine, other = student_make(academy, here, name="Asha Rao"), student_make(academy, there, name="Ravi Shah")
    desk = signed_in(academy, role="front_desk", branch=here.id)
    assert "Ravi Shah" not in shown(desk, "/students")
    bodies = {"edit": {"name": "X"}, "suspend": {"reason": "x"}, "reactivate": {}, "guardians": {"name": "X"}}
    assert desk.page("GET", f"/students/{other.id}").status_code == 404
    for path, body in bodies.items():
        assert desk.page("POST", f"/students/{other.id}/{path}", body).status_code == 404, path
    both = {"student": str(other.id), "action": "suspend", "reason": "x"}
    assert desk.page("POST", "/students/bulk", both).status_code == 404
    assert desk.page("POST", f"/students/{mine.id}/remove", {"confirm": mine.code}).status_code == 403
    teacher = staff(academy, "teacher")
    page = shown(teacher, f"/students/{mine.id}")
    assert mine.phone not in page
    assert "/edit" not in page
    closed = ("/students/new", f"/students/{mine.id}/edit", "/students/import", "/students/export")
    for path in closed:
        assert teacher.page("GET", path).status_code == 403, path
    for path in closed[2:]:
        assert desk.page("GET", path).status_code == 403, path
    pupil = signed_in(academy, "student", user=staff_user(academy, mine), student=mine.id)
    assert pupil.page("GET", f"/students/{mine.id}").status_code == 403
    with tenant_scope(academy):
        assert set(Student.objects.values_list("state", flat=True)) == {"active"}


def staff_user(business: Business, student: Student) -> object:
    from shared_apps.accounts.models import User

    with tenant_scope(business):
        return User.objects.get(id=user_of(business, student))


def test_many_are_changed_at_once_or_none(academy: Business) -> None:
    branch = branch_make(academy)
    made = [student_make(academy, branch, name=name) for name in ("Asha Rao", "Ravi Shah", "Meera Nair")]
    owner = staff(academy)

    def post(chosen: list[UUID], **form: str) -> int:
        """The same name many times, as a form with checkboxes sends it."""
        body = [("student", str(one)) for one in chosen] + list(form.items())
        return int(owner.page("POST", "/students/bulk", body).status_code)  # type: ignore[arg-type]

    two = [one.id for one in made[:2]]
    assert post(two, action="suspend", reason="Fees", query="state=active") == 302
    with tenant_scope(academy):
        assert Student.objects.filter(state="suspended").count() == 2
    assert "Fees" in shown(owner, f"/students/{made[0].id}")
    assert post(two, action="reactivate") == 302
    assert post([*two, branch.id], action="suspend") == 404
    with tenant_scope(academy):
        assert Student.objects.filter(state="active").count() == 3


def test_a_search_is_kept_under_a_name(academy: Business) -> None:
    owner, other = staff(academy), staff(academy)
    form = {"name": "Evening NEET", "query": "tag=NEET&state=active&page=3&x=1"}
    assert owner.page("POST", "/students/views", form).status_code == 302
    with tenant_scope(academy):
        view = SavedView.objects.get()
    assert view.query == "state=active&tag=NEET"
    assert "Evening NEET" in shown(owner, "/students")
    assert "Evening NEET" not in shown(other, "/students")
    twice = owner.page("POST", "/students/views", form | {"name": "evening neet"})
    assert twice.status_code == 422
    assert "You have a view of that name" in twice.content.decode()
    assert other.page("POST", f"/students/views/{view.id}/delete").status_code == 404
    for number in range(SavedView.PLACES - 1):
        assert owner.page("POST", "/students/views", form | {"name": f"View {number}"}).status_code == 302
    full = owner.page("POST", "/students/views", form | {"name": "One more"})
    assert full.status_code == 422
    assert "20 views" in full.content.decode()
    assert owner.page("POST", f"/students/views/{view.id}/delete").status_code == 302
    with tenant_scope(academy):
        assert SavedView.objects.count() == SavedView.PLACES - 1


def test_a_student_is_added_and_refusals_stand_at_their_field(academy: Business) -> None:
    branch = branch_make(academy, code="KTR", kind="academy")
    limits_set(academy, students=2)
    owner = staff(academy)
    form = {"name": "Asha Rao", "phone": "98765 43210", "branch": str(branch.id), "tags": "JEE, morning"}
    answer = owner.page("POST", "/students/new", form)
    assert answer.status_code == 302
    with tenant_scope(academy):
        asha = Student.objects.get()
    assert (asha.phone, asha.tags) == ("+919876543210", ["JEE", "morning"])
    assert answer["Location"] == f"/students/{asha.id}"

    def refused(**changes: str) -> str:
        page = owner.page("POST", "/students/new", form | changes)
        assert page.status_code == 422
        return str(page.content.decode())

    twin = refused()
    assert "A student of that name with that phone is already there" in twin
    assert f"/students/{asha.id}" in twin
    assert 'id="id_phone_error"' in refused(phone="12345", name="Ravi")
    assert 'id="id_code_error"' in refused(name="Ravi", phone=phone_make(), code=asha.code)
    assert 'id="id_phone_error"' in refused(name="Ravi", phone="")
    assert 'id="id_branch_error"' in refused(name="Ravi", branch=str(asha.id))
    assert (
        owner.page("POST", "/students/new", form | {"name": "Ravi Shah", "again": "1"})["Location"] == "/students/new"
    )
    full = refused(name="Meera Nair")
    assert "You have 2 of 2. The plan “Enterprise” allows more." in full
    with tenant_scope(academy):
        assert Student.objects.count() == 2


def test_a_student_is_changed_once_by_whoever_read_them_last(academy: Business) -> None:
    branch = branch_make(academy)
    asha = student_make(academy, branch, name="Asha Rao")
    desk = staff(academy, "front_desk")
    page = shown(desk, f"/students/{asha.id}/edit")
    version = page.split('name="version" value="')[1].split('"')[0]
    form = {"name": "Asha R. Rao", "phone": asha.phone, "branch": str(branch.id), "version": version, "grade": "12"}
    assert desk.page("POST", f"/students/{asha.id}/edit", form).status_code == 302
    late = desk.page("POST", f"/students/{asha.id}/edit", form | {"name": "Nobody"})
    assert late.status_code == 422
    assert "Changed" in late.content.decode() or "changed" in late.content.decode()
    with tenant_scope(academy):
        asha = Student.objects.get()
        assert (asha.name, asha.grade) == ("Asha R. Rao", "12")
    number = phone_make()
    gave = desk.page(
        "POST", f"/students/{asha.id}/guardians", {"name": "Lakshmi Rao", "phone": number, "relation": "mother"}
    )
    assert gave.status_code == 302
    assert "Lakshmi Rao" in shown(desk, f"/students/{asha.id}?tab=guardians")
    with tenant_scope(academy):
        access = Access.objects.get(relation="mother")
        own = Access.objects.get(relation="self")
    assert desk.page("POST", f"/students/{asha.id}/guardians/{own.id}/remove").status_code == 422
    assert desk.page("POST", f"/students/{asha.id}/guardians/{access.id}/remove").status_code == 302
    bad = desk.page("POST", f"/students/{asha.id}/suspend", {"reason": ""})
    assert bad.status_code == 422
    with tenant_scope(academy):
        assert Access.objects.get().id == own.id
        assert Student.objects.get().state == "active"
    owner = staff(academy)
    assert owner.page("POST", f"/students/{asha.id}/remove", {"confirm": "no"}).status_code == 404
    assert owner.page("POST", f"/students/{asha.id}/remove", {"confirm": asha.code}).status_code == 302
    with tenant_scope(academy):
        assert not Student.objects.exists()


def test_the_timeline_holds_everything_in_order_and_in_few_queries(academy: Business) -> None:
    branch = branch_make(academy)
    asha = student_make(academy, branch, name="Asha Rao")
    with tenant_scope(academy):
        for number in range(30):
            fees.due_create(student=asha.id, title=f"Fee {number}", amount_paise=100_00, due_on=local_today())
        services.student_suspend(student=asha.id, reason="Away")
        services.student_reactivate(student=asha.id)
    owner, desk, teacher = staff(academy), staff(academy, "front_desk"), staff(academy, "teacher")
    path = f"/students/{asha.id}"
    with CaptureQueriesContext(connection) as seen:
        page = shown(owner, path)
    assert len(seen) <= 24, [query["sql"] for query in seen]
    assert page.index("Let in again") < page.index("Away") < page.index("Fee 29") < page.index("Fee 13")
    assert "Fee 5" not in page
    assert "₹3,000" in page
    assert "Fee 29" not in shown(owner, f"{path}?kind=changes")
    assert "Suspended" in shown(teacher, path)
    assert "Fee 29" not in shown(teacher, path), "fees are not a teacher's"
    assert "?tab=audit" not in shown(desk, path)
    assert "Away" in shown(owner, f"{path}?tab=audit")
    assert "tab=messages" not in shown(teacher, f"{path}?tab=messages").split("<h1>")[1].split("</nav>")[0]
    # Stretch by stretch everything comes once.
    reader = Actor(kind="staff", user_id=UUID(int=1), permissions=frozenset({"people.view", "fees.view"}))
    keys: list[str] = []
    onward = ""
    with tenant_scope(academy):
        while True:
            stretch = dossier.timeline(reader, asha.id, onward=onward, limit=7)
            keys += [entry.key for entry in stretch.entries]
            onward = stretch.onward
            if not onward:
                break
    assert len(keys) == len(set(keys)) == 33
    more = owner.page("GET", f"{path}?onward=nonsense", headers={"HX-Request": "true"})
    assert more.status_code == 200
    assert "Fee 29" in more.content.decode()


def test_the_list_goes_out_as_csv_and_as_a_workbook(academy: Business, bucket: str) -> None:
    branch = branch_make(academy, code="KTR", kind="academy")
    asha = student_make(academy, branch, name="Asha Rao", grade="11")
    student_make(academy, branch, name="=HYPERLINK(1)", grade="11")
    student_make(academy, branch, name="Ravi Shah", grade="12")
    owner = staff(academy)

    def lines(path: str, method: str = "GET", form: dict[str, str] | None = None) -> list[dict[str, str]]:
        answer = owner.page(method, path, form)
        assert answer.status_code == 200
        return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))  # type: ignore[attr-defined]

    assert {one["name"] for one in lines("/students/export?grade=11")} == {"Asha Rao", "'=HYPERLINK(1)"}
    [one] = lines("/students/export", "POST", {"student": str(asha.id), "format": "csv"})
    assert (one["code"], one["phone"], one["branch"]) == (asha.code, asha.phone, "KTR")
    started = owner.page("POST", "/students/export", {"format": "xlsx", "query": "grade=11"})
    assert started.status_code == 302
    job = UUID(started["Location"].rsplit("/", 1)[1])
    assert "Waiting" in shown(owner, f"/jobs/{job}")
    assert owner.page("GET", f"/students/export/{job}").status_code == 404
    jobs.drain()
    page = shown(owner, f"/jobs/{job}")
    assert "Download the workbook" in page
    link = owner.page("GET", f"/students/export/{job}")["Location"]
    rows = CalamineWorkbook.from_filelike(io.BytesIO(httpx.get(link).content)).get_sheet_by_index(0).to_python()
    assert rows[0] == list(exports.COLUMNS)
    assert {row[1] for row in rows[1:]} == {"Asha Rao", "=HYPERLINK(1)"}
    assert staff(academy, "accountant").page("GET", f"/students/export/{job}").status_code == 404
    # Whoever may not see numbers gets them masked in a file too.
    blind = Actor(kind="staff", user_id=owner.user.id if owner.user else None, permissions=frozenset())
    with tenant_scope(academy):
        text = b"".join(exports.csv_streamed(blind, Search(), [])).decode()  # type: ignore[arg-type]
    assert asha.phone not in text
    assert "•• ••" in text


def test_long_work_is_shown_to_who_may_and_stops_while_it_can(academy: Business) -> None:
    owner = staff(academy)
    with tenant_scope(academy):
        now = clock.now()
        made = {
            state: Progress.objects.create(
                id=UUID(int=number), kind="people.import", state=state, done=50, total=100, created_at=now,
                started_at=now - timedelta(seconds=50), updated_at=now, owner=owner.user.id if owner.user else None,
                result={"refused": 3} if state == "done" else None,
                error="people.import_too_long" if state == "failed" else "",
            )
            for number, state in enumerate(("queued", "running", "done", "failed", "cancelled"), 1)
        }  # fmt: skip
        unnamed = Progress.objects.create(id=UUID(int=9), kind="x.y", state="running", created_at=now, updated_at=now)
    running = shown(owner, f"/jobs/{made['running'].id}")
    assert "50 of 100" in running
    assert "60 a minute" in running
    assert "about 50 seconds left" in running
    assert "Stop" in running
    assert "Done with problems" in shown(owner, f"/jobs/{made['done'].id}")
    failed = shown(owner, f"/jobs/{made['failed'].id}")
    assert "The file is too long" in failed
    assert "Stopped" not in shown(owner, f"/jobs/{made['queued'].id}")
    piece = owner.page("GET", f"/jobs/{made['done'].id}?whole", headers={"HX-Request": "true"})
    assert piece["HX-Refresh"] == "true"
    assert "<html" not in piece.content.decode()
    tray = {"jobs": f"{made['running'].id.hex}.nonsense"}
    assert f"/jobs/{made['running'].id}?tray" in owner.page("GET", "/students", cookies=tray).content.decode()
    assert owner.page("GET", f"/jobs/{UUID(int=77)}?tray").content == b""
    assert owner.page("GET", f"/jobs/{UUID(int=77)}").status_code == 404
    assert owner.page("POST", f"/jobs/{made['done'].id}/cancel").status_code == 409
    assert owner.page("POST", f"/jobs/{unnamed.id}/cancel").status_code == 409
    pupil = signed_in(academy, "student", student=None)
    assert pupil.page("GET", f"/jobs/{made['running'].id}").status_code == 404


@pytest.mark.parametrize("path", ["/students/new", "/students/import"])
def test_without_a_branch_the_way_on_is_said(academy: Business, path: str) -> None:
    limits_set(academy)
    assert staff(academy).page("GET", path).status_code == 200
