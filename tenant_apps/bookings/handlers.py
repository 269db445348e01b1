"""The jobs of bookings: what time brings, what payments and seats tell."""

from __future__ import annotations

from uuid import UUID

from kernel import clock, jobs
from tenant_apps.bookings import services
from tenant_apps.libraries.events import SeatChanged


@jobs.handler("bookings.expire", atomic=False)
def bookings_expire() -> dict[str, int]:
    """Expire unpaid holds, mark no-shows, check out who forgot to; counts of each."""
    return services.bookings_pass(now=clock.now())


@jobs.on(SeatChanged)
def bookings_seat_redraw(*, event: SeatChanged) -> None:
    """Show a blocked or opened seat on the maps people watch."""
    services.seat_tell(seat=UUID(event.seat))
