"""Many want one seat at once: the table lets one of them have it, whatever the order."""

from collections import Counter
from datetime import date, timedelta

import pytest

from kernel import clock as time
from kernel.tenancy import Business, tenant_scope
from tenant_apps.bookings import services
from tenant_apps.bookings.errors import SeatTaken, StudentBusy
from tenant_apps.bookings.models import Booking, SeatMap
from tests.conftest import TestClock
from tests.support.factories.libraries import Reading, reading_make
from tests.support.factories.people import student_make
from tests.support.people import Client, staff
from tests.support.racing import race

RACERS = 32
ROUNDS = 20


@pytest.fixture
def room(library: Business) -> Reading:
    return reading_make(library)


def day_of(round_: int) -> date:
    return time.now().date() + timedelta(days=2 + round_)


def test_of_32_requests_for_one_seat_one_is_answered_201(room: Reading) -> None:
    """Twenty rounds through HTTP, each on another day, all racers with their own client and connection."""
    pupils = [student_make(room.business, room.branch) for _ in range(RACERS)]
    desks = [Client(room.business, tokens=staff(room.business, "front_desk").tokens) for _ in range(RACERS)]
    for round_ in range(ROUNDS):
        day = day_of(round_)

        def hold(index: int, day: date = day) -> tuple[int, str, str]:
            answer = desks[index].post(
                "bookings/hold",
                {
                    "seat": str(room.seats[0].id),
                    "shift": str(room.shifts["morning"].id),
                    "day": str(day),
                    "student": str(pupils[index].id),
                },
            )
            body = answer.json()
            return answer.status_code, body.get("code", ""), body.get("next_free_at", "")

        noon = f"{day}T06:30:00+00:00"
        assert race(RACERS, hold) == {(201, "", ""): 1, (409, "bookings.seat_taken", noon): RACERS - 1}, round_
    with tenant_scope(room.business):
        assert Counter(Booking.objects.values_list("state", flat=True)) == {"held": ROUNDS}
        # Each map was changed once: by the winner.
        assert set(SeatMap.objects.values_list("version", flat=True)) == {1}


def test_a_student_racing_for_many_seats_gets_one(library: Business) -> None:
    room = reading_make(library, seats=RACERS)
    pupil = student_make(library, room.branch)
    for round_ in range(ROUNDS):
        day = day_of(round_)

        def hold(index: int, day: date = day) -> str:
            with tenant_scope(library):
                try:
                    services.booking_hold(
                        seat=room.seats[index].id, shift=room.shifts["night"].id, day=day, student=pupil.id
                    )
                except StudentBusy:
                    return "busy"
                return "held"

        assert race(RACERS, hold) == {"held": 1, "busy": RACERS - 1}, round_
    with tenant_scope(library):
        assert Booking.objects.count() == ROUNDS


def test_racers_over_a_lapsed_hold_expire_it_once_and_one_has_the_seat(room: Reading, clock: TestClock) -> None:
    pupils = [student_make(room.business, room.branch) for _ in range(RACERS + 1)]
    seat, shift = room.seats[0].id, room.shifts["morning"].id
    with tenant_scope(room.business):
        for round_ in range(ROUNDS):
            services.booking_hold(seat=seat, shift=shift, day=day_of(round_), student=pupils[-1].id)
    clock.move(minutes=11)
    for round_ in range(ROUNDS):
        day = day_of(round_)

        def hold(index: int, day: date = day) -> str:
            with tenant_scope(room.business):
                try:
                    services.booking_hold(seat=seat, shift=shift, day=day, student=pupils[index].id)
                except SeatTaken:
                    return "taken"
                return "held"

        assert race(RACERS, hold) == {"held": 1, "taken": RACERS - 1}, round_
    with tenant_scope(room.business):
        assert Counter(Booking.objects.values_list("state", flat=True)) == {"held": ROUNDS, "expired": ROUNDS}


def test_everyone_changing_one_map_gets_a_version_of_their_own(library: Business) -> None:
    """Holds, confirmations and cancellations of 32 seats on one map at once: no deadlock, no version lost."""
    room = reading_make(library, seats=RACERS)
    pupils = [student_make(library, room.branch) for _ in range(RACERS)]
    shift, day = room.shifts["morning"].id, day_of(0)

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
    for round_ in range(ROUNDS):
        with tenant_scope(room.business):
            held = services.booking_hold(
                seat=room.seats[0].id, shift=room.shifts["morning"].id, day=day_of(round_), student=pupil.id
            )
            until = held.hold_until
        assert until is not None

        def act(index: int, booking: Booking = held) -> str:
            with tenant_scope(room.business):
                if index % 2:
                    services.bookings_pass(now=until + timedelta(seconds=1))  # noqa: B023
                    return "swept"
                try:
                    services.booking_confirm(booking=booking.id, by_desk=True)
                except Exception as refusal:
                    return getattr(refusal, "code", repr(refusal))
                return "confirmed"

        outcomes = race(8, act)
        with tenant_scope(room.business):
            held.refresh_from_db()
        assert outcomes["swept"] == 4
        assert outcomes["confirmed" if held.state == "confirmed" else "bookings.hold_over"] == 4, outcomes
