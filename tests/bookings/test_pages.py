"""Pages of seats: the desk's hall, a student's pick, the pass; every refusal explained, with nothing changed by it."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kernel import clock as time
from kernel.ids import uuid7
from kernel.tenancy import Business, tenant_scope
from shared_apps.accounts.models import User
from shared_apps.payments.models import Payment
from tenant_apps.bookings import services
from tenant_apps.bookings.models import Booking
from tenant_apps.bookings.passes import pass_code
from tenant_apps.people.models import Student
from tests.conftest import TestClock
from tests.support.factories.libraries import Reading, reading_make
from tests.support.factories.people import student_make, user_of
from tests.support.people import Client, signed_in, staff


@pytest.fixture
def room(library: Business) -> Reading:
    return reading_make(library, seats=10)


def pupil(room: Reading, name: str = "Asha Rao") -> tuple[Client, Student]:
    row = student_make(room.business, room.branch, name=name)
    with tenant_scope(room.business):
        person = User.objects.get(id=user_of(room.business, row))
    return signed_in(room.business, "student", user=person, student=row.id), row


def chosen(room: Reading, shift: str = "evening", days: int = 2) -> dict[str, str]:
    return {"hall": str(room.hall.id), "shift": str(room.shifts[shift].id), "day": str(room.day(days))}


def at(room: Reading, seat: int, **options: str) -> str:
    facts = {**chosen(room), "seat": str(room.seats[seat].id), **options}
    return "&".join(f"{name}={value}" for name, value in facts.items())


def text(answer: object) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())  # type: ignore[attr-defined]


def bookings(room: Reading) -> list[tuple[str, str]]:
    with tenant_scope(room.business):
        return list(Booking.objects.order_by("id").values_list("seat__label", "state"))


def test_the_desk_gives_moves_lets_in_and_out(room: Reading, clock: TestClock) -> None:
    desk, student = staff(room.business, "front_desk"), student_make(room.business, room.branch, name="Asha Rao")
    found = text(desk.page("GET", f"/seats?{at(room, 0, q='asha')}"))
    assert "A01, Asha Rao</span></button>" in found
    assert "₹60 in cash" in found
    assign = f"/seats/{room.seats[0].id}/assign"
    form = {**chosen(room), "seat": str(room.seats[0].id), "student": str(student.id)}
    # Money that was not taken gives no seat, nor does a student nobody named.
    for slip in ({"paid": "upi"}, {"paid": "cash", "student": ""}):
        refused = desk.page("POST", assign, form | slip)
        assert (refused.status_code, 'role="alert"' in text(refused)) == (422, True)
    assert {state for _seat, state in bookings(room)} <= {"cancelled"}
    given = desk.page("POST", assign, form | {"paid": "upi", "reference": "4471 9920 1182"})
    assert given.status_code == 302
    page = text(desk.page("GET", given["Location"]))
    assert "Seat A01, booked, not in yet, Asha Rao, till 10:00 pm" in page
    with tenant_scope(room.business):
        booking = Booking.objects.get(state="confirmed")
        assert Payment.objects.get(id=booking.payment_id).amount_paise == 6_000
    # Too early to be let in: said, and nothing changed. Moved meanwhile; then in, and out.
    deed = f"/seats/bookings/{booking.id}"
    early = desk.page("POST", f"{deed}/come", form)
    assert (early.status_code, "cannot be done" in text(early)) == (409, True)
    assert f"moving={booking.id}" in page
    moving = text(desk.page("GET", f"/seats?{at(room, 4, moving=str(booking.id))}"))
    assert "Move Asha Rao to A05" in moving
    moved = desk.page("POST", f"{deed}/move", form | {"seat": str(room.seats[4].id), "moving": str(booking.id)})
    assert "moving" not in moved["Location"]
    here = at(room, 4)
    clock.move(minutes=int((booking.during.lower - time.now()).total_seconds() // 60) - 10)
    desk = staff(room.business, "front_desk")
    assert desk.page("POST", f"{deed}/come", form).status_code == 302
    now = text(desk.page("GET", f"/seats?{here}"))
    assert "Seat A05, taken, Asha Rao, in since 3:" in now
    assert "came · A05" in now
    assert desk.page("POST", f"{deed}/renew", form).status_code == 302
    assert desk.page("POST", f"{deed}/leave", form).status_code == 302
    assert sorted(state for _seat, state in bookings(room))[-2:] == ["completed", "confirmed"]
    assert desk.page("POST", f"{deed}/dance", form).status_code == 404


def test_what_is_taken_or_blocked_is_explained_with_what_is_near(room: Reading) -> None:
    owner, desk = staff(room.business), staff(room.business, "front_desk")
    first, second = (student_make(room.business, room.branch, name=name) for name in ("Asha Rao", "Ravi Shah"))
    form = {**chosen(room), "seat": str(room.seats[3].id), "paid": "cash"}
    assign = f"/seats/{room.seats[3].id}/assign"
    assert desk.page("POST", assign, form | {"student": str(first.id)}).status_code == 302
    late = desk.page("POST", assign, form | {"student": str(second.id)})
    assert late.status_code == 409
    told = text(late)
    assert "That seat is taken" in told
    assert "It is next free from" in told
    assert re.findall(r">(A\d\d)</a>", told.partition("Free and near:")[2])[:3] == ["A03", "A05", "A02"]
    busy = desk.page("POST", f"/seats/{room.seats[5].id}/assign", form | {"student": str(first.id)})
    assert (busy.status_code, "has a seat at that time" in text(busy)) == (409, True)
    block = f"/seats/{room.seats[3].id}/block"
    assert desk.page("POST", block, form).status_code == 403
    assert owner.page("POST", block, form | {"reason": "Lamp <b>broken</b>"}).status_code == 302
    page = text(owner.page("GET", f"/seats?{at(room, 3)}"))
    assert "Lamp &lt;b&gt;broken&lt;/b&gt;" in page
    assert "1 booking to come" in page
    assert "An owner or a manager can open it again" in text(desk.page("GET", f"/seats?{at(room, 3)}"))
    assert owner.page("POST", block, form | {"open": "1"}).status_code == 302
    assert "Nobody can book it" not in text(owner.page("GET", f"/seats?{at(room, 3)}"))
    assert len(bookings(room)) == 1


def test_a_student_holds_pays_or_loses_a_seat(room: Reading, clock: TestClock) -> None:
    (asha, asha_row), (ravi, _row) = pupil(room), pupil(room, "Ravi Shah")
    page = text(asha.page("GET", f"/seat?{at(room, 1)}"))
    assert "Hold A02" in page
    assert text(asha.page("GET", f"/seat?{at(room, 1, best='1')}")).count('aria-current="true"') >= 3
    hold = f"/seat/{room.seats[1].id}/hold"
    held = asha.page("POST", hold, chosen(room))
    assert held.status_code == 302
    with tenant_scope(room.business):
        booking = Booking.objects.get()
    mine = text(asha.page("GET", held["Location"]))
    assert "Pay ₹60 and confirm A02" in mine
    assert f'href="/pay?booking={booking.id}"' in mine
    assert re.search(r'seconds="(59\d|600)"', mine)
    # The other comes with a page made before: told, with the three nearest, and nothing changes.
    late = ravi.page("POST", hold, chosen(room))
    assert late.status_code == 409
    told = text(late)
    assert "That seat is taken" in told
    assert re.findall(r">(A\d\d)</a>", told.partition("The nearest free seats:")[2])[:3] == ["A01", "A03", "A04"]
    assert "Asha" not in told
    assert bookings(room) == [("A02", "held")]
    clock.move(minutes=11)
    ended = text(asha.page("GET", f"/seat?{at(room, 1)}"))
    assert "The hold on A02 ended" in ended
    with tenant_scope(room.business):
        services.bookings_pass(now=time.now())
    again = text(asha.page("GET", f"/seat?{at(room, 1)}"))
    assert "The hold on A02 ended" in again
    assert "Hold A02" in again
    assert asha.page("POST", hold, chosen(room)).status_code == 302
    with tenant_scope(room.business):
        booking = Booking.objects.get(state="held")
    cancel = f"/seat/bookings/{booking.id}/cancel"
    assert "nothing is charged" in text(asha.page("GET", cancel))
    for client, path, status in (
        (ravi, cancel, 404),
        (staff(room.business), cancel, 403),
        (asha, f"/seat/bookings/{uuid7()}/cancel", 404),
        (asha, f"/seat/{uuid7()}/hold", 404),
        (asha, "/seats", 403),
        (asha, "/check-in", 403),
        (asha, f"/seats/bookings/{booking.id}/cancel", 403),
    ):
        method = "POST" if path.endswith(("hold", "cancel")) else "GET"
        assert client.page(method, path, chosen(room)).status_code == status, path
    assert asha.page("POST", cancel).status_code == 302
    assert bookings(room)[-1] == ("A02", "cancelled")
    assert asha_row.name in text(asha.page("GET", "/me"))


def test_a_free_seat_needs_no_payment_and_a_pass_lets_in(library: Business, clock: TestClock) -> None:
    room = reading_make(library, seats=4, price_paise=0)
    asha, _row = pupil(room)
    assert "Book A01" in text(asha.page("GET", f"/seat?{at(room, 0)}"))
    booked = asha.page("POST", f"/seat/{room.seats[0].id}/hold", chosen(room))
    assert booked["Location"] == "/pass"
    shown = text(asha.page("GET", "/pass"))
    with tenant_scope(library):
        booking = Booking.objects.get()
        code = pass_code(booking.id)
    assert f"{code[:4]}-{code[4:]}" in shown
    assert "<svg" in shown
    assert " style=" not in shown
    desk = staff(library, "front_desk")
    far = desk.page("POST", "/check-in", {"code": code})
    assert (far.status_code, "No pass of these days" in text(far)) == (404, True)
    clock.move(minutes=int((booking.during.lower - time.now()).total_seconds() // 60) - 60)
    desk = staff(library, "front_desk")
    known = text(desk.page("GET", f"/check-in?code={code}"))
    assert "They can be let in from" in known
    early = desk.page("POST", "/check-in", {"code": code})
    assert (early.status_code, bookings(room)) == (409, [("A01", "confirmed")])
    clock.move(minutes=40)
    for typed in ("nothing", "AAAA-AAAA", ""):
        assert desk.page("POST", "/check-in", {"code": typed}).status_code in {404, 422}
    let_in = desk.page("POST", "/check-in", {"code": f" {code[:4].lower()}-{code[4:].lower()} "})
    assert "Asha Rao is in: seat A01" in text(desk.page("GET", let_in["Location"]))
    gone = desk.page("POST", "/check-in", {"code": code, "deed": "leave"})
    assert "Asha Rao left at" in text(desk.page("GET", gone["Location"]))
    assert bookings(room) == [("A01", "completed")]
    # Elsewhere the same code is nobody's, and a desk of another branch knows none of it.
    other = reading_make(library)
    stranger = staff(library, "front_desk", branch=other.branch.id)
    assert stranger.page("POST", "/check-in", {"code": code}).status_code == 404
    assert stranger.page("POST", f"/seats/bookings/{booking.id}/leave", chosen(room)).status_code == 404


def test_every_page_asks_a_fixed_number_of_questions(library: Business) -> None:
    few, many = reading_make(library, seats=3), reading_make(library, seats=40)
    desk = staff(library)
    for number, seat in enumerate(many.seats[:30]):
        reader = student_make(library, many.branch, name=f"Reader {number}")
        with tenant_scope(library):
            held = services.booking_hold(
                seat=seat.id,
                shift=many.shifts["evening"].id,
                day=many.day(2),
                student=reader.id,
            )
            services.booking_confirm(booking=held.id, by_desk=True)
    asha, _row = pupil(many)
    for client, path, most in ((desk, "/seats", 20), (desk, "/seats?view=list", 20), (asha, "/seat", 16)):
        counts = []
        for room in (few, many):
            joined = f"{path}{'&' if '?' in path else '?'}{at(room, 1)}"
            client.page("GET", joined)
            with CaptureQueriesContext(connection) as seen:
                assert client.page("GET", joined).status_code == 200
            counts.append(len(seen))
        assert counts[1] <= counts[0] + 3 <= most + 3, (path, counts)


def test_addresses_that_choose_nothing_choose_what_is_there(library: Business) -> None:
    desk = staff(library)
    assert "No hall yet" in text(desk.page("GET", "/seats"))
    room = reading_make(library, seats=9)
    for query in ("", "hall=1&day=never&shift=x&seat=%22&view=sideways&q=%25", f"hall={uuid7()}&shift={uuid7()}"):
        answer = desk.page("GET", f"/seats?{query}")
        assert (answer.status_code, "Main hall" in text(answer)) == (200, True), query
    page = text(desk.page("GET", "/seats"))
    assert ("Bay 1" in page, "Bay 2" in page, page.count('class="seat seat-free" id=')) == (True, True, 9)
    asha, _row = pupil(room)
    hindi = text(asha.page("GET", "/seat", cookies={"language": "hi"}))
    assert '<html lang="hi"' in hindi
    assert "Book a seat" not in hindi
