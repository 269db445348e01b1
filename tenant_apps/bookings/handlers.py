"""The jobs of bookings: what time brings, what payments and seats tell."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, jobs
from kernel.tenancy import current
from shared_apps.messaging.services import message_queue
from shared_apps.payments.events import PaymentSettled
from tenant_apps.bookings import selectors, services
from tenant_apps.bookings.events import PURPOSE, BookingConfirmed
from tenant_apps.libraries.events import SeatChanged


@jobs.handler("bookings.expire", atomic=False)
def bookings_expire() -> dict[str, int]:
    """Expire unpaid holds, mark no-shows, check out who forgot to; counts of each."""
    return services.bookings_pass(now=clock.now())


@jobs.on(SeatChanged)
def bookings_seat_redraw(*, event: SeatChanged) -> None:
    """Show a blocked or opened seat on the maps people watch."""
    services.seat_tell(seat=UUID(event.seat))


@jobs.on(BookingConfirmed)
def bookings_tell(*, event: BookingConfirmed) -> None:
    """Tell the student, or who signs in for them, that the seat is theirs."""
    booking = selectors.booking_told(UUID(event.booking))
    if booking is not None and booking.phone:
        message_queue(
            template="booking",
            to=booking.phone,
            key=f"bookings.confirmed:{event.booking}",
            values={
                "seat": booking.seat,
                "day": f"{booking.day:%d %b %Y}",
                "shift": booking.shift,
                "academy": current().name,
            },
        )


@jobs.on(PaymentSettled, when_suspended=True)
def bookings_paid(*, event: PaymentSettled) -> None:
    """Confirm the seat that was paid for; money for one that is gone goes back whole."""
    if event.purpose != PURPOSE:
        return
    payment = UUID(event.payment)
    if not services.booking_settle(booking=UUID(event.reference), payment=payment):
        from shared_apps.payments.services.refunds import refund_request

        refund_request(payment=payment, key=f"bookings.unseated:{payment}", reason="The seat was no longer free")
