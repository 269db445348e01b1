"""Owns the drawn maps: which of them a change of a seat touches, their versions, and what their watchers are told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from kernel import clock, realtime
from kernel.ids import uuid7
from tenant_apps.bookings.models import Booking
from tenant_apps.libraries import selectors as libraries
from tenant_apps.libraries.selectors import SeatPlace, ShiftCard


@dataclass(frozen=True, slots=True)
class Touched:
    """That a seat's use changed for the time between two instants."""

    seat: UUID
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, order=True)
class MapKey:
    """One map: a hall's seats in the shift that begins on a day."""

    hall: UUID
    day: date
    shift: UUID

    @property
    def topic(self) -> str:
        return f"seats.{self.hall}.{self.day}.{self.shift}"


def maps_tell(touched: Iterable[Touched]) -> None:
    """Raise the version of every map that shows these seats then, and tell its watchers after commit.

    The last act of a transaction: versions are rows that everyone who changes the same map waits for, so nothing else
    may be waited for behind them. They are taken in one order, and only then is what each seat is read, so that of two
    changes of one seat the later version tells the later truth.
    """
    touched = list(touched)
    if not touched:
        return
    places = libraries.seat_places({one.seat for one in touched})
    shifts = libraries.shifts_of({place.branch for place in places.values()})
    seats_by_map: dict[MapKey, dict[UUID, tuple[datetime, datetime]]] = defaultdict(dict)
    for one in touched:
        for key, hours in _maps_of(places[one.seat], one, shifts):
            seats_by_map[key][one.seat] = hours
    versions = _versions_raise(sorted(seats_by_map))
    states = _states([(key, seat, *hours) for key, seats in seats_by_map.items() for seat, hours in seats.items()])
    for key, version in versions.items():
        realtime.send(
            key.topic,
            "seats",
            map_data(key, version, {places[seat].label: states[key, seat] for seat in seats_by_map[key]}),
        )


def arrival_tell(booking: Booking) -> None:
    """Tell the desk of the library, after commit, that somebody came or left."""
    place = libraries.seat_place(booking.seat_id)
    if place is not None:
        realtime.send(f"arrivals.{place.branch}", "arrival", {"booking": str(booking.id), "state": booking.state})


def day_span(day: date) -> tuple[datetime, datetime]:
    """A day of the business from midnight to midnight, as instants."""
    zone = clock.zone()
    return datetime.combine(day, time.min, zone), datetime.combine(day + timedelta(days=1), time.min, zone)


def map_data(key: MapKey, version: int, changes: dict[str, str]) -> dict[str, Any]:
    """What a watcher is told: seat label → free, held, taken or blocked. A gap in `v` means: fetch the map again."""
    return {"hall": str(key.hall), "day": str(key.day), "shift": str(key.shift), "v": version, "changes": changes}


def _maps_of(
    place: SeatPlace, touched: Touched, shifts: list[ShiftCard]
) -> Iterable[tuple[MapKey, tuple[datetime, datetime]]]:
    """Each map whose hours overlap: a full day covers a morning, and a night reaches into the next day."""
    first, last = touched.start.date() - timedelta(days=2), touched.end.date() + timedelta(days=1)
    for shift in shifts:
        if shift.branch != place.branch:
            continue
        for offset in range((last - first).days + 1):
            day = first + timedelta(days=offset)
            start, end = shift.during(day)
            if start < touched.end and touched.start < end:
                yield MapKey(hall=place.hall, day=day, shift=shift.id), (start, end)


def _versions_raise(keys: list[MapKey]) -> dict[MapKey, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO bookings_seatmap AS map (id, hall_id, day, shift_id, version)
            SELECT wanted.id, wanted.hall, wanted.day, wanted.shift, 1
            FROM unnest(%s::uuid[], %s::uuid[], %s::date[], %s::uuid[])
                WITH ORDINALITY AS wanted (id, hall, day, shift, place)
            ORDER BY wanted.place
            ON CONFLICT (hall_id, day, shift_id) DO UPDATE SET version = map.version + 1
            RETURNING hall_id, day, shift_id, version
            """,
            [
                [uuid7() for _ in keys],
                [key.hall for key in keys],
                [key.day for key in keys],
                [key.shift for key in keys],
            ],
        )
        return {MapKey(hall=hall, day=day, shift=shift): version for hall, day, shift, version in cursor.fetchall()}


def _states(wanted: list[tuple[MapKey, UUID, datetime, datetime]]) -> dict[tuple[MapKey, UUID], str]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT wanted.place,
                   CASE WHEN seat.state = 'blocked' THEN 'blocked'
                        WHEN bool_or(booking.state IN ('confirmed', 'checked_in')) THEN 'taken'
                        WHEN bool_or(booking.state = 'held') THEN 'held'
                        ELSE 'free' END
            FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[])
                WITH ORDINALITY AS wanted (seat, starts, ends, place)
            JOIN libraries_seat AS seat ON seat.id = wanted.seat
            LEFT JOIN bookings_booking AS booking
                ON booking.seat_id = wanted.seat AND booking.state IN ('held', 'confirmed', 'checked_in')
                AND booking.during && tstzrange(wanted.starts, wanted.ends)
            GROUP BY wanted.place, seat.state
            """,
            [[row[1] for row in wanted], [row[2] for row in wanted], [row[3] for row in wanted]],
        )
        return {(wanted[place - 1][0], wanted[place - 1][1]): state for place, state in cursor.fetchall()}
