"""Reads of bookings: own rows or those of one's branches, drawn maps, and how full the rooms are now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import DateTimeField, Func, QuerySet
from django.db.models.functions import Coalesce

from kernel import clock
from kernel.http.actor import Actor
from kernel.http.compiled import fetched
from kernel.http.errors import NotFound
from kernel.http.lookup import found
from kernel.tenancy import current
from shared_apps.payments.purposes import Payer, Quote
from tenant_apps.bookings.errors import HoldOver, NotNow, ShiftElsewhere
from tenant_apps.bookings.models import Booking
from tenant_apps.libraries import selectors as libraries
from tenant_apps.libraries.selectors import ShiftCard
from tenant_apps.people import selectors as people


@dataclass(frozen=True, slots=True)
class BookingTold:
    """What a message about a confirmed booking says, and to which number."""

    seat: str
    day: date
    shift: str
    phone: str


def booking_told(booking: UUID) -> BookingTold | None:
    """The booking as it is told, or None when it is not confirmed any more."""
    row = Booking.objects.filter(id=booking, state__in=("confirmed", "checked_in")).first()
    if row is None:
        return None
    place, hours = libraries.seat_place(row.seat_id), libraries.shift_card(row.shift_id)
    card = people.student_card(row.student_id)
    if place is None or hours is None or card is None:
        return None
    return BookingTold(seat=place.label, day=row.day, shift=hours.name, phone=card.phone)


def booking_quote(actor: Actor, reference: str) -> Quote:
    """What is to be paid for a held seat the actor may see, until its hold ends.

    `reference` is the booking's id. Raises NotFound; HoldOver, NotNow when it cannot be paid any more.
    """
    return quote_of(booking_get(actor, _uuid(reference)))


def quote_of(row: Booking) -> Quote:
    """The same of a booking at hand. Raises HoldOver, NotNow."""
    if row.state == Booking.State.EXPIRED or (row.hold_until is not None and row.hold_until <= clock.now()):
        raise HoldOver
    place, hours = libraries.seat_place(row.seat_id), libraries.shift_card(row.shift_id)
    card = people.student_card(row.student_id)
    if row.hold_until is None or place is None or hours is None or card is None:
        raise NotNow(state=row.state)
    return Quote(
        amount_paise=row.amount_paise,
        description=f"Seat {place.label}, {hours.name}, {row.day:%d %b %Y}",
        payer=Payer(id=card.id, name=card.name, phone=card.phone, email=card.email),
        branch=place.branch,
        expires_at=row.hold_until,
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None


def bookings_visible(actor: Actor) -> QuerySet[Booking]:
    """A student's sign-in sees the bookings of its profiles; staff those in the libraries of their branches."""
    if actor.kind == "student":
        return Booking.objects.filter(student_id__in=actor.students)
    bookings = Booking.objects.all()
    if actor.branches is not None:
        bookings = bookings.filter(seat__hall__branch_id__in=actor.branches)
    return bookings


def bookings_listed(actor: Actor) -> QuerySet[Booking]:
    """The visible bookings with both ends of their time."""
    return bookings_visible(actor).annotate(
        starts_at=Func("during", function="lower", output_field=DateTimeField()),
        ends_at=Func("during", function="upper", output_field=DateTimeField()),
    )


def booking_get(actor: Actor, booking: UUID) -> Booking:
    """One visible booking. Raises NotFound."""
    return found(bookings_visible(actor), id=booking)


def seat_map(actor: Actor, *, hall: UUID, day: date, shift: UUID) -> dict[str, Any]:
    """`seat_map_json` as a dict."""
    told: dict[str, Any] = orjson.loads(seat_map_json(actor, hall=hall, day=day, shift=shift))
    return told


def seat_map_json(actor: Actor, *, hall: UUID, day: date, shift: UUID) -> str:
    """A hall's seats in a shift of a day with the map's version: what a socket's changes are applied to.

    {"hall", "day", "shift", "v", "seats": [{"id", "label", "row", "column", "seat_class", "state", "until",
    "booking", "student"}]}; `state` is free, held, taken, yours or blocked. Only the desk learns who sits where;
    a student learns the id of their own booking. One statement, so version and seats belong together.
    Raises NotFound, ShiftElsewhere.
    """
    asked = {
        "hall": hall,
        "day": day,
        "shift": shift,
        "branches": _list(libraries.branches_near(actor)),
        "own": list(actor.students) if actor.kind == "student" else [],
        "desk": actor.can("bookings.attend"),
    }
    seen = _hours_seen(current().schema, shift)
    if seen and (told := _map_told(seen[0], asked, is_sure=False)):
        return told
    card = libraries.shift_in_hall(actor, hall, shift)
    if card is None:
        raise ShiftElsewhere(field="shift")
    seen[:] = [card]
    return _map_told(card, asked, is_sure=True)


# A shift seldom changes its hours. So a map is asked for with those it had the last time, and there is none when they are
# others by now, or when the actor may not see the room: one statement instead of two.
@lru_cache(maxsize=16_384)
def _hours_seen(schema: str, shift: UUID) -> list[ShiftCard]:
    """The shift as it was found last, if it was."""
    return []


def _map_told(card: ShiftCard, asked: dict[str, Any], *, is_sure: bool) -> str:
    """The map in the hours of the card; with `is_sure` false, nothing where those are not, or not seen."""
    start, end = card.during(asked["day"])
    hours = {"start": start, "end": end, "starts": card.starts, "ends": card.ends, "is_sure": is_sure}
    rows = fetched(_MAP, asked | hours)
    return rows[0][0] if rows else ""


def _list(ids: frozenset[UUID] | None) -> list[UUID] | None:
    return None if ids is None else list(ids)


_MAP = """
    SELECT json_build_object(
        'hall', %(hall)s::uuid, 'day', %(day)s::date, 'shift', %(shift)s::uuid,
        'v', coalesce((SELECT map.version FROM bookings_seatmap AS map
                       WHERE map.hall_id = %(hall)s AND map.day = %(day)s AND map.shift_id = %(shift)s), 0),
        'seats',
        coalesce(json_agg((SELECT row_to_json(told) FROM (SELECT
            seat.id, seat.label, seat."row", seat."column", seat.seat_class,
            CASE WHEN booking.student_id = ANY(%(own)s::uuid[]) THEN 'yours'
                 WHEN seat.state = 'blocked' THEN 'blocked'
                 WHEN booking.state = 'held' THEN 'held'
                 WHEN booking.state IS NOT NULL THEN 'taken'
                 ELSE 'free' END AS state,
            upper(booking.during) AS until,
            CASE WHEN %(desk)s::boolean OR booking.student_id = ANY(%(own)s::uuid[]) THEN booking.id END AS booking,
            CASE WHEN %(desk)s::boolean THEN booking.student_id END AS student
        ) AS told) ORDER BY seat."row", seat."column"), '[]'))::text
    FROM libraries_seat AS seat
    LEFT JOIN (
        SELECT DISTINCT ON (live.seat_id) live.seat_id, live.id, live.student_id, live.state, live.during
        FROM libraries_seat AS placed JOIN bookings_booking AS live ON live.seat_id = placed.id
        WHERE placed.hall_id = %(hall)s AND live.state IN ('held', 'confirmed', 'checked_in')
          AND live.during && tstzrange(%(start)s, %(end)s)
        ORDER BY live.seat_id, live.state = 'held', live.during
    ) AS booking ON booking.seat_id = seat.id
    WHERE seat.hall_id = %(hall)s
    HAVING %(is_sure)s::boolean OR EXISTS (
        SELECT FROM libraries_hall AS hall JOIN libraries_shift AS shift ON shift.branch_id = hall.branch_id
        WHERE hall.id = %(hall)s AND shift.id = %(shift)s
          AND shift.starts = %(starts)s::time AND shift.ends = %(ends)s::time
          AND (%(branches)s::uuid[] IS NULL OR hall.branch_id = ANY(%(branches)s::uuid[]))
    )
"""


def occupancy(actor: Actor, *, library: UUID | None = None) -> list[dict[str, Any]]:
    """How full each visible hall is at this moment.

    [{"library", "hall", "name", "seats", "blocked", "held", "taken", "present", "free"}]: `present` are checked in and
    part of `taken`.
    """
    halls = libraries.halls_visible(actor)
    if library is not None:
        halls = halls.filter(branch_id=library)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT hall.branch_id, hall.id, hall.name, count(seat.id),
                   count(*) FILTER (WHERE seat.state = 'blocked' AND booking.state IS NULL),
                   count(*) FILTER (WHERE booking.state = 'held'),
                   count(*) FILTER (WHERE booking.state IN ('confirmed', 'checked_in')),
                   count(*) FILTER (WHERE booking.state = 'checked_in')
            FROM libraries_hall AS hall
            LEFT JOIN libraries_seat AS seat ON seat.hall_id = hall.id
            LEFT JOIN bookings_booking AS booking
                ON booking.seat_id = seat.id AND booking.state IN ('held', 'confirmed', 'checked_in')
                AND booking.during @> %s::timestamptz
            WHERE hall.id = ANY(%s::uuid[])
            GROUP BY hall.id
            ORDER BY hall.branch_id, hall.name
            """,
            [clock.now(), list(halls.values_list("id", flat=True))],
        )
        return [
            {
                "library": row[0],
                "hall": row[1],
                "name": row[2],
                "seats": row[3],
                "blocked": row[4],
                "held": row[5],
                "taken": row[6],
                "present": row[7],
                "free": row[3] - row[4] - row[5] - row[6],
            }
            for row in cursor.fetchall()
        ]


def arrivals_all(actor: Actor, *, since: datetime) -> QuerySet[Booking]:
    """Who came or left last in the visible libraries, the latest first; `moved_at` is when, `left_at` says which."""
    came = bookings_listed(actor).filter(came_at__gte=since).annotate(moved_at=Coalesce("left_at", "came_at"))
    return came.select_related("student", "seat").order_by("-moved_at", "-id")


def arrivals(actor: Actor, *, library: UUID, since: datetime) -> QuerySet[Booking]:
    """The same of one library."""
    return arrivals_all(actor, since=since).filter(seat__hall__branch_id=library)


def bookings_standing(actor: Actor, *, seat: UUID, since: datetime) -> QuerySet[Booking]:
    """What is still to come on a seat, the next first."""
    live = bookings_listed(actor).filter(seat_id=seat, state__in=Booking.LIVE, during__endswith__gt=since)
    return live.select_related("student", "shift").order_by("during")


def bookings_ahead(actor: Actor, *, since: datetime) -> QuerySet[Booking]:
    """The live bookings that are not over, with what is needed to name them, the next first."""
    live = bookings_listed(actor).filter(state__in=Booking.LIVE, during__endswith__gt=since)
    return live.select_related("student", "shift", "seat__hall__branch").order_by("during")
