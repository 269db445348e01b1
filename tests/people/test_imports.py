"""Import of students by file: through the API, storage and a job; dry run, refused rows, quota, undo."""

import csv
import io
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from kernel import jobs, quotas
from kernel.tenancy import Business, tenant_scope
from tenant_apps.people.models import Access, RefusedRow, Student, StudentImport
from tests.support.factories.people import branch_make, limits_set, student_make
from tests.support.people import Client, staff

pytestmark = pytest.mark.usefixtures("bucket")

SHEET = Path(__file__).resolve().parents[2] / "scripts" / "data" / "students.csv"
REFUSED = {
    17: ("name", "people.name_missing"),
    33: ("phone", "phone.invalid"),
    58: ("phone", "people.phone_missing"),
    74: ("email", "people.email_invalid"),
    101: ("name", "people.student_exists"),
    126: ("branch", "people.branch_unknown"),
    149: ("joined_on", "people.date_invalid"),
    172: ("code", "people.code_taken"),
    188: ("", "people.row_columns"),
}


def send(client: Client, body: bytes, **fields: Any) -> Any:
    file = SimpleUploadedFile("students.csv", body, content_type="text/csv")
    form = encode_multipart(BOUNDARY, {"file": file, **fields})
    return client.call("POST", "students/bulk-import", form, headers={"Content-Type": MULTIPART_CONTENT})


def carried_out(client: Client, answer: Any) -> dict[str, Any]:
    assert answer.status_code == 202, answer.content
    jobs.drain(max_seconds=120)
    ended: dict[str, Any] = client.get(f"students/bulk-import/{answer.json()['id']}").json()
    return ended


def refused_rows(client: Client, student_import: str) -> list[dict[str, str]]:
    url = client.get(f"students/bulk-import/{student_import}/errors").json()["url"]
    return list(csv.DictReader(io.StringIO(httpx.get(url).content.decode("utf-8-sig"))))


def sheet(*lines: str, heading: str = "name,phone") -> bytes:
    return "\n".join([heading, *lines, ""]).encode()


def test_the_sheet_of_200_rows_names_its_nine_bad_ones(academy: Business) -> None:
    branch_make(academy, code="ASH", kind="academy")
    owner = staff(academy)
    ended = carried_out(owner, send(owner, SHEET.read_bytes()))
    assert (ended["state"], ended["rows"], ended["created"], ended["refused"]) == ("done", 200, 191, 9)
    refused = refused_rows(owner, ended["id"])
    assert {int(row["row"]): (row["field"], row["code"]) for row in refused} == REFUSED
    assert len({row["code"] for row in refused}) == 9
    assert all(row["what_to_do"] for row in refused)
    progress = owner.get(f"jobs/{ended['id']}").json()
    assert (progress["state"], progress["done"], progress["total"]) == ("done", 200, 200)
    assert progress["result"] == {"created": 191, "refused": 9, "is_dry_run": False}
    with tenant_scope(academy):
        assert Student.objects.count() == 191
        assert {use.name: use.used for use in quotas.usage()}["students"] == 191
        codes = set(Student.objects.values_list("code", flat=True))
        assert len(codes) == 191
        sharing = Counter(
            Student.objects.exclude(guardian_phone="").values_list("guardian_phone", flat=True)
        ).most_common(1)
        assert sharing[0][1] >= 2
        siblings = Student.objects.filter(guardian_phone=sharing[0][0])
        assert (
            len(set(Access.objects.filter(student__in=siblings, relation__in=["mother", "father"]).values_list("user")))
            == 1
        )
        assert Student.objects.filter(name__regex="[अ-ह]").count() > 40
        assert not Student.objects.filter(accesses=None).exists()
        assert RefusedRow.objects.count() == 0


def test_a_dry_run_finds_the_same_and_changes_nothing(academy: Business) -> None:
    branch_make(academy, code="ASH", kind="academy")
    owner = staff(academy)
    ended = carried_out(owner, send(owner, SHEET.read_bytes(), dry_run="true"))
    assert (ended["state"], ended["created"], ended["refused"], ended["is_dry_run"]) == ("done", 191, 9, True)
    found = {int(row["row"]): (row["field"], row["code"]) for row in refused_rows(owner, ended["id"])}
    assert found == REFUSED
    with tenant_scope(academy):
        assert Student.objects.count() == 0
        assert Access.objects.count() == 0
        assert {use.name: use.used for use in quotas.usage()}["students"] == 0


def test_the_same_file_twice_makes_nobody_twice(academy: Business) -> None:
    branch_make(academy, code="ASH", kind="academy")
    owner = staff(academy)
    body = sheet("Asha Rao,9876543210", "Ravi Rao,9876543210")
    assert carried_out(owner, send(owner, body))["created"] == 2
    again = carried_out(owner, send(owner, body))
    assert (again["created"], again["refused"]) == (0, 2)
    assert {row["code"] for row in refused_rows(owner, again["id"])} == {"people.student_exists"}
    with tenant_scope(academy):
        assert Student.objects.count() == 2


def test_the_quota_stops_it_in_the_middle(academy: Business) -> None:
    limits_set(academy, students=300)
    branch = branch_make(academy, code="ASH", kind="academy")
    student_make(academy, branch)
    owner = staff(academy)
    body = sheet(*(f"Student {n},98765{n:05d}" for n in range(600)))
    dry = carried_out(owner, send(owner, body, dry_run="true"))
    assert (dry["created"], dry["refused"]) == (299, 301)
    ended = carried_out(owner, send(owner, body))
    assert (ended["created"], ended["refused"]) == (299, 301)
    refused = refused_rows(owner, ended["id"])
    assert {row["code"] for row in refused} == {"plans.limit_reached"}
    assert [int(row["row"]) for row in refused] == list(range(301, 602))
    assert {row["what_to_do"] for row in refused} == {
        "Your plan allows 300 students. Take the plan enterprise, or remove some first, then import these rows again."
    }
    with tenant_scope(academy):
        assert Student.objects.count() == 300


def test_a_value_that_is_too_long_says_how_long_it_may_be(academy: Business) -> None:
    branch_make(academy, code="ASH", kind="academy")
    owner = staff(academy)
    ended = carried_out(owner, send(owner, sheet(f"{'अ' * 121},9876543210", f"{'अ' * 120},9876543210")))
    assert (ended["created"], ended["refused"]) == (1, 1)
    assert refused_rows(owner, ended["id"]) == [
        {
            "row": "2",
            "field": "name",
            "code": "people.value_too_long",
            "what_to_do": "It may have 120 characters. Shorten it.",
        }
    ]


def test_own_headings_are_mapped_and_a_row_may_name_its_branch(academy: Business) -> None:
    branch_make(academy, code="ASH", kind="academy")
    branch_make(academy, code="BAN", kind="academy")
    owner = staff(academy)
    body = sheet(
        "ban,Asha Rao,9876543210,x", ",Ravi Rao,9876543211,x", heading="Branch Code,Vidyarthi,Mobile No.,Shoe size"
    )
    ended = carried_out(owner, send(owner, body, columns='{"vidyarthi": "name"}'))
    assert (ended["created"], ended["refused"]) == (1, 1)
    assert [row["code"] for row in refused_rows(owner, ended["id"])] == ["people.branch_needed"]
    with tenant_scope(academy):
        assert Student.objects.get().branch.code == "BAN"


def test_a_stored_upload_is_imported_by_its_id(academy: Business, other_academy: Business) -> None:
    branch_make(academy, code="ASH", kind="academy")
    owner = staff(academy)
    body = sheet("Asha Rao,9876543210")
    announced = {"files": [{"name": "s.csv", "content_type": "text/csv", "size": len(body)}]}
    [upload] = owner.post("files/presign", announced).json()["files"]
    early = owner.post("students/bulk-import", {"file": upload["id"]})
    assert (early.status_code, early.json()["code"]) == (404, "files.missing")
    assert httpx.put(upload["url"], content=body, headers={"Content-Type": "text/csv"}).status_code == 200
    assert owner.post(f"files/{upload['id']}/complete").status_code == 200
    assert carried_out(owner, owner.post("students/bulk-import", {"file": upload["id"]}))["created"] == 1
    foreign = staff(other_academy).post("students/bulk-import", {"file": upload["id"]})
    assert (foreign.status_code, foreign.json()["code"]) == (404, "files.missing")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "people.import_unreadable"),
        (b"\xff\xfen\x00a\x00m\x00e\x00", "people.import_unreadable"),
        (b"phone,grade\n9876543210,9\n", "people.import_unreadable"),
        (b"name,phone,mobile\nA,9876543210,9876543211\n", "people.import_unreadable"),
        (b'name,phone\n"Asha Rao,9876543210\n', "people.import_unreadable"),
        (b"name,phone\n" + b"A,9876543210\n" * 10_001, "people.import_too_long"),
    ],
)
def test_a_file_that_is_no_table_fails_as_a_whole(academy: Business, body: bytes, reason: str) -> None:
    branch_make(academy, code="ASH", kind="academy")
    owner = staff(academy)
    if not body:
        assert send(owner, body).status_code == 400  # an empty form file is refused at the door
        return
    ended = carried_out(owner, send(owner, body))
    assert ended["state"] == "failed"
    assert ended["reason"].split(":")[0] == reason
    progress = owner.get(f"jobs/{ended['id']}").json()
    assert (progress["state"], progress["error"]) == ("failed", reason)
    with tenant_scope(academy):
        assert Student.objects.count() == 0


def test_odd_text_is_read_as_spreadsheets_write_it(academy: Business) -> None:
    branch_make(academy, code="ASH", kind="academy")
    owner = staff(academy)
    body = (
        '\ufeffname,phone,tags\r\n"Rao, Asha",9876543210,"a,b"\r\n\r\n"Two\nlines",9876543211,\r\n,,\r\n'.encode()
        + b"Caf\xe9,9876543212,\r\nLast,9876543213"
    )
    ended = carried_out(owner, send(owner, body))
    assert (ended["state"], ended["created"], ended["refused"]) == ("done", 3, 1)
    [refused] = refused_rows(owner, ended["id"])
    assert (refused["row"], refused["code"]) == ("6", "people.row_encoding")
    with tenant_scope(academy):
        assert set(Student.objects.values_list("name", flat=True)) == {"Rao, Asha", "Two lines", "Last"}
        assert Student.objects.get(name="Rao, Asha").tags == ["a", "b"]


def test_undo_removes_what_it_brought_and_gives_the_quota_back(academy: Business) -> None:
    branch = branch_make(academy, code="ASH", kind="academy")
    student_make(academy, branch, name="Here before")
    owner = staff(academy)
    ended = carried_out(owner, send(owner, sheet("Asha Rao,9876543210", "Ravi Rao,9876543211")))
    undone = owner.post(f"students/bulk-import/{ended['id']}/undo")
    assert (undone.status_code, undone.json()["state"]) == (200, "undone")
    again = owner.post(f"students/bulk-import/{ended['id']}/undo")
    assert (again.status_code, again.json()["code"]) == (409, "people.import_not_undoable")
    with tenant_scope(academy):
        assert [student.name for student in Student.objects.all()] == ["Here before"]
        assert {use.name: use.used for use in quotas.usage()}["students"] == 1


def test_a_manager_of_one_branch_imports_into_that_one_only(academy: Business) -> None:
    mine = branch_make(academy, code="ASH", kind="academy")
    branch_make(academy, code="BAN", kind="academy")
    manager = staff(academy, "manager", branch=mine.id)
    body = sheet("Asha Rao,9876543210,", "Ravi Rao,9876543211,BAN", heading="name,phone,branch")
    ended = carried_out(manager, send(manager, body))
    assert (ended["created"], ended["refused"]) == (1, 1)
    assert [row["code"] for row in refused_rows(manager, ended["id"])] == ["people.branch_unknown"]
    assert staff(academy, "front_desk").get("students/bulk-import").status_code == 403
    elsewhere = staff(academy, "manager", branch=branch_make(academy, code="CHE", kind="academy").id)
    assert elsewhere.get(f"students/bulk-import/{ended['id']}/errors").status_code == 404
    # Nor are the sheet and its errors among the files of anyone but who sent it.
    assert [file["name"] for file in manager.get("files").json()["results"]] == ["students-errors.csv", "students.csv"]
    assert elsewhere.get("files").json()["results"] == staff(academy).get("files").json()["results"] == []


def test_an_import_of_another_business_is_not_reached(academy: Business, other_academy: Business) -> None:
    branch_make(academy, code="ASH", kind="academy")
    owner = staff(academy)
    ended = carried_out(owner, send(owner, sheet("A,1")))
    foreign = staff(other_academy)
    for path in ("", "/errors"):
        assert foreign.get(f"students/bulk-import/{ended['id']}{path}").status_code == 404
    with tenant_scope(other_academy):
        assert StudentImport.objects.count() == 0


def test_a_file_of_more_than_10_mb_is_refused_at_the_door(academy: Business) -> None:
    branch_make(academy, code="ASH", kind="academy")
    answer = send(staff(academy), b"name,phone\n" + b"x" * (10 * 1024 * 1024))
    assert (answer.status_code, answer.json()["code"]) == (422, "people.import_too_long")
    with tenant_scope(academy):
        assert StudentImport.objects.count() == 0
