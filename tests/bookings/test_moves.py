"""The desk gives seats, takes money for them and moves people: once, whoever else wants the place, wherever it dies."""

from collections import Counter
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from kernel import clock as time
from kernel.audit.models import Entry
from kernel.errors import DomainError
from kernel.tenancy import Business, tenant_scope
from shared_apps.payments.errors import DeskReferenceMissing
from shared_apps.payments.models import Payment
from tenant_apps.bookings import moves, services
from tenant_apps.bookings.errors import (
    HoldOver,
    NotNow,
    SeatClosed,
    SeatTaken,
    ShiftElsewhere,
    StudentBusy,
)
from tenant_apps.bookings.models import Booking, SeatMap
from tenant_apps.libraries import services as libraries
from tests.conftest import TestClock
from tests.support.factories.libraries import Reading, reading_make
from tests.support.factories.people import student_make
from tests.support.people import staff
from tests.support.processes import dying_at
from tests.support.racing import race, racing

RACERS = 16
CASH = moves.Taken("cash")


@pytest.fixture
def room(library: Business) -> Reading:
    return reading_make(library, seats=RACERS + 2)


def seated(room: Reading, seat: int, *, shift: str = "morning", day: date | None = None, name: str = "Asha") -> Booking:
    pupil = student_make(room.business, room.branch, name=name)
    with tenant_scope(room.business):
        return moves.booking_assign(
            seat=room.seats[seat].id,
            shift=room.shifts[shift].id,
            day=day or room.day(2),
            student=pupil.id,
            money=CASH,
        )


def move(room: Reading, booking: Booking, seat: int, *, shift: str = "morning", day: date | None = None) -> Booking:
    with tenant_scope(room.business):
        return moves.booking_move(
            booking=booking.id, seat=room.seats[seat].id, shift=room.shifts[shift].id, day=day or room.day(2)
        )


def place(room: Reading, booking: UUID) -> tuple[str, str, date]:
    with tenant_scope(room.business):
        row = Booking.objects.select_related("seat", "shift").get(id=booking)
        return row.seat.label, row.shift.name, row.day


def versions(room: Reading, shift: str) -> int:
    with tenant_scope(room.business):
        found = SeatMap.objects.filter(shift=room.shifts[shift], day=room.day(2)).first()
        return found.version if found else 0


def test_a_move_takes_the_new_place_and_leaves_the_old_once(room: Reading) -> None:
    booking = seated(room, 0)
    before = versions(room, "morning")
    for _ in range(2):
        moved = move(room, booking, 1, shift="evening")
    assert place(room, booking.id) == ("A02", "evening", room.day(2))
    assert (moved.amount_paise, moved.state) == (6_000, "confirmed")
    with tenant_scope(room.business):
        moved.refresh_from_db()
        assert moved.during.lower.astimezone(time.zone()).hour == 16
        [told] = Entry.objects.filter(action="bookings.move")
        assert set(told.changes) == {"seat", "shift"}
    # Both maps changed once, and the old place is free for another.
    assert (versions(room, "morning") - before, versions(room, "evening")) == (1, 1)
    assert seated(room, 0).state == "confirmed"


def test_who_is_in_moves_within_their_time_and_nobody_into_anothers(room: Reading, clock: TestClock) -> None:
    day, booking, other = room.day(2), seated(room, 0), seated(room, 1, name="Ravi")
    held = held_seat(room, 2)
    with pytest.raises(SeatTaken) as taken:
        move(room, booking, 1)
    assert taken.value.data["next_free_at"] == other.during.upper.isoformat()
    with tenant_scope(room.business):
        second = moves.booking_assign(
            seat=room.seats[3].id,
            shift=room.shifts["evening"].id,
            day=room.day(2),
            student=booking.student_id,
            money=CASH,
        )
        with pytest.raises(StudentBusy) as busy:
            moves.booking_move(
                booking=second.id, seat=room.seats[4].id, shift=room.shifts["full day"].id, day=room.day(2)
            )
        assert busy.value.data["booking"] == str(booking.id)
        libraries.seat_block(seat=room.seats[5], reason="Lamp")
        services.booking_cancel(booking=second.id)
    elsewhere = reading_make(room.business)
    for refused, seat, shift in (
        (SeatClosed, room.seats[5].id, room.shifts["morning"].id),
        (ShiftElsewhere, elsewhere.seats[0].id, room.shifts["morning"].id),
    ):
        with tenant_scope(room.business), pytest.raises(refused):
            moves.booking_move(booking=booking.id, seat=seat, shift=shift, day=room.day(2))
    with pytest.raises(NotNow):
        move(room, second, 6)
    # A hold past its time stands in nobody's way, and moves nowhere itself.
    clock.move(minutes=11)
    with pytest.raises(HoldOver):
        move(room, held, 6)
    move(room, booking, 2)
    clock.move(minutes=int((booking.during.lower - time.now()).total_seconds() // 60) + 5)
    with tenant_scope(room.business):
        services.booking_check_in(booking=booking.id, ip=None, device="")
    with pytest.raises(NotNow):
        move(room, booking, 2, shift="evening", day=day)
    assert move(room, booking, 7, day=day).state == "checked_in"


def held_seat(room: Reading, seat: int, day: date | None = None) -> Booking:
    pupil = student_make(room.business, room.branch, name="Held")
    with tenant_scope(room.business):
        return services.booking_hold(
            seat=room.seats[seat].id, shift=room.shifts["morning"].id, day=day or room.day(2), student=pupil.id
        )


def test_the_desk_moves_over_http_and_only_what_is_in_its_branch(room: Reading) -> None:
    booking, desk = seated(room, 0), staff(room.business, "front_desk")
    body = {"seat": room.seats[1].id, "shift": room.shifts["evening"].id, "day": str(room.day(2))}
    answer: Any = desk.post(f"bookings/{booking.id}/reschedule", body)
    assert (answer.status_code, answer.json()["seat"]["label"]) == (200, "A02")
    far = staff(room.business, "front_desk", branch=reading_make(room.business).branch.id)
    assert far.post(f"bookings/{booking.id}/reschedule", body).status_code == 404
    assert desk.post(f"bookings/{booking.id}/reschedule", body | {"seat": str(booking.id)}).status_code == 404
    assert place(room, booking.id)[0] == "A02"


def test_of_many_moved_to_one_seat_one_gets_it_and_all_others_keep_theirs(room: Reading) -> None:
    """Half of the racers move, half are new: whoever commits first, no two wait for each other for ever."""
    goal = RACERS
    with racing(RACERS) as round_of:
        for number in range(4):
            day = room.day(2 + number)
            there = [held_seat(room, seat, day) for seat in range(RACERS // 2)]
            fresh = [student_make(room.business, room.branch, name=f"N{number}-{one}") for one in range(RACERS // 2)]

            def go(index: int, there: list[Booking] = there, fresh: list = fresh, day: date = day) -> str:
                try:
                    if index % 2:
                        move(room, there[index // 2], goal, day=day)
                    else:
                        with tenant_scope(room.business):
                            services.booking_hold(
                                seat=room.seats[goal].id,
                                shift=room.shifts["morning"].id,
                                day=day,
                                student=fresh[index // 2].id,
                            )
                except SeatTaken:
                    return "taken"
                return "there"

            assert round_of(go) == {"there": 1, "taken": RACERS - 1}, number
            with tenant_scope(room.business):
                live = Booking.objects.filter(day=day, state__in=Booking.LIVE)
                seats = Counter(live.values_list("seat_id", flat=True))
                assert (set(seats.values()), seats[room.seats[goal].id]) == ({1}, 1)


def test_two_of_one_student_moved_to_one_time_do_not_wait_for_each_other(room: Reading) -> None:
    pupil = student_make(room.business, room.branch)

    def assigned(seat: int, shift: str, day: date) -> Booking:
        with tenant_scope(room.business):
            return moves.booking_assign(
                seat=room.seats[seat].id, shift=room.shifts[shift].id, day=day, student=pupil.id, money=CASH
            )

    with racing(2) as round_of:
        for number in range(6):
            day = room.day(3 + 2 * number)
            pair = [assigned(0, "morning", day), assigned(1, "morning", day + timedelta(days=1))]

            def go(index: int, pair: list[Booking] = pair, day: date = day) -> str:
                try:
                    move(room, pair[index], 2 + index, shift="evening", day=day)
                except DomainError as refused:
                    return refused.code
                return "moved"

            assert round_of(go) == {"moved": 1, "bookings.student_busy": 1}, number


def test_the_same_move_asked_for_at_once_is_made_once(room: Reading) -> None:
    booking = seated(room, 0)
    assert race(RACERS, lambda _: move(room, booking, 1).seat_id) == {room.seats[1].id: RACERS}
    with tenant_scope(room.business):
        assert Entry.objects.filter(action="bookings.move").count() == 1


def test_a_move_that_dies_has_not_begun(room: Reading) -> None:
    booking = seated(room, 0)
    assert dying_at(moves.MOVED, lambda: move(room, booking, 1, shift="evening"))
    assert place(room, booking.id) == ("A01", "morning", room.day(2))
    assert versions(room, "evening") == 0
    assert move(room, booking, 1, shift="evening").seat_id == room.seats[1].id


def test_a_seat_given_at_the_desk_is_paid_for_once_even_if_the_desk_dies(room: Reading) -> None:
    pupil = student_make(room.business, room.branch)

    def assign(_: int = 0, *, money: moves.Taken | None = CASH, seat: int = 0, shift: str = "morning") -> str:
        with tenant_scope(room.business):
            return moves.booking_assign(
                seat=room.seats[seat].id,
                shift=room.shifts[shift].id,
                day=room.day(2),
                student=pupil.id,
                money=money,
            ).state

    assert dying_at(moves.ASSIGNED, assign)
    with tenant_scope(room.business):
        assert list(Booking.objects.values_list("state", flat=True)) == ["held"]
    assert race(8, assign) == {"confirmed": 8}
    with tenant_scope(room.business):
        [booking] = Booking.objects.all()
        [payment] = Payment.objects.all()
        assert (booking.payment_id, payment.amount_paise, payment.is_paid) == (payment.id, 6_000, True)
    # Without the money the seat is not kept.
    with pytest.raises(DeskReferenceMissing):
        assign(money=moves.Taken("upi"), seat=1, shift="evening")
    assert assign(money=None, seat=1, shift="evening") == "held"
    with tenant_scope(room.business):
        renewed = moves.booking_renew(booking=booking.id, money=CASH)
        assert (renewed.day, renewed.state) == (room.day(3), "confirmed")
        with pytest.raises(SeatTaken):
            moves.booking_assign(
                seat=renewed.seat_id,
                shift=renewed.shift_id,
                day=renewed.day,
                student=student_make(room.business, room.branch).id,
                money=CASH,
            )
