"""Writes of bookings: hold, confirm, cancel, check in and out, and what time itself brings about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import F, QuerySet

from kernel import audit, clock, jobs
from kernel.http.errors import NotFound
from kernel.http.lookup import found
from kernel.ids import uuid7
from tenant_apps.bookings.errors import (
    HoldOver,
    NotNow,
    PaymentNeeded,
    SeatClosed,
    SeatTaken,
    ShiftElsewhere,
    StudentBusy,
    TimeOver,
    TooFarAhead,
)
from tenant_apps.bookings.events import BookingConfirmed
from tenant_apps.bookings.models import Booking, SeatMap
from tenant_apps.bookings.seatmaps import Touched, arrival_tell, day_span, maps_tell
from tenant_apps.libraries import selectors as libraries
from tenant_apps.people import selectors as people
from tenant_apps.people.errors import StudentNotActive

HOLD = timedelta(minutes=10)
AHEAD = timedelta(days=90)
EARLY = timedelta(minutes=30)
BATCH = 500

State = Booking.State


@dataclass(frozen=True, slots=True)
class Wish:
    """A seat wanted by a student for a time, all checked but whether it is free."""

    seat: UUID
    student: UUID
    shift: UUID
    day: date
    start: datetime
    end: datetime
    amount_paise: int

    @property
    def touched(self) -> Touched:
        return Touched(seat=self.seat, start=self.start, end=self.end)


def booking_hold(*, seat: UUID, shift: UUID, day: date, student: UUID) -> Booking:
    """Keep a seat for a student for ten minutes, in which it is to be paid; one that costs nothing is confirmed.

    Whoever commits first has the seat: the table refuses the others, and the refusal says from when it is free.
    Raises NotFound, ShiftElsewhere, SeatClosed, StudentNotActive, TimeOver, TooFarAhead, SeatTaken, StudentBusy.
    """
    now = clock.now()
    wish = wish_of(seat=seat, shift=shift, day=day, student=student, now=now)
    with transaction.atomic():
        booking = _insert(wish, now)
        lapsed: list[Touched] = []
        if booking is None:
            # Only a refused insert looks for holds past their time: free seats cost one statement.
            lapsed = lapsed_expire(wish, now)
            booking = _insert(wish, now) if lapsed else None
        if booking is not None and booking.state == State.CONFIRMED:
            jobs.publish(BookingConfirmed(booking=str(booking.id)))
        maps_tell([*lapsed, *([wish.touched] if booking is not None else [])])
    if booking is None:
        raise refusal_of(wish)
    return booking


def booking_confirm(*, booking: UUID, by_desk: bool) -> Booking:
    """Make a held seat the student's. What costs money is confirmed by its payment, or by the desk, on the record.

    Raises PaymentNeeded, HoldOver, NotNow. Confirming twice changes nothing.
    """
    with transaction.atomic():
        row = booking_locked(booking)
        if row.state == State.CONFIRMED:
            return row
        if row.state == State.EXPIRED or (row.hold_until is not None and row.hold_until <= clock.now()):
            raise HoldOver
        if row.state != State.HELD:
            raise NotNow(state=row.state)
        if row.amount_paise and not by_desk:
            raise PaymentNeeded(amount_paise=row.amount_paise)
        _move(row, State.CONFIRMED)
        audit.record(
            action="bookings.confirm",
            subject_type="booking",
            subject_id=str(booking),
            changes={"state": ["held", "confirmed"]},
        )
        jobs.publish(BookingConfirmed(booking=str(booking)))
        maps_tell([touched_of(row)])
    return row


def booking_settle(*, booking: UUID, payment: UUID) -> bool:
    """Confirm what was paid for. False when the seat can no longer be had, and the money is owed back.

    Money that arrives after the hold's end still gets the seat if nobody else has it by then.
    """
    with transaction.atomic():
        row = booking_locked(booking)
        if row.payment_id == payment and row.state in (State.CONFIRMED, State.CHECKED_IN, State.COMPLETED):
            return True
        if row.state not in (State.HELD, State.EXPIRED) or row.during.upper <= clock.now():
            return False
        row.payment_id = payment
        try:
            with transaction.atomic():
                _move(row, State.CONFIRMED, "payment_id")
        except IntegrityError:
            return False
        jobs.publish(BookingConfirmed(booking=str(booking)))
        maps_tell([touched_of(row)])
    return True


def booking_cancel(*, booking: UUID, reason: str = "", by_desk: bool = False) -> Booking:
    """Give a seat back before its time begins; the desk may do so later too. Cancelling twice changes nothing.

    Money is given back by a refund of its payment, not here. Raises NotNow.
    """
    with transaction.atomic():
        row = booking_locked(booking)
        if row.state == State.CANCELLED:
            return row
        if row.state not in (State.HELD, State.CONFIRMED) or (row.during.lower <= clock.now() and not by_desk):
            raise NotNow(state=row.state)
        before = row.state
        row.reason = reason
        _move(row, State.CANCELLED, "reason")
        audit.record(
            action="bookings.cancel",
            subject_type="booking",
            subject_id=str(booking),
            changes={"state": [before, "cancelled"], "reason": ["", reason]},
        )
        maps_tell([touched_of(row)])
    return row


def booking_check_in(*, booking: UUID, ip: str | None, device: str) -> Booking:
    """Let the student in, from half an hour before the time until its end. Twice changes nothing. Raises NotNow."""
    now = clock.now()
    with transaction.atomic():
        row = booking_locked(booking)
        if row.state == State.CHECKED_IN:
            return row
        if row.state != State.CONFIRMED or not row.during.lower - EARLY <= now < row.during.upper:
            raise NotNow(state=row.state)
        row.came_at, row.came_ip, row.came_device = now, ip, device[:200]
        _move(row, State.CHECKED_IN, "came_at", "came_ip", "came_device")
        arrival_tell(row)
        maps_tell([touched_of(row)])
    return row


def booking_check_out(*, booking: UUID) -> Booking:
    """Let the student go; the seat is free for the rest of the time. Twice changes nothing. Raises NotNow."""
    with transaction.atomic():
        row = booking_locked(booking)
        if row.state == State.COMPLETED:
            return row
        if row.state != State.CHECKED_IN:
            raise NotNow(state=row.state)
        row.left_at = clock.now()
        _move(row, State.COMPLETED, "left_at")
        arrival_tell(row)
        maps_tell([touched_of(row)])
    return row


def bookings_pass(*, now: datetime) -> dict[str, int]:
    """What time brings: unpaid holds expire, who never came is a no-show, who never checked out has left at the end.

    Answers how many of each. Safe to run twice and at once; a row someone else holds is left for the next run.
    """
    # Only before a clock was set back can a hold have been given longer: none keeps a seat for more than ten minutes.
    early = Booking.objects.filter(state=State.HELD, hold_until__gt=now + HOLD + clock.SKEW)
    early.update(hold_until=now + HOLD, updated_at=now)
    held = Booking.objects.filter(state=State.HELD, hold_until__lte=now)
    over = Booking.objects.filter(during__endswith__lte=now)
    return {
        "expired": _pass_all(held, now, state=State.EXPIRED, hold_until=None),
        "no_show": _pass_all(over.filter(state=State.CONFIRMED), now, state=State.NO_SHOW),
        "completed": _pass_all(
            over.filter(state=State.CHECKED_IN), now, state=State.COMPLETED, left_at=F("during__endswith")
        ),
    }


def seat_tell(*, seat: UUID) -> None:
    """Redraw a seat that was opened or blocked, on today's maps and on every later one that was ever drawn."""
    place, today = libraries.seat_place(seat), clock.today()
    if place is None:
        return
    drawn = SeatMap.objects.filter(hall_id=place.hall, day__gt=today).values_list("day", flat=True).distinct()
    with transaction.atomic():
        maps_tell(Touched(seat=seat, start=start, end=end) for start, end in map(day_span, {today, *drawn}))


def wish_of(*, seat: UUID, shift: UUID, day: date, student: UUID, now: datetime) -> Wish:
    """What is wanted, when everything but the place being free is as it must be. Raises as `booking_hold` does."""
    place, hours, card = libraries.seat_place(seat), libraries.shift_card(shift), people.student_card(student)
    if place is None or hours is None or card is None:
        raise NotFound
    if hours.branch != place.branch:
        raise ShiftElsewhere(field="shift")
    if not (place.is_open and hours.is_open):
        raise SeatClosed
    if not card.is_active:
        raise StudentNotActive
    start, end = hours.during(day)
    if end <= now:
        raise TimeOver(field="day")
    if start > now + AHEAD:
        raise TooFarAhead(field="day")
    return Wish(seat=seat, student=student, shift=shift, day=day, start=start, end=end, amount_paise=hours.price_paise)


def _insert(wish: Wish, now: datetime) -> Booking | None:
    """The booking, or None where an exclusion constraint says no; a racer still uncommitted is waited for."""
    booking = Booking(
        id=uuid7(),
        seat_id=wish.seat,
        student_id=wish.student,
        shift_id=wish.shift,
        day=wish.day,
        during=DateTimeTZRange(wish.start, wish.end),
        state=State.HELD if wish.amount_paise else State.CONFIRMED,
        hold_until=now + HOLD if wish.amount_paise else None,
        amount_paise=wish.amount_paise,
        created_at=now,
        updated_at=now,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO bookings_booking (id, seat_id, student_id, shift_id, day, during, state, hold_until,
                                          amount_paise, reason, came_device, created_at, updated_at)
            VALUES (%s, %s, %s, %s, %s, tstzrange(%s, %s), %s, %s, %s, '', '', %s, %s)
            ON CONFLICT DO NOTHING
            """,
            [
                booking.id,
                wish.seat,
                wish.student,
                wish.shift,
                wish.day,
                wish.start,
                wish.end,
                booking.state,
                booking.hold_until,
                wish.amount_paise,
                now,
                now,
            ],
        )
        return booking if cursor.rowcount else None


def lapsed_expire(wish: Wish, now: datetime) -> list[Touched]:
    """End the unpaid holds past their time that stand in the way of a wish."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE bookings_booking SET state = 'expired', hold_until = NULL, updated_at = %s
            WHERE id IN (SELECT id FROM bookings_booking
                         WHERE (seat_id = %s OR student_id = %s) AND during && tstzrange(%s, %s)
                           AND state = 'held' AND hold_until <= %s
                         ORDER BY id FOR UPDATE)
            RETURNING seat_id, lower(during), upper(during)
            """,
            [now, wish.seat, wish.student, wish.start, wish.end, now],
        )
        return [Touched(seat=seat, start=start, end=end) for seat, start, end in cursor.fetchall()]


def refusal_of(wish: Wish, *, besides: UUID | None = None) -> SeatTaken | StudentBusy:
    """Who is in the way of a wish, `besides` the booking that is to go there."""
    during = DateTimeTZRange(wish.start, wish.end)
    live = Booking.objects.filter(student_id=wish.student, during__overlap=during, state__in=Booking.LIVE)
    own = (live.exclude(id=besides) if besides else live).first()
    if own is not None and own.seat_id != wish.seat:
        return StudentBusy(booking=str(own.id))
    return SeatTaken(next_free_at=next_free(wish.seat, wish.start, wish.end).isoformat())


def next_free(seat: UUID, start: datetime, end: datetime) -> datetime:
    """The earliest instant from `start` on at which the seat is free for as long as from `start` to `end`."""
    free, length = start, end - start
    live = Booking.objects.filter(seat_id=seat, state__in=Booking.LIVE, during__endswith__gt=start)
    for during in live.order_by("during").values_list("during", flat=True):
        if during.lower >= free + length:
            break
        free = max(free, during.upper)
    return free


def booking_locked(booking: UUID, *, lock: bool = True) -> Booking:
    """One booking, which nobody else changes until this transaction ends. Raises NotFound."""
    return found(Booking.objects.select_for_update(of=("self",)) if lock else Booking.objects.all(), id=booking)


def _move(row: Booking, state: Booking.State, *fields: str) -> None:
    row.state, row.hold_until, row.updated_at = state, None, clock.now()
    row.save(update_fields=["state", "hold_until", "updated_at", *fields])


def touched_of(row: Booking) -> Touched:
    """The seat and time a booking takes."""
    return Touched(seat=row.seat_id, start=row.during.lower, end=row.during.upper)


def _pass_all(due: QuerySet[Booking], now: datetime, **changes: Any) -> int:
    """Change every due row, a batch and its seats' maps in a transaction each. Gives how many."""
    count = 0
    while True:
        with transaction.atomic():
            batch = list(due.select_for_update(skip_locked=True, of=("self",)).order_by("id")[:BATCH])
            Booking.objects.filter(id__in=[row.id for row in batch]).update(updated_at=now, **changes)
            maps_tell([touched_of(row) for row in batch])
        if not batch:
            return count
        count += len(batch)
