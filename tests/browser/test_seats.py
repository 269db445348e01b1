"""Seats in Chromium: the live hall of the desk, a student's pick on the phone, the pass, and two who want one seat."""

import re
from collections.abc import Iterator

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.transaction import atomic
from django.test import override_settings
from playwright.sync_api import Browser, expect

from kernel import clock as time
from kernel.tenancy import Business, tenant_scope
from shared_apps.accounts import sessions
from shared_apps.accounts.models import User
from tenant_apps.bookings import services
from tenant_apps.bookings.models import Booking
from tenant_apps.bookings.seatmaps import Touched, maps_tell
from tenant_apps.people.models import Student
from tests.support.browser import PHONE, Visit, origin, visit
from tests.support.factories.halls import Busy, busy_make
from tests.support.factories.libraries import reading_make
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


def looked(seen: Visit, who: str, pages: dict[str, str]) -> None:
    """Every page is looked at, whatever the one before had wrong."""
    wrong = []
    for name, path in pages.items():
        try:
            seen.look(f"{who}-{name}", path)
            assert seen.page.locator("[data-code]").count() == 0, path
        except AssertionError as found:
            wrong.append(str(found))
            seen.said.clear()
    assert not wrong, "\n".join(wrong)


def test_the_desks_pages_in_every_look(browser: Browser, port: int, busy: Busy) -> None:
    seats = busy.seats
    with visit(browser, origin(busy.business, port), client=staff(busy.business)) as seen:
        pages = {
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
        }
        looked(seen, "desk", pages)


def test_a_students_pages_in_every_look(browser: Browser, port: int, busy: Busy) -> None:
    sitting = pupil(busy.business, busy.students[0])
    with visit(browser, origin(busy.business, port), client=sitting) as seen:
        pages = {
            "bookings": "/seat/bookings",
            "seat-own": "/seat",
            "pass": "/pass",
            "cancel": f"/seat/bookings/{busy.bookings['C04'].id}/cancel",
        }
        looked(seen, "student", pages)
    fresh = student_make(busy.business, busy.branch, name="Isha Kale")
    with visit(browser, origin(busy.business, port), client=pupil(busy.business, fresh)) as seen:
        pages = {
            "seat": f"/seat?seat={busy.seats['B06'].id}",
            "seat-taken": f"/seat?seat={busy.seats['A01'].id}",
            "seat-list": "/seat?view=list",
            "bookings-none": "/seat/bookings",
            "pass-none": "/pass",
        }
        looked(seen, "student", pages)
        with tenant_scope(busy.business):
            services.booking_hold(
                seat=busy.seats["B06"].id,
                shift=busy.shifts["Now"].id,
                day=busy.bookings["C04"].day,
                student=fresh.id,
            )
        looked(seen, "student", {"seat-held": "/seat"})
        seen.go("/seat")
        seen.page.get_by_role("link", name="Pay ₹60 and confirm B06").click()
        expect(seen.page.get_by_text("₹60").first).to_be_visible()


def test_two_students_want_one_seat_and_the_desk_sees_it(browser: Browser, port: int) -> None:
    """One holds it: the other sees it held without reloading, and the desk too; a form sent late is told what is near."""
    room = reading_make(tenant_make(kind="library"), seats=10)
    where = origin(room.business, port)
    asha, ravi = (student_make(room.business, room.branch, name=name) for name in ("Asha Rao", "Ravi Shah"))
    day = room.day(2)
    here = f"hall={room.hall.id}&day={day}&shift={room.shifts['evening'].id}"
    with (
        visit(browser, where, client=pupil(room.business, asha)) as first,
        visit(browser, where, client=pupil(room.business, ravi)) as second,
        visit(browser, where, client=staff(room.business, "front_desk")) as desk,
    ):
        for seen in (first, second):
            seen.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
            seen.go(f"/seat?{here}")
        desk.go(f"/seats?{here}")
        # By keyboard: the list comes first, then the map, with its arrows over the aisle from bay to bay.
        page = first.page
        page.get_by_role("link", name="Choose from a list").focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        expect(page.locator("#seat-A01")).to_be_focused()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("link", name="Seat A03, free")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Hold A03")).to_be_visible()
        assert f"seat={room.seats[2].id}" in page.url
        second.page.locator("#seat-A03").click()
        expect(second.page.get_by_role("button", name="Hold A03")).to_be_visible()
        late = second.context.new_page()
        late.goto(second.page.url)
        expect(late.get_by_role("button", name="Hold A03")).to_be_visible()
        late.evaluate("document.documentElement.dataset.socket = 'off'; live.followers.clear()")
        page.get_by_role("button", name="Hold A03").click()
        expect(page.get_by_text("Held for you")).to_be_visible()
        expect(page.locator("hold-timer [data-left]")).to_have_text(re.compile(r"^(9:5\d|10:00)$"))
        expect(page.get_by_role("link", name="Pay ₹60 and confirm A03")).to_be_visible()
        # Told by the socket, well before anything is asked for again by itself.
        for other in (second.page, desk.page):
            expect(other.locator("#seat-A03")).to_have_class("seat seat-held", timeout=8_000)
        expect(second.page.locator("#chosen")).to_contain_text("Free and near:")
        expect(desk.page.get_by_role("link", name=re.compile("Seat A03, held by someone, Asha Rao"))).to_be_visible()
        expect(desk.page.locator("#taken")).to_contain_text("1 of 10 taken")
        late.get_by_role("button", name="Hold A03").click()
        expect(late.get_by_role("alert")).to_contain_text("That seat is taken")
        expect(late.get_by_role("alert").get_by_role("link")).to_have_text(["A02", "A04", "A01"])
        late.get_by_role("alert").get_by_role("link", name="A04").click()
        late.get_by_role("button", name="Hold A04").click()
        expect(late.get_by_text("Held for you")).to_be_visible()
        expect(page.locator("#seat-A04")).to_have_class("seat seat-held", timeout=8_000)
        for seen in (first, second, desk):
            seen.silent()


def test_the_desk_gives_moves_and_lets_in_by_keyboard(browser: Browser, port: int) -> None:
    room = reading_make(tenant_make(kind="library"), seats=10)
    reader = student_make(room.business, room.branch, name="Venkata Lakshmi Iyengar")
    day = room.day(1)
    with visit(browser, origin(room.business, port), client=staff(room.business)) as seen:
        page = seen.page
        seen.go(f"/seats?hall={room.hall.id}&day={day}&shift={room.shifts['morning'].id}")
        page.locator("#seat-A01").focus()
        page.keyboard.press("End")
        page.keyboard.press("Enter")
        field = page.get_by_label("Give A10 to")
        field.press_sequentially("lakshmi")
        page.get_by_role("button", name="Assign A10, Venkata Lakshmi Iyengar").click()
        expect(page.get_by_role("status").get_by_text("A10 is given to Venkata Lakshmi Iyengar.")).to_be_visible()
        expect(page.locator("#seat-A10")).to_have_class("seat seat-reserved")
        page.locator("#chosen").get_by_role("button", name="Check in").click()
        expect(page.get_by_role("alert")).to_contain_text("cannot be done with the booking now")
        with page.expect_response(re.compile(r"/seats\?")), tenant_scope(room.business), atomic():
            given = Booking.objects.get()
            maps_tell([Touched(given.seat_id, given.during.lower, given.during.upper)])
        page.wait_for_load_state("networkidle")
        # News of the very seat takes nothing away that is still to be read.
        expect(page.get_by_role("alert")).to_contain_text("cannot be done with the booking now")
        page.get_by_role("link", name="Move", exact=True).click()
        expect(page.get_by_text("You are moving Venkata Lakshmi Iyengar from A10")).to_be_visible()
        page.get_by_role("link", name=re.compile("evening")).click()
        expect(page.locator("#map-title")).to_have_text("evening")
        assert "/come" not in page.url
        page.locator("#seat-A02").click()
        page.get_by_role("button", name="Move Venkata Lakshmi Iyengar to A02").click()
        expect(page.locator("#seat-A02")).to_have_class("seat seat-reserved")
        expect(page.locator("#seat-A10")).to_have_class("seat seat-free")
        page.get_by_text("Block A02").click()
        page.get_by_label("Why").fill("Lamp broken")
        page.get_by_role("button", name="Block the seat").click()
        expect(page.get_by_text("Nobody can book it: Lamp broken")).to_be_visible()
        page.go_back()
        expect(page.locator("#seat-A02")).to_be_visible()
        seen.silent()
    with visit(browser, origin(room.business, port), client=pupil(room.business, reader)) as seen:
        seen.go("/pass")
        expect(seen.page.get_by_role("img", name="The pass as a picture")).to_be_visible()


def test_who_comes_is_seen_at_once_and_all_works_without_script(browser: Browser, port: int) -> None:
    room = reading_make(tenant_make(kind="library"), seats=10, price_paise=0)
    asha, ravi = (student_make(room.business, room.branch, name=name) for name in ("Asha Rao", "Ravi Shah"))
    day = room.day(1)
    here = f"hall={room.hall.id}&day={day}&shift={room.shifts['evening'].id}"
    with visit(browser, origin(room.business, port), client=staff(room.business, "front_desk")) as seen:
        seen.go(f"/seats?{here}")
        expect(seen.page.get_by_text("Nobody has come today yet.")).to_be_visible()
        with tenant_scope(room.business):
            booking = services.booking_hold(
                seat=room.seats[4].id, shift=room.shifts["evening"].id, day=day, student=ravi.id
            )
            Booking.objects.filter(id=booking.id).update(during=DateTimeTZRange(time.now(), booking.during.upper))
            services.booking_check_in(booking=booking.id, ip=None, device="desk")
        expect(seen.page.locator("#arrivals")).to_contain_text("Ravi Shah came · A05", timeout=8_000)
        expect(seen.page.get_by_role("link", name=re.compile("Seat A05, taken, Ravi Shah, in since"))).to_be_visible()
        seen.silent()
    reader = student_make(room.business, room.branch, name="Meera Nair")
    with visit(browser, origin(room.business, port), client=pupil(room.business, reader)) as seen:
        seen.go(f"/seat?{here}")
        seen.page.locator("#seat-A09").click()
        seen.page.get_by_role("button", name="Book A09").click()
        expect(seen.page.get_by_role("heading", name="Seat pass")).to_be_visible()
        seen.go(f"/seat?{here}&seat={room.seats[7].id}")
        seen.page.wait_for_load_state("networkidle")  # what the page asks when it hears its topic is answered
        seen.context.clear_cookies()
        seen.page.locator("#seat-A08").click()
        expect(seen.page.get_by_label("Mobile number")).to_be_visible()
        seen.silent()
    plain = browser.new_context(java_script_enabled=False)
    base, client = origin(room.business, port), pupil(room.business, asha)
    plain.add_cookies([{"name": sessions.name(), "value": client.session, "url": base}])
    page = plain.new_page()
    page.goto(f"{base}/seat?{here}")
    page.get_by_role("link", name="Choose from a list").click()
    page.get_by_role("link", name="A07").click()
    page.get_by_role("button", name="Book A07").click()
    expect(page.get_by_role("heading", name="Seat pass")).to_be_visible()
    expect(page.locator(".pass-seat")).to_have_text("A07")
    plain.close()
