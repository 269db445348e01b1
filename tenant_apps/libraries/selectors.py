"""Reads of libraries: rooms, seats and shifts, cut to the actor's branches, and the values other apps book with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar
from uuid import UUID

import orjson
from django.db.models import Count, Model, Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers

from kernel import clock
from kernel.http.actor import Actor
from kernel.http.compiled import asked
from kernel.http.lookup import found
from kernel.http.serializers import Output
from tenant_apps.libraries.errors import NotALibrary
from tenant_apps.libraries.models import Hall, Seat, Shift
from tenant_apps.people import selectors as people

M = TypeVar("M", bound=Model)
# Seats in a row that stand together without an aisle.
BAY = 8


@dataclass(frozen=True, slots=True)
class SeatPlace:
    """A seat and where it stands. `is_open`: the seat is not blocked and its library is open."""

    id: UUID
    label: str
    hall: UUID
    branch: UUID
    is_open: bool


@dataclass(frozen=True, slots=True)
class ShiftCard:
    """A shift as others may know it: wall-clock hours, price in paise."""

    id: UUID
    name: str
    branch: UUID
    starts: time
    ends: time
    price_paise: int
    is_open: bool

    def during(self, day: date) -> tuple[datetime, datetime]:
        """Start and end of the shift that begins on `day`, in UTC; one across midnight ends on the next day.

        In UTC, since two times of one zone are subtracted by the clock on the wall, a changed clock or not.
        """
        zone = clock.zone()
        last = day if self.ends > self.starts else day + timedelta(days=1)
        return (
            datetime.combine(day, self.starts, zone).astimezone(UTC),
            datetime.combine(last, self.ends, zone).astimezone(UTC),
        )


@dataclass(frozen=True, slots=True)
class Bay:
    """Some columns of a hall that stand together; `rows` hold seats, None where nothing stands, [] for an aisle."""

    name: str
    columns: int
    rows: list[list[Any]]


def libraries_visible(actor: Actor) -> QuerySet[Any]:
    """The branches that are libraries."""
    return people.branches_visible(actor).filter(kind="library")


def library_get(actor: Actor, library: UUID) -> Any:
    """One visible library. Raises NotFound; NotALibrary for a branch of another kind."""
    branch = people.branch_get(actor, library)
    if branch.kind != "library":
        raise NotALibrary
    return branch


def branches_near(actor: Actor) -> frozenset[UUID] | None:
    """Where the actor may see rooms, seats and shifts; None for everywhere."""
    return None if actor.kind == "student" else actor.branches


def halls_visible(actor: Actor) -> QuerySet[Hall]:
    return _near(actor, Hall.objects.all(), "branch_id")


def hall_get(actor: Actor, hall: UUID) -> Hall:
    """One visible room. Raises NotFound."""
    return found(halls_visible(actor), id=hall)


def seats_visible(actor: Actor) -> QuerySet[Seat]:
    return _near(actor, Seat.objects.all(), "hall__branch_id")


def seat_get(actor: Actor, seat: UUID) -> Seat:
    """One visible seat. Raises NotFound."""
    return found(seats_visible(actor), id=seat)


def shifts_visible(actor: Actor) -> QuerySet[Shift]:
    return _near(actor, Shift.objects.all(), "branch_id")


def shift_get(actor: Actor, shift: UUID) -> Shift:
    """One visible shift. Raises NotFound."""
    return found(shifts_visible(actor), id=shift)


def seat_in(actor: Actor, *, hall: UUID, seat: UUID) -> Seat:
    """One visible seat of that room. Raises NotFound."""
    return found(seats_visible(actor).select_related("hall__branch"), id=seat, hall_id=hall)


def halls_counted(actor: Actor, *, library: UUID) -> QuerySet[Hall]:
    """The rooms of a library with how many seats each has, and how many of them are blocked."""
    blocked = Q(seats__state=Seat.State.BLOCKED)
    halls = halls_visible(actor).filter(branch_id=library)
    counted = halls.annotate(seat_count=Count("seats"), blocked_count=Count("seats", filter=blocked))
    return counted.order_by("floor", "name", "id")


def seat_places(seats: Iterable[UUID]) -> dict[UUID, SeatPlace]:
    """Seats for other apps, by id. Cuts nothing: the caller has."""
    found = Seat.objects.filter(id__in=list(seats)).values_list(
        "id", "label", "hall_id", "hall__branch_id", "state", "hall__branch__state"
    )
    return {
        row[0]: SeatPlace(
            id=row[0], label=row[1], hall=row[2], branch=row[3], is_open=(row[4] == "open" and row[5] == "open")
        )
        for row in found
    }


def seat_place(seat: UUID) -> SeatPlace | None:
    """One seat for other apps, or None."""
    return seat_places([seat]).get(seat)


def blocked_because(hall: UUID) -> dict[UUID, str]:
    """Why seats of a room are blocked, of those where somebody said so. Cuts nothing: the caller has."""
    blocked = Seat.objects.filter(hall_id=hall, state=Seat.State.BLOCKED).exclude(blocked_because="")
    return dict(blocked.values_list("id", "blocked_because"))


def shift_card(shift: UUID) -> ShiftCard | None:
    """One shift for other apps, or None."""
    row = Shift.objects.filter(id=shift).first()
    return None if row is None else _card(row)


def shift_in_hall(actor: Actor, hall: UUID, shift: UUID) -> ShiftCard | None:
    """One shift at the place of a visible room; None for one of elsewhere or of nowhere. Raises NotFound for the room."""
    told = asked(actor, _shift_in_hall, _ShiftTold, hall, shift)
    if not told:
        hall_get(actor, hall)
        return None
    row = orjson.loads(told[0][0])
    hours = {name: time.fromisoformat(row[name]) for name in ("starts", "ends")}
    return ShiftCard(**{**row, **hours, "id": shift, "branch": UUID(row["branch"])})


class _ShiftTold(Output):
    name = serializers.CharField()
    branch = serializers.UUIDField(source="branch_id")
    starts = serializers.TimeField()
    ends = serializers.TimeField()
    price_paise = serializers.IntegerField()
    is_open = serializers.BooleanField()


def _shift_in_hall(actor: Actor, hall: UUID, shift: UUID) -> QuerySet[Shift]:
    places = halls_visible(actor).filter(id=hall).values("branch")
    return Shift.objects.filter(id=shift, branch__in=places)


def shifts_of(branches: Iterable[UUID]) -> list[ShiftCard]:
    """Every shift of these branches, closed ones too: their maps may still be looked at."""
    return [_card(row) for row in Shift.objects.filter(branch_id__in=list(branches)).order_by("id")]


def _near(actor: Actor, rows: QuerySet[M], branch: str) -> QuerySet[M]:
    """Staff of some branches see what is there; staff of all, and students, see all: where a seat is, is no secret."""
    branches = branches_near(actor)
    return rows if branches is None else rows.filter(**{f"{branch}__in": branches})


def _card(row: Shift) -> ShiftCard:
    return ShiftCard(
        id=row.id,
        name=row.name,
        branch=row.branch_id,
        starts=row.starts,
        ends=row.ends,
        price_paise=row.price_paise,
        is_open=row.is_open,
    )


def libraries_counted(actor: Actor) -> QuerySet[Any]:
    """The libraries with how many halls, seats and open shifts each has."""
    return libraries_visible(actor).annotate(
        hall_count=Count("halls", distinct=True),
        seat_count=Count("halls__seats", distinct=True),
        shift_count=Count("shifts", filter=Q(shifts__is_open=True), distinct=True),
    )


def bays_of(seats: Iterable[Any]) -> list[Bay]:
    """Whatever has a row and a column, cut into bays: side by side, or one below another on a phone."""
    places = {(seat.row, seat.column): seat for seat in seats}
    if not places:
        return []
    first, last = min(column for _row, column in places), max(column for _row, column in places)
    count = -(-(last - first + 1) // BAY)
    size = -(-(last - first + 1) // count)
    rows = sorted({row for row, _column in places})
    bays = []
    for number in range(count):
        columns = range(first + number * size, min(first + (number + 1) * size, last + 1))
        drawn: list[list[Any]] = []
        for index, row in enumerate(rows):
            if index and row - rows[index - 1] > 1:
                drawn.append([])
            drawn.append([places.get((row, column)) for column in columns])
        name = _("Bay %(n)s") % {"n": number + 1} if count > 1 else ""
        bays.append(Bay(name=name, columns=len(columns), rows=drawn))
    return bays
