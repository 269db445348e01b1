"""The part of a student's page that is about seats: which they have, when they came and when they did not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel import clock
from kernel.http.actor import Actor
from tenant_apps.bookings import selectors
from tenant_apps.bookings.models import Booking
from tenant_apps.people.dossier import Entry, Figure, Part, register

SHOWN = 60
_STATES: dict[str, tuple[Any, str, str]] = {
    "held": (gettext_lazy("Held seat %(seat)s"), "timer", "warn"),
    "confirmed": (gettext_lazy("Booked seat %(seat)s"), "armchair", "info"),
    "checked_in": (gettext_lazy("Came to seat %(seat)s"), "map-pin-check", "ok"),
    "completed": (gettext_lazy("Came to seat %(seat)s"), "map-pin-check", "ok"),
    "cancelled": (gettext_lazy("Cancelled seat %(seat)s"), "x", "neutral"),
    "expired": (gettext_lazy("Let go of seat %(seat)s"), "clock", "neutral"),
    "no_show": (gettext_lazy("Did not come to seat %(seat)s"), "user-x", "bad"),
}


def register_part() -> None:
    """Called when the app is ready."""
    register(
        Part(
            "seats",
            gettext_lazy("Seats"),
            "armchair",
            "bookings.view",
            20,
            entries=entries,
            template="bookings/on_student.html",
            told=told,
            figures=figures,
        )
    )


def _bookings(actor: Actor, student: UUID) -> QuerySet[Booking]:
    return selectors.bookings_listed(actor).filter(student=student).select_related("seat__hall", "shift")


def entries(actor: Actor, student: UUID, until: datetime, limit: int) -> Iterator[Entry]:
    """Each booking at the moment its student came, else at the one it was made."""
    mine = _bookings(actor, student).annotate(at=Coalesce("came_at", "created_at"))
    for one in mine.filter(at__lte=until).order_by("-at", "-id")[:limit]:
        title, icon, tone = _STATES[one.state]
        note = f"{date_format(one.day, 'j M Y')}, {one.shift.name} · {one.seat.hall.name}"
        if one.left_at:
            note += " · " + _("left at %(time)s") % {"time": date_format(timezone.localtime(one.left_at), "g:i a")}
        yield Entry(one.at, str(one.id), "seats", icon, str(title) % {"seat": one.seat.label}, note, tone)


def told(actor: Actor, student: UUID) -> dict[str, Any]:
    """What lies ahead, the next first, and what was, the latest first."""
    now = clock.now()
    mine: list[Any] = list(_bookings(actor, student).order_by("-day", "-id")[:SHOWN])
    ahead = [one for one in mine if one.state in Booking.LIVE and one.ends_at > now]
    return {"ahead": ahead[::-1], "past": [one for one in mine if one not in ahead]}


def figures(actor: Actor, student: UUID) -> list[Figure]:
    """How often they came of the times they had a seat."""
    kept = Q(state__in=("checked_in", "completed"))
    counts = (
        selectors.bookings_visible(actor)
        .filter(student=student)
        .aggregate(came=Count("id", filter=kept), missed=Count("id", filter=Q(state="no_show")))
    )
    total = counts["came"] + counts["missed"]
    if not total:
        return []
    note = _("%(came)s of %(total)s times") % {"came": counts["came"], "total": total}
    return [Figure(_("Came to their seat"), f"{round(counts['came'] * 100 / total)} %", note)]
