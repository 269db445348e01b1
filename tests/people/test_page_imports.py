"""Import by pages: bad files are answered with what to do, good ones are looked at, tried, carried out once, undone."""

import io
import zipfile
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from kernel import jobs
from kernel.errors import DomainError
from kernel.tenancy import Business, tenant_scope
from shared_apps.accounts import sessions
from shared_apps.files.models import File
from tenant_apps.people import imports, uploads, workbooks
from tenant_apps.people.drafts import as_typed, problems_of
from tenant_apps.people.models import Student, StudentImport
from tests.support.factories.people import branch_make, student_make
from tests.support.people import Client, signed_in, staff

pytestmark = pytest.mark.usefixtures("bucket")


def send(client: Client, name: str, body: bytes, **fields: str) -> HttpResponse:
    """A file as a browser's form sends it."""
    form = encode_multipart(BOUNDARY, {"file": SimpleUploadedFile(name, body), **fields})
    client._django.cookies.clear()
    client._django.cookies[sessions.name()] = client.session
    sent = {"Host": client.host, "X-Forwarded-For": client.ip, "Accept": "text/html"}
    return client._django.generic("POST", "/students/import", form, content_type=MULTIPART_CONTENT, headers=sent)


def workbook(*rows: tuple[Any, ...]) -> bytes:
    body = io.BytesIO()
    book = xlsxwriter.Workbook(body, {"in_memory": True, "default_date_format": "dd/mm/yyyy"})
    sheet = book.add_worksheet("Students")
    for at, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, str) and value.startswith("="):
                sheet.write_formula(at, column, value, None, "11")
            else:
                sheet.write(at, column, value)
    book.close()
    return body.getvalue()


def bomb() -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"<worksheet>" + b" " * (65 * 1024 * 1024))
    return body.getvalue()


def far_cell() -> bytes:
    body = io.BytesIO()
    book = xlsxwriter.Workbook(body, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write(0, 0, "name")
    sheet.write(1_048_575, 16_383, "x")
    book.close()
    return body.getvalue()


HEAD = "name,phone\n"
MANY = (HEAD + "".join(f"Student {n},98765{n:05d}\n" for n in range(10_001))).encode()
BAD: dict[str, tuple[str, bytes, str]] = {
    "empty": ("a.csv", b"", "The file is empty"),
    "only a heading": ("a.csv", HEAD.encode(), "The file has no rows"),
    "only blank lines": ("a.csv", b"\n\n , \n", "The file has no rows"),
    "10,001 rows": ("a.csv", MANY, "at most 10,000 rows"),
    "another encoding": ("a.csv", (HEAD + "José,9876543210\n").encode("latin-1"), "not UTF-8 text"),
    "a picture called csv": ("a.csv", b"\x89PNG\r\n\x1a\n" + bytes(64), "not a table we can read"),
    "bytes called csv": ("a.csv", b"MZ\x00\x03" + bytes(64), "not a table we can read"),
    "an old workbook": ("a.xls", b"\xd0\xcf\x11\xe0" + bytes(64), "Excel workbook (.xlsx)"),
    "an archive called xlsx": ("a.xlsx", b"PK\x03\x04" + bytes(64), "not a table we can read"),
    "a zip bomb": ("a.xlsx", bomb(), "larger inside than we read"),
    "a cell at the end of the sheet": ("a.xlsx", far_cell(), "larger inside than we read"),
    "a torn quote": ("a.csv", (HEAD + '"Asha,9876543210\n').encode(), "not a table we can read"),
    "too many columns": ("a.csv", (",".join(f"c{n}" for n in range(70)) + "\n1\n").encode(), "larger inside"),
}


def test_bad_files_are_answered_and_leave_nothing(academy: Business) -> None:
    branch_make(academy)
    owner = staff(academy)
    for name, (file, body, told) in BAD.items():
        answer = send(owner, file, body)
        said = answer.content.decode()
        assert answer.status_code == 422, f"{name}: {answer.status_code} {said[:300]}"
        assert told in said.replace("&#x27;", "'"), f"{name} is not told"
        assert 'id="id_file_error"' in said, f"{name} is not told at the file"
    with tenant_scope(academy):
        assert not StudentImport.objects.exists()
        assert not File.objects.exists()


def test_a_workbook_is_looked_at_tried_and_carried_out_once(academy: Business) -> None:
    branch = branch_make(academy, code="KTR", kind="academy")
    student_make(academy, branch, name="Ravi Shah", phone="9876500002")
    sheet = workbook(
        ("Full Name", "Mobile", "Class", "Class", "Joined", "Batch"),
        ("Asha Rao", 9876500001, "=10+1", "x", datetime(2026, 6, 1), "JEE, morning"),
        ("Ravi Shah", "98765 00002", 12, "", "", ""),
        ("", "", "", "", "", ""),
        ("Meera Nair", 12345, 12, "", "", ""),
    )
    owner = staff(academy)
    answer = send(owner, "june.xlsx", sheet)
    assert answer.status_code == 302, answer.content.decode()[:500]
    path = answer["Location"]
    page = owner.page("GET", path).content.decode()
    assert "1 row cannot be read" in page
    assert "Leave out" in page
    # Two columns said to be one thing are refused; so is a needed one left out. Nothing begins.
    doubled = owner.page("POST", f"{path}/check", {"column-1": "name", "column-2": "phone", "column-3": "name"})
    assert doubled.status_code == 422
    assert owner.page("POST", f"{path}/check", {"column-1": "name"}).status_code == 422
    assert owner.page("POST", f"{path}/run").status_code == 409
    with tenant_scope(academy):
        assert StudentImport.objects.get().state == "draft"
    columns = {
        "column-1": "name",
        "column-2": "phone",
        "column-3": "grade",
        "column-5": "joined_on",
        "column-6": "tags",
    }
    again = [owner.page("POST", f"{path}/check", columns).status_code for _ in range(2)]
    assert again == [302, 302]
    jobs.drain()
    page = owner.page("GET", path).content.decode()
    assert "Nothing is written yet" in page
    assert "Import 1 student" in page
    with tenant_scope(academy):
        tried = StudentImport.objects.get()
        assert (tried.rows, tried.created, tried.refused, tried.skipped) == (4, 1, 2, 1)
        assert Student.objects.count() == 1
    first, second = (owner.page("POST", f"{path}/run")["Location"] for _ in range(2))
    assert first == second
    jobs.drain()
    page = owner.page("GET", first).content.decode()
    assert "Done, with problems" in page
    assert owner.page("GET", f"{first}/errors").status_code == 302
    with tenant_scope(academy):
        asha = Student.objects.get(name="Asha Rao")
        assert (asha.phone, asha.grade, asha.joined_on) == ("+919876500001", "11", date(2026, 6, 1))
        assert asha.tags == ["JEE", "morning"]
    assert owner.page("POST", f"{first}/undo").status_code == 302
    assert owner.page("POST", f"{first}/undo").status_code == 409
    with tenant_scope(academy):
        assert Student.objects.get().name == "Ravi Shah"


def test_an_import_stops_between_batches_and_what_it_wrote_can_be_undone(
    academy: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    branch_make(academy, code="KTR", kind="academy")
    monkeypatch.setattr(imports, "BATCH_ROWS", 2)
    owner = staff(academy)
    sheet = (HEAD + "".join(f"Student {n},98765{n:05d}\n" for n in range(6))).encode()
    path = send(owner, "six.csv", sheet)["Location"]
    owner.page("POST", f"{path}/check")
    jobs.drain()
    started = owner.page("POST", f"{path}/run")["Location"]
    work = started.rsplit("/", 1)[1]
    written = imports._batch_write

    def stopped_after(*args: Any) -> None:
        # As if somebody pressed Stop while the second batch waits for its turn.
        written(*args)
        if args[0].row == 3:
            stops.append(work)

    stops: list[str] = []
    kept = imports._batch_keep

    def keep(*args: Any) -> bool:
        if stops:
            assert owner.page("POST", f"/jobs/{work}/cancel").status_code == 302
            stops.clear()
        return kept(*args)

    monkeypatch.setattr(imports, "_batch_write", stopped_after)
    monkeypatch.setattr(imports, "_batch_keep", keep)
    jobs.drain()
    page = owner.page("GET", started).content.decode()
    assert "It was stopped before its end" in page
    with tenant_scope(academy):
        assert (StudentImport.objects.get(id=work).state, Student.objects.count()) == ("stopped", 2)
    assert owner.page("POST", f"/jobs/{work}/cancel").status_code == 409
    assert owner.page("POST", f"{started}/undo").status_code == 302
    with tenant_scope(academy):
        assert not Student.objects.exists()


def test_imports_of_another_branch_are_not_there(academy: Business) -> None:
    here, there = branch_make(academy), branch_make(academy)
    path = send(signed_in(academy, role="manager", branch=there.id), "a.csv", b"name,phone\nAsha,9876543210\n")[
        "Location"
    ]
    stranger = signed_in(academy, role="manager", branch=here.id)
    assert stranger.page("GET", path).status_code == 404
    for deed in ("check", "run", "revise", "discard", "undo"):
        assert stranger.page("POST", f"{path}/{deed}").status_code == 404, deed
    assert "a.csv" not in stranger.page("GET", "/students/import").content.decode()
    with tenant_scope(academy):
        assert StudentImport.objects.get().state == "draft"
    owner = staff(academy)
    revised = owner.page("POST", f"{path}/revise")["Location"]
    assert UUID(revised.rsplit("/", 1)[1])
    assert owner.page("POST", f"{revised}/discard").status_code == 302
    assert owner.page("POST", f"{path}/discard").status_code == 302
    with tenant_scope(academy):
        assert not StudentImport.objects.exists()
        assert not File.objects.exists()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("9876543210", "9876543210"),
        ("9876543210.0", "9876543210"),
        ("9.87654321E9", "9876543210"),
        ("9.876543210E+09", "9876543210"),
        ("+91 98765 43210", "+91 98765 43210"),
    ],
)
def test_a_number_a_spreadsheet_took_for_a_quantity_is_read(text: str, number: str) -> None:
    assert as_typed(text, "phone") == number


def test_a_shortened_number_and_every_other_problem_of_a_row_is_told() -> None:
    row = {"name": "", "phone": "9.87654E+09", "email": "no", "joined_on": "2026-13-01", "guardian_phone": "12"}
    assert {field: error.code for field, error in problems_of(row).items()} == {
        "name": "people.name_missing",
        "phone": "people.phone_shortened",
        "email": "people.email_invalid",
        "joined_on": "people.date_invalid",
        "guardian_phone": "phone.invalid",
    }


@pytest.mark.parametrize(
    "body", [b"name;phone\nAsha;98\n", b"name\tphone\nAsha\t98\n", "name,phone\nAsha,98".encode("utf-16")]
)
def test_other_separators_and_excels_unicode_text_are_read(body: bytes) -> None:
    assert uploads.csv_of(io.BytesIO(body), size=len(body)).read() == b"name,phone\r\nAsha,98\r\n"


def test_a_workbook_of_long_shared_texts_is_not_opened() -> None:
    body = workbook(("name", "phone"), *(("x" * 32_000, n) for n in range(4_000)))
    with pytest.raises(DomainError, match="larger inside"):
        workbooks.rows_of(io.BytesIO(body))


def test_the_template_can_be_filled_in_and_sent(academy: Business) -> None:
    branch_make(academy)
    owner = staff(academy)
    for kind in ("csv", "xlsx"):
        body = owner.page("GET", f"/students/import/template?format={kind}").content
        answer = send(owner, f"students.{kind}", body)
        assert answer.status_code == 302
        assert "All of these can be read" in owner.page("GET", answer["Location"]).content.decode()
