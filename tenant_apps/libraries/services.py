"""Writes of libraries: rooms, seats and shifts of a branch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any
from uuid import UUID

from django.db import IntegrityError, models, transaction
from django.db.models import Count, Max, ProtectedError

from kernel import audit, jobs
from kernel.errors import DomainError
from tenant_apps.libraries.errors import HallTaken, SeatTaken, ShiftHours, ShiftTaken, StillUsed
from tenant_apps.libraries.events import SeatChanged
from tenant_apps.libraries.models import Hall, Seat, Shift


@dataclass(frozen=True, slots=True)
class SeatAt:
    """A seat to be placed; rows and columns count from 1."""

    label: str
    row: int
    column: int
    seat_class: str = "regular"


def hall_create(*, branch: UUID, name: str, floor: int = 0) -> Hall:
    """Add a room to a library. Raises HallTaken."""
    return _create(Hall(branch_id=branch, name=name, floor=floor), taken=HallTaken)


def hall_furnish(
    *, branch: UUID, name: str, floor: int, rows: int, columns: int, aisle_every: int = 0, seat_class: str = "regular"
) -> Hall:
    """Add a room with its seats, or neither. Raises HallTaken."""
    with transaction.atomic():
        hall = hall_create(branch=branch, name=name, floor=floor)
        grid = seats_grid(hall=hall.id, rows=rows, columns=columns, seat_class=seat_class, aisle_every=aisle_every)
        seats_add(hall=hall.id, seats=grid)
    return hall


def hall_change(*, hall: Hall, changes: Mapping[str, Any]) -> Hall:
    """Rename a room or move it to another floor. Raises HallTaken."""
    return _change(hall, changes, taken=HallTaken)


def hall_delete(*, hall: Hall) -> None:
    """Remove a room without seats. Raises StillUsed."""
    _delete(hall)


def seats_add(*, hall: UUID, seats: Sequence[SeatAt]) -> list[Seat]:
    """Place seats in a room, all or none. Raises SeatTaken."""
    with transaction.atomic():
        try:
            with transaction.atomic():
                made = Seat.objects.bulk_create(
                    Seat(hall_id=hall, label=at.label, row=at.row, column=at.column, seat_class=at.seat_class)
                    for at in seats
                )
        except IntegrityError as error:
            raise SeatTaken from error
        audit.record(
            action="libraries.seats_add",
            subject_type="hall",
            subject_id=str(hall),
            changes={"seats": ["", f"{len(made)} seats"]},
        )
    return made


def seats_grid(
    *, hall: UUID, rows: int, columns: int, seat_class: str = "regular", aisle_every: int = 0
) -> list[SeatAt]:
    """Places for `rows` more rows of `columns` seats behind the last one, labelled A01, A02, … B01.

    With `aisle_every` a row stays empty after so many; letters go on as if it were not there.
    """
    placed = Seat.objects.filter(hall_id=hall).aggregate(last=Max("row"), rows=Count("row", distinct=True))
    row, letter = placed["last"] or 0, placed["rows"]
    places = []
    for _ in range(rows):
        row, letter = row + 1, letter + 1
        if aisle_every and letter > 1 and (letter - 1) % aisle_every == 0:
            row += 1
        places += [
            SeatAt(label=f"{_letters(letter)}{column:02d}", row=row, column=column, seat_class=seat_class)
            for column in range(1, columns + 1)
        ]
    return places


def seat_change(*, seat: Seat, changes: Mapping[str, Any]) -> Seat:
    """Label, class, place or state of a seat. Blocking keeps new bookings away; those it has stand. Raises SeatTaken."""
    if changes.get("state") == Seat.State.OPEN:
        changes = {**changes, "blocked_because": ""}
    with transaction.atomic():
        before = seat.state
        seat = _change(seat, changes, taken=SeatTaken)
        if seat.state != before:
            jobs.publish(SeatChanged(seat=str(seat.id), hall=str(seat.hall_id)))
    return seat


def seat_block(*, seat: Seat, reason: str) -> Seat:
    """Keep new bookings off a seat, and say why; those it has stand."""
    return seat_change(seat=seat, changes={"state": Seat.State.BLOCKED, "blocked_because": reason})


def seat_open(*, seat: Seat) -> Seat:
    """Let a blocked seat be booked again."""
    return seat_change(seat=seat, changes={"state": Seat.State.OPEN})


def seat_delete(*, seat: Seat) -> None:
    """Remove a seat that was never booked. Raises StillUsed."""
    _delete(seat)


def shift_create(*, branch: UUID, name: str, starts: time, ends: time, price_paise: int, is_open: bool = True) -> Shift:
    """Add a shift to a library. Raises ShiftTaken, ShiftHours."""
    if starts == ends:
        raise ShiftHours(field="ends")
    return _create(
        Shift(branch_id=branch, name=name, starts=starts, ends=ends, price_paise=price_paise, is_open=is_open),
        taken=ShiftTaken,
    )


def shift_change(*, shift: Shift, changes: Mapping[str, Any]) -> Shift:
    """Name, price or whether a shift can be booked; what is booked keeps its price. Its hours stay: make another.

    Raises ShiftTaken.
    """
    return _change(shift, changes, taken=ShiftTaken)


def shift_delete(*, shift: Shift) -> None:
    """Remove a shift that was never booked. Raises StillUsed."""
    _delete(shift)


def _create(row: Any, *, taken: type[DomainError]) -> Any:
    with transaction.atomic():
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError as error:
            raise taken(field="name") from error
        _trace(row, "create", {"name": ["", str(row)]})
    return row


def _change(row: Any, values: Mapping[str, Any], *, taken: type[DomainError]) -> Any:
    with transaction.atomic():
        row = type(row).objects.select_for_update(of=("self",)).get(pk=row.pk)
        changes = {
            field: [getattr(row, field), value] for field, value in values.items() if getattr(row, field) != value
        }
        if not changes:
            return row
        for field, (_, value) in changes.items():
            setattr(row, field, value)
        try:
            with transaction.atomic():
                row.save(update_fields=list(changes))
        except IntegrityError as error:
            raise taken from error
        _trace(row, "change", changes)
    return row


def _delete(row: models.Model) -> None:
    with transaction.atomic():
        key = row.pk
        try:
            row.delete()
        except ProtectedError as error:
            raise StillUsed from error
        row.pk = key
        _trace(row, "delete", {"name": [str(row), ""]})


def _trace(row: models.Model, verb: str, changes: dict[str, Any]) -> None:
    kind = row._meta.model_name or ""
    audit.record(action=f"libraries.{kind}_{verb}", subject_type=kind, subject_id=str(row.pk), changes=changes)


def _letters(row: int) -> str:
    """1 → A, 26 → Z, 27 → AA: as spreadsheets count."""
    text = ""
    while row:
        row, digit = divmod(row - 1, 26)
        text = chr(ord("A") + digit) + text
    return text
