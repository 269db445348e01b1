"""Owns what the desk does with a seat in one stroke: give it to a student, seat a booking elsewhere, book the next day."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from kernel import audit, clock, crash
from kernel.errors import DomainError
from kernel.tenancy import current
from shared_apps.payments import services as payments
from tenant_apps.bookings import selectors, services
from tenant_apps.bookings.errors import HoldOver, NotNow, SeatTaken
from tenant_apps.bookings.events import PURPOSE
from tenant_apps.bookings.models import Booking
from tenant_apps.bookings.seatmaps import maps_tell

ASSIGNED = crash.register("bookings.assigned")
MOVED = crash.register("bookings.moved")

State = Booking.State


@dataclass(frozen=True, slots=True)
class Taken:
    """Money taken at the desk: `method` is cash, upi or card; the latter two have a `reference`. `by` is who took it."""

    method: str
    reference: str = ""
    by: UUID | None = None


def booking_assign(*, seat: UUID, shift: UUID, day: date, student: UUID, money: Taken | None) -> Booking:
    """Give a seat to a student at the desk: theirs at once when it is free or `money` was taken, else held as any other.

    Asked for again, it is the same booking, paid for once. In two transactions: money waits for the next receipt's
    number, and nothing may be waited for behind a map's version. A process that dies between leaves a hold like any
    other. Raises what `booking_hold` and `booking_take` raise.
    """
    try:
        booking = services.booking_hold(seat=seat, shift=shift, day=day, student=student)
    except SeatTaken:
        live = Booking.objects.filter(seat_id=seat, shift_id=shift, day=day, student_id=student)
        booking_or_none = live.filter(state__in=(State.HELD, State.CONFIRMED)).first()
        if booking_or_none is None:
            raise
        booking = booking_or_none
    crash.point(ASSIGNED)
    if money is None or booking.state != State.HELD:
        return booking
    try:
        return booking_take(booking=booking.id, money=money)
    except DomainError:
        services.booking_cancel(booking=booking.id, by_desk=True)
        raise


def booking_take(*, booking: UUID, money: Taken) -> Booking:
    """Take the money for a held seat at the desk and make it the student's; the same booking is paid for once.

    Raises NotFound, HoldOver, NotNow, and what a payment at the desk raises.
    """
    with transaction.atomic():
        row = services.booking_locked(booking)
        if row.state == State.CONFIRMED:
            return row
        payment = payments.desk_payment_create(
            purpose=PURPOSE,
            subject=str(booking),
            quote=selectors.quote_of(row),
            method=money.method,
            reference=money.reference,
            key=f"bookings:{booking}",
            taken_by=money.by,
        )
        services.booking_settle(booking=booking, payment=payment.id)
        row.refresh_from_db()
    return row


def booking_move(*, booking: UUID, seat: UUID, shift: UUID, day: date) -> Booking:
    """Seat a live booking elsewhere, or at another time; what was agreed to be paid stays. Where it is, changes nothing.

    One statement takes the new place and leaves the old: the table lets no one in between. Who is checked in keeps
    their time. Raises NotFound, NotNow, HoldOver, ShiftElsewhere, SeatClosed, StudentNotActive, TimeOver, TooFarAhead,
    SeatTaken, StudentBusy.
    """
    now = clock.now()
    with transaction.atomic():
        row = services.booking_locked(booking)
        if (row.seat_id, row.shift_id, row.day) == (seat, shift, day):
            return row
        is_elsewhen = (row.shift_id, row.day) != (shift, day)
        if row.state not in Booking.LIVE or (row.state == State.CHECKED_IN and is_elsewhen):
            raise NotNow(state=row.state)
        if row.hold_until is not None and row.hold_until <= now:
            raise HoldOver
        wish = services.wish_of(seat=seat, shift=shift, day=day, student=row.student_id, now=now)
        left = services.touched_of(row)
        _alone(f"seat|{seat}", f"student|{row.student_id}")
        lapsed = services.lapsed_expire(wish, now)
        before = {"seat": str(row.seat_id), "shift": str(row.shift_id), "day": str(row.day)}
        row.seat_id, row.shift_id, row.day, row.updated_at = seat, shift, day, now
        row.during = DateTimeTZRange(wish.start, wish.end)
        try:
            with transaction.atomic():
                row.save(update_fields=["seat_id", "shift_id", "day", "during", "updated_at"])
        except IntegrityError as error:
            raise services.refusal_of(wish, besides=booking) from error
        after = {"seat": str(seat), "shift": str(shift), "day": str(day)}
        audit.record(
            action="bookings.move",
            subject_type="booking",
            subject_id=str(booking),
            changes={name: [before[name], after[name]] for name in before if before[name] != after[name]},
        )
        maps_tell([*lapsed, left, wish.touched])
        crash.point(MOVED)
    return row


def booking_renew(*, booking: UUID, money: Taken) -> Booking:
    """The same seat and shift for the same student on the day after, paid for at the desk.

    Raises what `booking_assign` raises.
    """
    row = services.booking_locked(booking, lock=False)
    return booking_assign(
        seat=row.seat_id,
        shift=row.shift_id,
        day=row.day + timedelta(days=1),
        student=row.student_id,
        money=money,
    )


def _alone(*names: str) -> None:
    """One move at a time to a place, in one order: of two that met in the table, each would wait for the other."""
    keys = [hashlib.blake2b(f"bookings|{current().schema}|{name}".encode(), digest_size=8).digest() for name in names]
    with connection.cursor() as cursor:
        for number in sorted(int.from_bytes(key, "big", signed=True) for key in keys):
            cursor.execute("SELECT pg_advisory_xact_lock(%s::bigint)", [number])
