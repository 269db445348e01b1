"""A seat and its money: what is owed, what a settled payment brings, early, late, twice or for nothing."""

from dataclasses import asdict

import pytest
from django.db.transaction import atomic

from kernel import clock as time
from kernel import jobs
from kernel.http.actor import Actor
from kernel.http.errors import NotFound
from kernel.ids import uuid7
from kernel.tenancy import Business, tenant_scope
from shared_apps.payments.events import PaymentSettled
from shared_apps.payments.purposes import quote_for
from tenant_apps.bookings import selectors, services
from tenant_apps.bookings.errors import HoldOver, NotNow
from tenant_apps.bookings.models import Booking
from tests.conftest import TestClock
from tests.support.factories.libraries import Reading, reading_make
from tests.support.factories.people import student_make
from tests.support.racing import race

STAFF = Actor(kind="staff")


@pytest.fixture
def room(library: Business) -> Reading:
    return reading_make(library, price_paise=4_500)


def held(room: Reading, *, name: str = "Asha Rao", seat: int = 0) -> Booking:
    pupil = student_make(room.business, room.branch, name=name)
    with tenant_scope(room.business):
        return services.booking_hold(
            seat=room.seats[seat].id,
            shift=room.shifts["evening"].id,
            day=room.day(2),
            student=pupil.id,
        )


def test_what_is_owed_is_the_shifts_price_at_the_time_of_the_hold(room: Reading) -> None:
    booking = held(room)
    with tenant_scope(room.business):
        from tenant_apps.libraries.services import shift_change

        shift_change(shift=room.shifts["evening"], changes={"price_paise": 9_900})
        owed = quote_for(STAFF, purpose="bookings.booking", reference=str(booking.id))
        assert (owed.amount_paise, owed.payer.name, owed.expires_at) == (4_500, "Asha Rao", booking.hold_until)
        assert owed.description == f"Seat A01, evening, {booking.day:%d %b %Y}"
        mine = Actor(kind="student", students=frozenset({booking.student_id}))
        assert selectors.booking_quote(mine, str(booking.id)) == owed
        for actor, reference in ((Actor(kind="student", students=frozenset({uuid7()})), str(booking.id)), (mine, "1")):
            with pytest.raises(NotFound):
                selectors.booking_quote(actor, reference)


def test_nothing_is_owed_for_what_is_confirmed_or_over(room: Reading, clock: TestClock) -> None:
    confirmed, lapsed = held(room), held(room, name="Ravi Rao", seat=1)
    with tenant_scope(room.business):
        services.booking_confirm(booking=confirmed.id, by_desk=True)
        with pytest.raises(NotNow):
            selectors.booking_quote(STAFF, str(confirmed.id))
        clock.move(minutes=11)
        for _ in range(2):  # before and after the sweep
            with pytest.raises(HoldOver):
                selectors.booking_quote(STAFF, str(lapsed.id))
            services.bookings_pass(now=time.now())


def test_a_settled_payment_confirms_once_however_often_it_is_told(room: Reading) -> None:
    booking, payment = held(room), uuid7()

    def settle(_: int) -> bool:
        with tenant_scope(room.business):
            return services.booking_settle(booking=booking.id, payment=payment)

    assert race(32, settle) == {True: 32}
    with tenant_scope(room.business):
        booking.refresh_from_db()
        assert (booking.state, booking.payment_id, booking.hold_until) == ("confirmed", payment, None)
        # A second payment for the same seat is owed back.
        assert services.booking_settle(booking=booking.id, payment=uuid7()) is False
        booking.refresh_from_db()
        assert booking.payment_id == payment
    jobs.drain()


def test_the_event_of_a_settled_payment_confirms_the_seat(room: Reading) -> None:
    booking, payment = held(room), uuid7()
    settled = PaymentSettled(
        payment=str(payment), purpose="bookings.booking", reference=str(booking.id), amount_paise=4_500, receipt="A/1"
    )
    with tenant_scope(room.business), atomic():
        jobs.publish(PaymentSettled(**(asdict(settled) | {"purpose": "fees.due", "id": str(uuid7())})))
    jobs.drain()
    with tenant_scope(room.business), atomic():
        booking.refresh_from_db()
        assert booking.state == "held"
        jobs.publish(settled)
        jobs.publish(settled)
    jobs.drain()
    with tenant_scope(room.business):
        booking.refresh_from_db()
        assert (booking.state, booking.payment_id) == ("confirmed", payment)


def test_late_money_still_gets_a_seat_nobody_took(room: Reading, clock: TestClock) -> None:
    booking = held(room)
    clock.move(minutes=15)
    with tenant_scope(room.business):
        assert services.bookings_pass(now=time.now())["expired"] == 1
        assert services.booking_settle(booking=booking.id, payment=uuid7()) is True
        booking.refresh_from_db()
        assert booking.state == "confirmed"


def test_late_money_for_a_seat_that_is_taken_is_owed_back(room: Reading, clock: TestClock) -> None:
    late = held(room)
    clock.move(minutes=15)
    winner = held(room, name="Ravi Rao")
    with tenant_scope(room.business):
        assert services.booking_settle(booking=late.id, payment=uuid7()) is False
        late.refresh_from_db()
        winner.refresh_from_db()
        assert (late.state, late.payment_id, winner.state) == ("expired", None, "held")


@pytest.mark.parametrize("ended", ["cancelled", "over", "given by the desk"])
def test_money_for_what_has_ended_otherwise_is_owed_back(room: Reading, clock: TestClock, ended: str) -> None:
    booking = held(room)
    with tenant_scope(room.business):
        if ended == "cancelled":
            services.booking_cancel(booking=booking.id)
        elif ended == "over":
            clock.move(days=4)
        else:
            services.booking_confirm(booking=booking.id, by_desk=True)
        before = Booking.objects.values().get()
        assert services.booking_settle(booking=booking.id, payment=uuid7()) is False
        assert Booking.objects.values().get() == before


def test_late_money_racing_a_new_hold_leaves_one_of_them_with_the_seat(room: Reading, clock: TestClock) -> None:
    late = held(room)
    pupils = [student_make(room.business, room.branch) for _ in range(15)]
    clock.move(minutes=11)

    def act(index: int) -> str:
        with tenant_scope(room.business):
            if index == 0:
                return "paid" if services.booking_settle(booking=late.id, payment=uuid7()) else "owed back"
            try:
                services.booking_hold(
                    seat=late.seat_id, shift=late.shift_id, day=late.day, student=pupils[index - 1].id
                )
            except services.SeatTaken:
                return "taken"
            return "held"

    outcomes = race(16, act)
    assert outcomes in ({"paid": 1, "taken": 15}, {"owed back": 1, "held": 1, "taken": 14})
    with tenant_scope(room.business):
        assert Booking.objects.filter(state__in=Booking.LIVE).count() == 1
