"""What of libraries the search finds, and what of them belongs to a business's set-up."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from kernel.http import search
from kernel.http.actor import Actor
from shared_apps.organisation import setup
from tenant_apps.libraries import selectors
from tenant_apps.libraries.models import Seat


def register() -> None:
    """Called once, when the app is ready."""
    search.register("seats", seats, title=_("Seats"), permission="bookings.view", position=30)
    setup.register(
        "seats",
        title=_("Draw your hall"),
        text=_("Rows, seats and shifts: what can be booked."),
        icon="armchair",
        page="page_libraries",
        permission="libraries.change",
        position=30,
        done=Seat.objects.all,
        of="library",
    )


def seats(actor: Actor, text: str) -> Iterator[search.Hit]:
    """By the label on the seat, whole."""
    if actor.kind == "student":
        return
    rows = selectors.seats_visible(actor).filter(label__iexact=text).select_related("hall__branch")
    for row in rows.order_by("label", "id")[: search.MOST]:
        page = search.address("page_seats", otherwise="/")
        yield search.Hit(
            title=row.label,
            note=f"{row.hall.name} · {row.hall.branch.name}",
            address=f"{page}?hall={row.hall_id}&seat={row.id}",
            icon="armchair",
            tone="warn",
            is_exact=True,
        )
