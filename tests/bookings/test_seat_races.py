"""Many want one seat at once: the table lets one of them have it, whatever the order."""

from collections import Counter
from datetime import date, timedelta
from functools import partial

import pytest

from kernel.tenancy import Business, tenant_scope
from tenant_apps.bookings import services
from tenant_apps.bookings.errors import SeatTaken, StudentBusy
from tenant_apps.bookings.models import Booking, SeatMap
from tests.conftest import TestClock
from tests.support.days import local_today
from tests.support.factories.libraries import Reading, reading_make
from tests.support.factories.people import student_make
from tests.support.people import Client, staff
from tests.support.racing import race, racing

RACERS = 32
ROUNDS = 20
OVER_HTTP = 5


@pytest.fixture
def room(library: Business) -> Reading:
    return reading_make(library)


def days() -> list[date]:
    """One for each round."""
    return [local_today() + timedelta(days=2 + round_) for round_ in range(ROUNDS)]


def test_of_32_requests_for_one_seat_one_is_answered_201(room: Reading) -> None:
    """Through HTTP, each round on another day, all racers with their own client and connection.

    A few rounds: the same race is held twenty times below, at the service, where a request costs a tenth.
    """
    pupils = [student_make(room.business, room.branch) for _ in range(RACERS)]
    desks = [Client(room.business, tokens=staff(room.business, "front_desk").tokens) for _ in range(RACERS)]
    seat, shift = str(room.seats[0].id), str(room.shifts["morning"].id)

    def hold(index: int, day: date) -> tuple[int, str, str]:
        wish = {"seat": seat, "shift": shift, "day": str(day), "student": str(pupils[index].id)}
        answer = desks[index].post("bookings/hold", wish)
        body = answer.json()
        return answer.status_code, body.get("code", ""), body.get("next_free_at", "")

    with racing(RACERS) as round_of:
        for day in days()[:OVER_HTTP]:
            noon = f"{day}T06:30:00+00:00"
            outcomes = round_of(partial(hold, day=day))
            assert outcomes == {(201, "", ""): 1, (409, "bookings.seat_taken", noon): RACERS - 1}, day
    with tenant_scope(room.business):
        assert Counter(Booking.objects.values_list("state", flat=True)) == {"held": OVER_HTTP}
        # Each map was changed once: by the winner.
        assert set(SeatMap.objects.values_list("version", flat=True)) == {1}


def test_a_student_racing_for_many_seats_gets_one(library: Business) -> None:
    room = reading_make(library, seats=RACERS)
    pupil = student_make(library, room.branch)

    def hold(index: int, day: date) -> str:
        with tenant_scope(library):
            try:
                services.booking_hold(
                    seat=room.seats[index].id, shift=room.shifts["night"].id, day=day, student=pupil.id
                )
            except StudentBusy:
                return "busy"
            return "held"

    with racing(RACERS) as round_of:
        for day in days():
            assert round_of(partial(hold, day=day)) == {"held": 1, "busy": RACERS - 1}, day
    with tenant_scope(library):
        assert Booking.objects.count() == ROUNDS


def test_racers_over_a_lapsed_hold_expire_it_once_and_one_has_the_seat(room: Reading, clock: TestClock) -> None:
    pupils = [student_make(room.business, room.branch) for _ in range(RACERS + 1)]
    seat, shift = room.seats[0].id, room.shifts["morning"].id
    raced = days()
    with tenant_scope(room.business):
        for day in raced:
            services.booking_hold(seat=seat, shift=shift, day=day, student=pupils[-1].id)
    clock.move(minutes=11)

    def hold(index: int, day: date) -> str:
        with tenant_scope(room.business):
            try:
                services.booking_hold(seat=seat, shift=shift, day=day, student=pupils[index].id)
            except SeatTaken:
                return "taken"
            return "held"

    with racing(RACERS) as round_of:
        for day in raced:
            assert round_of(partial(hold, day=day)) == {"held": 1, "taken": RACERS - 1}, day
    with tenant_scope(room.business):
        assert Counter(Booking.objects.values_list("state", flat=True)) == {"held": ROUNDS, "expired": ROUNDS}


def test_everyone_changing_one_map_gets_a_version_of_their_own(library: Business) -> None:
    """Holds, confirmations and cancellations of 32 seats on one map at once: no deadlock, no version lost."""
    room = reading_make(library, seats=RACERS)
    pupils = [student_make(library, room.branch) for _ in range(RACERS)]
    shift, day = room.shifts["morning"].id, days()[0]

    def use(index: int) -> str:
        with tenant_scope(library):
            booking = services.booking_hold(seat=room.seats[index].id, shift=shift, day=day, student=pupils[index].id)
            services.booking_confirm(booking=booking.id, by_desk=True)
            services.booking_cancel(booking=booking.id, by_desk=True)
            return "done"

    assert race(RACERS, use) == {"done": RACERS}
    with tenant_scope(library):
        assert SeatMap.objects.get(shift_id=shift, day=day).version == 3 * RACERS


def test_confirming_races_with_expiry_and_one_of_them_wins(room: Reading, clock: TestClock) -> None:
    pupil = student_make(room.business, room.branch)
    seat, shift = room.seats[0].id, room.shifts["morning"].id

    def act(index: int, held: Booking) -> str:
        assert held.hold_until is not None
        with tenant_scope(room.business):
            if index % 2:
                services.bookings_pass(now=held.hold_until + timedelta(seconds=1))
                return "swept"
            try:
                services.booking_confirm(booking=held.id, by_desk=True)
            except Exception as refusal:
                return getattr(refusal, "code", repr(refusal))
            return "confirmed"

    with racing(8) as round_of:
        for day in days():
            with tenant_scope(room.business):
                held = services.booking_hold(seat=seat, shift=shift, day=day, student=pupil.id)
            outcomes = round_of(partial(act, held=held))
            with tenant_scope(room.business):
                held.refresh_from_db()
            assert outcomes["swept"] == 4
            assert outcomes["confirmed" if held.state == "confirmed" else "bookings.hold_over"] == 4, outcomes
