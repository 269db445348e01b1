"""Property: whatever is wished, paid, given back and let lapse, no two live bookings of a seat or a student overlap."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel import clock
from kernel.ids import uuid7
from kernel.tenancy import Business, tenant_scope
from tenant_apps.bookings import services
from tenant_apps.bookings.errors import HoldOver, NotNow, SeatTaken, StudentBusy
from tenant_apps.bookings.models import Booking
from tenant_apps.libraries import services as libraries
from tests.support.days import local_today
from tests.support.factories.libraries import Reading, reading_make
from tests.support.factories.people import student_make

OVERLAPS = """
    SELECT count(*) FROM bookings_booking AS one JOIN bookings_booking AS other
    ON one.id < other.id AND one.during && other.during
    AND (one.seat_id = other.seat_id OR one.student_id = other.student_id)
    WHERE one.state IN ('held', 'confirmed', 'checked_in') AND other.state IN ('held', 'confirmed', 'checked_in')
"""

Wish = tuple[str, int, int, int, int]
ACTS: st.SearchStrategy[list[Wish]] = st.lists(
    st.tuples(
        st.sampled_from(["hold", "hold", "hold", "confirm", "cancel", "settle", "lapse"]),
        st.integers(0, 2),  # seat
        st.integers(0, 3),  # student
        st.integers(0, 5),  # shift
        st.integers(0, 2),  # day
    ),
    min_size=1,
    max_size=25,
)


@pytest.fixture(scope="module")
def place() -> tuple[Reading, list[Any], list[Any]]:
    from tests.support.tenants import tenant_make

    business = tenant_make(kind="library")
    room = reading_make(business)
    with tenant_scope(business):
        odd = [
            libraries.shift_create(branch=room.branch.id, name=name, starts=starts, ends=ends, price_paise=price)
            for name, starts, ends, price in (
                ("late", time(20), time(2, 30), 500),
                ("nearly a day", time(0, 0), time(23, 59), 0),
            )
        ]
    pupils = [student_make(business, room.branch) for _ in range(4)]
    return room, [*room.shifts.values(), *odd], pupils


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_no_two_live_bookings_overlap(place: tuple[Reading, list[Any], list[Any]], acts: list[Wish]) -> None:
    room, shifts, pupils = place
    today = local_today() + timedelta(days=3)
    with tenant_scope(room.business):
        Booking.objects.all().delete()
        model: dict[Any, Booking] = {}
        for act, seat, pupil, shift, day in acts:
            _play(
                act,
                room,
                shift=shifts[shift],
                pupil=pupils[pupil],
                seat=seat,
                day=today + timedelta(days=day),
                model=model,
            )
            with connection.cursor() as cursor:
                cursor.execute(OVERLAPS)
                assert cursor.fetchone()[0] == 0


def _play(act: str, room: Reading, *, shift: Any, pupil: Any, seat: int, day: date, model: dict[Any, Booking]) -> None:
    if act == "hold":
        try:
            booking = services.booking_hold(seat=room.seats[seat].id, shift=shift.id, day=day, student=pupil.id)
            model[booking.id] = booking
        except SeatTaken as refusal:
            _is_free_from(refusal, room.seats[seat].id)
        except StudentBusy as refusal:
            own = Booking.objects.filter(id=refusal.data["booking"], student_id=pupil.id)
            assert own.exists()
        return
    mine = [booking for booking in model if model[booking].seat_id == room.seats[seat].id]
    if not mine:
        return
    try:
        if act == "confirm":
            services.booking_confirm(booking=mine[-1], by_desk=True)
        elif act == "cancel":
            services.booking_cancel(booking=mine[0], by_desk=True)
        elif act == "settle":
            services.booking_settle(booking=mine[0], payment=uuid7())
        else:
            Booking.objects.filter(state="held").update(hold_until=clock.now() - timedelta(seconds=1))
    except (HoldOver, NotNow):
        pass


def _is_free_from(refusal: SeatTaken, seat: Any) -> None:
    """What the refusal promises holds: at that instant nobody sits there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM bookings_booking WHERE seat_id = %s AND during @> %s::timestamptz"
            " AND state IN ('held', 'confirmed', 'checked_in')",
            [seat, refusal.data["next_free_at"]],
        )
        assert cursor.fetchone()[0] == 0


@pytest.mark.parametrize("column", ["seat", "student"])
def test_the_table_itself_refuses_an_overlap(library: Business, column: str) -> None:
    """Without any of our code in between: a plain insert of a second live booking fails, of an ended one does not."""
    room = reading_make(library)
    first, second = (student_make(library, room.branch) for _ in range(2))
    with tenant_scope(library):
        booked = services.booking_hold(
            seat=room.seats[0].id,
            shift=room.shifts["morning"].id,
            day=local_today() + timedelta(days=2),
            student=first.id,
        )
        booked.id = uuid7()
        if column == "seat":
            booked.student_id = second.id
        else:
            booked.seat_id = room.seats[1].id
        with pytest.raises(IntegrityError, match=f"bookings_{column}_once"), transaction.atomic():
            booked.save(force_insert=True)
        booked.state, booked.hold_until = "cancelled", None
        booked.save(force_insert=True)
        assert Booking.objects.count() == 2
