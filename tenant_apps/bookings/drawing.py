"""Owns how a hall is drawn for people: its bays, each seat's state in words and marks, and how full each shift is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel import clock
from kernel.http.actor import Actor
from tenant_apps.bookings import selectors
from tenant_apps.bookings.models import Booking
from tenant_apps.libraries import selectors as libraries
from tenant_apps.libraries.selectors import ShiftCard

if TYPE_CHECKING:
    from tenant_apps.libraries.models import Hall

# A seat in use that is free again so soon is worth waiting for.
SOON = timedelta(minutes=60)
FULL = ("held", "reserved", "taken", "soon", "yours")
WORDS = {
    "free": gettext_lazy("free"),
    "held": gettext_lazy("held by someone"),
    "reserved": gettext_lazy("booked, not in yet"),
    "taken": gettext_lazy("taken"),
    "soon": gettext_lazy("free within the hour"),
    "yours": gettext_lazy("yours"),
    "blocked": gettext_lazy("blocked"),
}


@dataclass(frozen=True, slots=True)
class Spot:
    """A seat as it is drawn. `booking` is known to the desk, and to a student their own."""

    id: UUID
    label: str
    row: int
    column: int
    state: str
    until: datetime | None
    booking: Booking | None
    reason: str = ""

    @property
    def word(self) -> str:
        return str(WORDS[self.state])

    @property
    def who(self) -> str:
        return self.booking.student.name if self.booking is not None else ""

    @property
    def said(self) -> str:
        """The seat for who hears it: "Seat C04, taken, Rohit Deshmukh, till 10:00 pm"."""
        facts = [_("Seat %(seat)s") % {"seat": self.label}, self.word]
        if self.who and self.state != "yours":
            facts.append(self.who)
        if self.booking is not None and self.booking.came_at:
            facts.append(_("in since %(time)s") % {"time": hour(self.booking.came_at)})
        if self.until is not None and self.state != "free":
            facts.append(_("till %(time)s") % {"time": hour(self.until)})
        if self.reason:
            facts.append(self.reason)
        return ", ".join(facts)


@dataclass(frozen=True, slots=True)
class Filled:
    """A shift of a day in one hall: how many of its seats are somebody's."""

    shift: ShiftCard
    taken: int
    seats: int
    is_on: bool
    is_over: bool

    @property
    def free(self) -> int:
        return max(0, self.seats - self.taken)


@dataclass(slots=True)
class Drawn:
    """One map: a hall's seats in the shift that begins on a day."""

    hall: Hall
    day: date
    shift: ShiftCard
    version: int
    spots: list[Spot]
    bays: list[libraries.Bay] = field(default_factory=list)

    @property
    def topic(self) -> str:
        return f"seats.{self.hall.id}.{self.day}.{self.shift.id}"

    @property
    def counts(self) -> Counter[str]:
        return Counter(spot.state for spot in self.spots)

    @property
    def taken(self) -> int:
        return sum(self.counts[state] for state in FULL)

    def spot(self, seat: UUID | None) -> Spot | None:
        return next((spot for spot in self.spots if spot.id == seat), None)

    def nearest(self, spot: Spot, count: int = 3) -> list[Spot]:
        """The free seats closest to one."""
        free = [one for one in self.spots if one.state == "free" and one.id != spot.id]
        return sorted(free, key=lambda one: (_apart(one, spot), one.row, one.column))[:count]

    @property
    def best(self) -> Spot | None:
        """The free seat with the most room around it; of equals, the first."""
        used = [spot for spot in self.spots if spot.state in FULL]
        free = [spot for spot in self.spots if spot.state == "free"]
        roomy = [(min((_apart(one, other) for other in used), default=0), one) for one in free]
        return max(roomy, key=lambda pair: (pair[0], -pair[1].row, -pair[1].column))[1] if roomy else None


def hall_drawn(actor: Actor, *, hall: Hall, day: date, shift: ShiftCard) -> Drawn:
    """The map for whoever looks: the desk sees who sits where and who has come, a student what is free and theirs."""
    told = selectors.seat_map(actor, hall=hall.id, day=day, shift=shift.id)
    is_desk, now = actor.can("bookings.attend"), clock.now()
    known = {seat["booking"] for seat in told["seats"] if seat["booking"]}
    bookings = _bookings(actor, known)
    reasons = libraries.blocked_because(hall.id) if is_desk else {}
    spots = [_spot(seat, bookings, reasons, now, is_desk=is_desk) for seat in told["seats"]]
    return Drawn(hall=hall, day=day, shift=shift, version=told["v"], spots=spots, bays=libraries.bays_of(spots))


def shifts_filled(hall: Hall, day: date) -> list[Filled]:
    """The shifts of a hall's library on a day in their order, with how many seats are somebody's; one query."""
    shifts = sorted(libraries.shifts_of([hall.branch_id]), key=lambda shift: (shift.starts, shift.ends, shift.name))
    if not shifts:
        return []
    hours = [shift.during(day) for shift in shifts]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT wanted.place, (SELECT count(*) FROM libraries_seat WHERE hall_id = %s),
                   (SELECT count(DISTINCT booking.seat_id) FROM bookings_booking AS booking
                    JOIN libraries_seat AS seat ON seat.id = booking.seat_id
                    WHERE seat.hall_id = %s AND booking.state IN ('held', 'confirmed', 'checked_in')
                      AND booking.during && tstzrange(wanted.starts, wanted.ends))
            FROM unnest(%s::timestamptz[], %s::timestamptz[]) WITH ORDINALITY AS wanted (starts, ends, place)
            """,
            [hall.id, hall.id, [start for start, _end in hours], [end for _start, end in hours]],
        )
        found = {place: (seats, taken) for place, seats, taken in cursor.fetchall()}
    now = clock.now()
    return [
        Filled(
            shift=shift,
            seats=found[place][0],
            taken=found[place][1],
            is_on=hours[place - 1][0] <= now < hours[place - 1][1],
            is_over=hours[place - 1][1] <= now,
        )
        for place, shift in enumerate(shifts, 1)
        if shift.is_open or found[place][1]
    ]


def hour(moment: datetime) -> str:
    """`4:12 pm`, in the business's zone."""
    local = timezone.localtime(moment)
    return f"{local.hour % 12 or 12}:{local.minute:02d} {'am' if local.hour < 12 else 'pm'}"


def _bookings(actor: Actor, ids: Iterable[str]) -> dict[str, Booking]:
    wanted = list(ids)
    if not wanted:
        return {}
    rows = selectors.bookings_listed(actor).filter(id__in=wanted).select_related("student", "shift")
    return {str(row.id): row for row in rows}


def _spot(
    seat: dict[str, Any], bookings: dict[str, Booking], reasons: dict[UUID, str], now: datetime, *, is_desk: bool
) -> Spot:
    booking = bookings.get(seat["booking"] or "")
    until = datetime.fromisoformat(seat["until"]) if seat["until"] else None
    state = seat["state"]
    if state == "taken" and is_desk and booking is not None:
        state = "taken" if booking.came_at else "reserved"
    if state == "taken" and until is not None and now < until <= now + SOON:
        state = "soon"
    id_ = UUID(seat["id"])
    reason = reasons.get(id_, "") if state == "blocked" else ""
    return Spot(id_, seat["label"], seat["row"], seat["column"], state, until, booking, reason)


def _apart(one: Spot, other: Spot) -> int:
    return (one.row - other.row) ** 2 + (one.column - other.column) ** 2
