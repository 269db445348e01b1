"""Students in Chromium: found, added, changed, read about, and brought in from a file that is looked at first."""

import os
import re
from datetime import timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Browser, expect

from kernel import clock, jobs
from kernel.tenancy import Business, tenant_scope
from tenant_apps.bookings import services as bookings
from tenant_apps.classes.models import LiveClass, Presence
from tenant_apps.fees import counter
from tenant_apps.fees import services as fees
from tenant_apps.people import services
from tenant_apps.people.models import Student, StudentImport
from tests.support.browser import origin, visit
from tests.support.days import local_today
from tests.support.factories.libraries import reading_make
from tests.support.factories.people import branch_make, limits_set, student_make
from tests.support.people import staff, user_make
from tests.support.queue import empty_queue
from tests.support.tenants import tenant_make

__all__ = ["empty_queue"]

pytestmark = pytest.mark.usefixtures("bucket")

NAMES = (
    *("Ananya Iyer", "Rohit Deshmukh", "Fatima Shaikh", "Arjun Nair", "Simran Kaur", "Vivek Kulkarni", "Priyanka Das"),
    *("Mohd. Irfan Ansari", "Meera Joshi", "Kabir Singh Chauhan", "Sneha Patil", "Karthik Raghunathan", "Neha Gupta"),
    *("Venkata Subrahmanyam Lakshminarasimhan Iyengar", "आरव शर्मा", "Divya Menon", "Zoya Khan", "Om Prakash Yadav"),
)
BAD_SHEET = "\n".join(
    (
        "Student Name,Mobile,Class,Parent Name,Parent Mobile,Remarks,Date of Joining",
        "Ishaan Verma,98765 00001,11,Rakesh Verma,98765 10001,fine,2026-06-01",
        "Tanvi Rao,12345,11,Sunita Rao,98765 10002,,01/06/2026",
        ",98765 00003,12,,,name is missing,2026-06-01",
        "Aditya Kulkarni,9.87654E+09,12,Mohan Kulkarni,,shortened,2026-13-01",
        "Nisha Pillai,9876500005,12,Ravi Pillai,9876510005,,2026-06-02",
    )
)


@pytest.fixture(scope="module")
def school(bucket: str) -> Business:
    """An academy that also seats: students of all kinds, one with a history, one import behind it."""
    business = tenant_make(kind="both")
    limits_set(business)
    kothrud = branch_make(business, name="Kothrud", code="KTR", kind="academy")
    baner = branch_make(business, name="Baner Study Library", code="BNR")
    for number, name in enumerate(NAMES):
        student_make(
            business,
            kothrud if number % 3 else baner,
            name=name,
            grade=("11", "12", "10")[number % 3],
            board=("CBSE", "ICSE")[number % 2],
            tags=("JEE; morning", "NEET", "")[number % 3],
            guardian_name=("Lakshmi " + name.split()[-1]) if number % 4 else "",
            guardian_phone=f"98330{number:05d}" if number % 4 else "",
            guardian_relation="mother",
            email=f"student{number}@example.in" if number % 5 else "",
        )
    with tenant_scope(business):
        today = local_today()
        ananya = Student.objects.get(name="Ananya Iyer")
        fees.due_create(
            student=ananya.id, title="Instalment 1", amount_paise=18_500_00, due_on=today - timedelta(days=4)
        )
        fees.due_create(
            student=ananya.id, title="Instalment 2 of the two-year JEE course", amount_paise=12_34_567_00,
            due_on=today + timedelta(days=26),
        )  # fmt: skip
        paid = fees.due_create(student=ananya.id, title="Admission", amount_paise=5_000_00, due_on=today)
        counter.counter_take(student=ananya.id, dues=[paid.id], method="cash", key="desk-1")
        services.student_suspend(student=Student.objects.get(name="Zoya Khan").id, reason="Fees of three months")
        changes = {
            "grade": "12",
            "guardian_name": "Lakshmi Iyer",
            "guardian_phone": "9833012345",
            "email": "ananya@school.in",
        }
        services.student_change(student=ananya.id, changes=changes | {"guardian_relation": "mother"})
        attended(business, ananya.id)
    seated(business, ananya.id)
    return business


def attended(business: Business, student: UUID) -> None:
    """Two live classes they were in."""
    teacher = user_make(business, role="teacher", name="R. Sharma")
    now = clock.now()
    for days, title in ((2, "Algebra: quadratic equations"), (1, "Optics: lenses and mirrors")):
        begun = now - timedelta(days=days)
        held = LiveClass.objects.create(
            title=title, subject=title.split(":")[0], grade="12", board="CBSE", teacher=teacher, starts_at=begun,
            ends_at=begun + timedelta(hours=1), state="ended", started_at=begun, room=f"{business.public_id}-{days}",
        )  # fmt: skip
        Presence.objects.create(
            live_class=held, user=teacher, student_id=student, name="Ananya Iyer", part="student",
            joined_at=begun + timedelta(minutes=2), left_at=begun + timedelta(minutes=57),
        )  # fmt: skip


def seated(business: Business, student: UUID) -> None:
    """A seat they came to."""
    reading = reading_make(business, seats=3)
    with tenant_scope(business):
        day = local_today() + timedelta(days=1)
        full = reading.shifts["full day"].id
        held = bookings.booking_hold(seat=reading.seats[0].id, shift=full, day=day, student=student)
        bookings.booking_confirm(booking=held.id, by_desk=True)


def test_students_in_every_look(browser: Browser, port: int, school: Business) -> None:
    with tenant_scope(school):
        ananya, zoya = (Student.objects.get(name=name) for name in ("Ananya Iyer", "Zoya Khan"))
    pages = {
        "list": "/students",
        "list-nothing": "/students?q=nobody",
        "new": "/students/new",
        "student": f"/students/{ananya.id}",
        "student-fees": f"/students/{ananya.id}?tab=fees",
        "student-access": f"/students/{ananya.id}?tab=guardians",
        "import": "/students/import",
    }
    if os.environ.get("SHALA_LOOKS") == "all":  # what is made of the same parts
        pages |= {
            "list-searched": "/students?q=iy&state=active&sort=name",
            "student-suspended": f"/students/{zoya.id}",
            "student-classes": f"/students/{ananya.id}?tab=classes",
            "student-seats": f"/students/{ananya.id}?tab=seats",
            "student-messages": f"/students/{ananya.id}?tab=messages",
            "student-audit": f"/students/{ananya.id}?tab=audit",
            "student-edit": f"/students/{ananya.id}/edit",
        }
    for name, path in pages.items():
        # One a page: who looks at all eight looks of all pages at once asks too often.
        with visit(browser, origin(school, port), client=staff(school)) as seen:
            seen.look(f"people-{name}", path)


def test_many_are_chosen_by_hand_and_a_search_is_kept(browser: Browser, port: int, school: Business) -> None:
    with visit(browser, origin(school, port), client=staff(school)) as seen:
        page = seen.page
        seen.go("/students")
        page.get_by_label("Search students").press_sequentially("an")
        expect(page).to_have_url(re.compile("q=an"))
        expect(page.get_by_label("Search students")).to_be_focused()
        page.get_by_label("Grade").select_option("12")
        expect(page.locator("tbody")).not_to_contain_text(re.compile("1[01] · (CBSE|ICSE)"))
        page.get_by_text("Save this search as a view").click()
        page.get_by_label("Name of the view").fill("Twelfth, an")
        page.keyboard.press("Enter")
        expect(page.get_by_text("The view is saved.")).to_be_visible()
        expect(page.get_by_role("link", name="Twelfth, an")).to_have_attribute("aria-current", "true")
        rows = page.locator("tbody tr")
        chosen = rows.count()
        page.get_by_label("Choose all on this page").check()
        expect(page.get_by_text(f"{chosen} chosen")).to_be_visible()
        assert seen.violations() == []
        page.keyboard.press("Escape")
        expect(page.get_by_text(f"{chosen} chosen")).to_be_hidden()
        venkata = rows.filter(has_text="Venkata")
        venkata.get_by_role("checkbox").check()
        page.get_by_role("button", name="Suspend").click()
        page.get_by_role("dialog").get_by_label("Reason").fill("Fees of two months")
        page.keyboard.press("Enter")
        expect(page.get_by_text("1 student is suspended.")).to_be_visible()
        expect(venkata).to_contain_text("Suspended")
        venkata.get_by_role("checkbox").check()
        page.get_by_role("button", name="Reactivate").click()
        expect(page.get_by_text("1 student is active again.")).to_be_visible()
        with page.expect_download() as download:
            page.locator("summary", has_text="Export").click()
            page.get_by_role("link", name="CSV, at once").click()
        assert download.value.suggested_filename == "student.csv"
        seen.silent()


def test_a_file_is_looked_at_tried_carried_out_and_undone(browser: Browser, port: int, school: Business) -> None:
    def shown(name: str) -> None:
        """In every look, by somebody else: all of them count as many requests."""
        path = page.url.removeprefix(seen.base)
        with visit(browser, seen.base, client=staff(school)) as other:
            other.look(name, path)

    with visit(browser, origin(school, port), client=staff(school)) as seen:
        page = seen.page
        seen.go("/students/import")
        page.get_by_label("File", exact=True).set_input_files(
            {"name": "june-batch.csv", "mimeType": "text/csv", "buffer": BAD_SHEET.encode()}
        )
        page.get_by_label("Branch").select_option(label="Kothrud")
        page.get_by_role("button", name="Read the file").click()
        expect(page.get_by_role("heading", name="june-batch.csv")).to_be_visible()
        expect(page.get_by_label(re.compile("Column 1"))).to_have_value("name")
        expect(page.get_by_text("3 rows cannot be read")).to_be_visible()
        shown("people-import-columns")
        page.get_by_label(re.compile("Column 7")).select_option(value="")
        expect(page.locator("#preview th.is-out")).to_have_count(2)
        page.get_by_label(re.compile("Column 2")).select_option(value="")
        page.get_by_label(re.compile("Column 5")).select_option(value="")
        expect(page.get_by_text("A column is missing")).to_be_visible()
        page.get_by_label(re.compile("Column 2")).select_option(value="phone")
        page.get_by_label(re.compile("Column 5")).select_option(value="guardian_phone")
        expect(page.get_by_text("3 rows cannot be read")).to_be_visible()
        page.get_by_role("button", name="Try it, write nothing").click()
        expect(page.get_by_text("It waits for its turn")).to_be_visible()
        shown("people-import-waiting")
        jobs.drain()
        expect(page.get_by_text("Nothing is written yet")).to_be_visible(timeout=8_000)
        with tenant_scope(school):
            assert not Student.objects.filter(name="Ishaan Verma").exists()
        shown("people-import-tried")
        page.get_by_role("button", name="Import 2 students").click()
        expect(page.get_by_role("button", name="Stop")).to_be_visible()
        jobs.drain()
        expect(page.get_by_text("Done, with problems")).to_be_visible(timeout=8_000)
        shown("people-import-done")
        with tenant_scope(school):
            assert Student.objects.filter(imported__file_name="june-batch.csv").count() == 2
        page.get_by_role("button", name="Undo the import").click()
        page.get_by_role("dialog").get_by_role("button", name="Undo the import").click()
        expect(page.get_by_text("2 students are removed again.")).to_be_visible()
        shown("people-import-undone")
        with tenant_scope(school):
            assert not Student.objects.filter(name="Ishaan Verma").exists()
            assert StudentImport.objects.latest("id").state == "undone"
