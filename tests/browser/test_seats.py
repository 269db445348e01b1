"""Seats in Chromium: the live hall of the desk, a student's pick on the phone, the pass, and two who want one seat."""

from collections.abc import Iterator

import pytest
from django.test import override_settings
from playwright.sync_api import Browser, expect

from kernel.tenancy import Business, tenant_scope
from shared_apps.accounts.models import User
from tenant_apps.bookings import services
from tenant_apps.people.models import Student
from tests.support.browser import Visit, origin, visit
from tests.support.factories.halls import Busy, busy_make
from tests.support.factories.people import student_make, user_of
from tests.support.people import Client, signed_in, staff
from tests.support.tenants import tenant_make


@pytest.fixture(autouse=True)
def unhurried() -> Iterator[None]:
    """A page with its live parts is a few requests; every look at every page is more than one person makes."""
    with override_settings(REQUESTS_PER_MINUTE=100_000):
        yield


@pytest.fixture(scope="module")
def busy() -> Busy:
    return busy_make(tenant_make(kind="library"))


def pupil(business: Business, student: Student) -> Client:
    with tenant_scope(business):
        person = User.objects.get(id=user_of(business, student))
    return signed_in(business, "student", user=person, student=student.id)


def shown(seen: Visit, path: str, name: str) -> None:
    seen.go(path)
    expect(seen.page.locator("[data-code]")).to_have_count(0)
    seen.look(name)


def test_the_desks_pages_in_every_look(browser: Browser, port: int, busy: Busy) -> None:
    seats = busy.seats
    with visit(browser, origin(busy.business, port), client=staff(busy.business)) as seen:
        for name, path in {
            "seats": f"/seats?seat={seats['C04'].id}",
            "seats-assign": f"/seats?seat={seats['A04'].id}&q=an",
            "seats-moving": f"/seats?seat={seats['A05'].id}&moving={busy.bookings['A01'].id}",
            "seats-blocked": f"/seats?seat={seats['A10'].id}",
            "seats-list": f"/seats?view=list&seat={seats['B04'].id}",
            "check-in": "/check-in",
            "libraries": "/libraries",
            "library": f"/libraries/{busy.branch.id}",
            "hall": f"/libraries/halls/{busy.hall.id}",
            "hall-new": f"/libraries/{busy.branch.id}/halls/new",
            "shift": f"/libraries/shifts/{busy.shifts['Now'].id}",
        }.items():
            shown(seen, path, f"desk-{name}")


def test_a_students_pages_in_every_look(browser: Browser, port: int, busy: Busy) -> None:
    sitting = pupil(busy.business, busy.students[0])
    with visit(browser, origin(busy.business, port), client=sitting) as seen:
        for name, path in {
            "bookings": "/seat/bookings",
            "pass": "/pass",
            "cancel": f"/seat/bookings/{busy.bookings['C04'].id}/cancel",
        }.items():
            shown(seen, path, f"student-{name}")
    fresh = student_make(busy.business, busy.branch, name="Isha Kale")
    with visit(browser, origin(busy.business, port), client=pupil(busy.business, fresh)) as seen:
        for name, path in {
            "seat": f"/seat?seat={busy.seats['B06'].id}",
            "seat-taken": f"/seat?seat={busy.seats['A01'].id}",
            "seat-list": "/seat?view=list",
            "bookings-none": "/seat/bookings",
            "pass-none": "/pass",
        }.items():
            shown(seen, path, f"student-{name}")
        with tenant_scope(busy.business):
            services.booking_hold(
                seat=busy.seats["B06"].id,
                shift=busy.shifts["Now"].id,
                day=busy.bookings["C04"].day,
                student=fresh.id,
            )
        shown(seen, "/seat", "student-seat-held")
        seen.page.get_by_role("link", name="Pay ₹60 and confirm B06").click()
        expect(seen.page.get_by_text("₹60").first).to_be_visible()
