"""Who may watch a drawn map live."""

from __future__ import annotations

from uuid import UUID

from kernel import realtime
from kernel.errors import DomainError
from kernel.http.actor import Actor
from kernel.http.errors import NotFound
from tenant_apps.libraries import selectors as libraries


@realtime.topic("seats.{hall}.{day}.{shift}")
def may_watch_seats(actor: Actor, *, hall: str, day: str, shift: str) -> bool:
    """Whoever may see the hall; what is told holds no names."""
    if not actor.can("libraries.view"):
        return False
    try:
        room, hours = libraries.hall_get(actor, UUID(hall)), libraries.shift_card(UUID(shift))
    except (ValueError, NotFound):
        return False
    return hours is not None and hours.branch == room.branch_id


@realtime.topic("arrivals.{library}")
def may_watch_arrivals(actor: Actor, *, library: str) -> bool:
    """The desk of that library."""
    if not actor.can("bookings.attend"):
        return False
    try:
        libraries.library_get(actor, UUID(library))
    except (ValueError, DomainError):
        return False
    return True
