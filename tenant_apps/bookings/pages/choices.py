"""Reads what an address chooses: hall, day, shift, seat; and fills in what it leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

from kernel import clock
from kernel.http.actor import Actor
from tenant_apps.bookings.drawing import Drawn, Filled, Spot, hall_drawn, shifts_filled
from tenant_apps.libraries import selectors as libraries

if TYPE_CHECKING:
    from tenant_apps.libraries.models import Hall

VIEWS = ("map", "list")
DAYS = 7


@dataclass
class Choice:
    """What is shown: a hall, a day, a shift of it, and maybe one seat. Its parts are read when they are asked for."""

    actor: Actor
    halls: list[Hall]
    hall: Hall
    day: date
    filled: list[Filled]
    shift: Filled
    view: str
    seat: UUID | None
    moving: UUID | None

    @cached_property
    def drawn(self) -> Drawn:
        return hall_drawn(self.actor, hall=self.hall, day=self.day, shift=self.shift.shift)

    @property
    def spot(self) -> Spot | None:
        return self.drawn.spot(self.seat)

    @property
    def days(self) -> list[date]:
        """This week from today, and the chosen day when it is later."""
        week = [clock.today() + timedelta(days=number) for number in range(DAYS)]
        return week if self.day in week else [*week[:-1], self.day]

    @property
    def kept(self) -> dict[str, str]:
        """What every link and form of the page carries along."""
        moving = {"moving": str(self.moving)} if self.moving else {}
        view = {"view": self.view} if self.view != VIEWS[0] else {}
        return {"hall": str(self.hall.id), "day": str(self.day), "shift": str(self.shift.shift.id), **view, **moving}

    @property
    def base(self) -> str:
        return urlencode(self.kept)

    @property
    def without_day(self) -> str:
        return urlencode({name: value for name, value in self.kept.items() if name != "day"})

    @property
    def without_shift(self) -> str:
        return urlencode({name: value for name, value in self.kept.items() if name != "shift"})

    @property
    def without_view(self) -> str:
        return urlencode({name: value for name, value in self.kept.items() if name != "view"})

    @property
    def without_moving(self) -> str:
        return urlencode({name: value for name, value in self.kept.items() if name != "moving"})


def choice_of(actor: Actor, given: Mapping[str, Any], *, home: UUID | None = None) -> Choice | None:
    """What an address or a form chooses, or None where there is no hall with a shift. `home` is the branch preferred."""
    halls = list(libraries.halls_visible(actor).select_related("branch").order_by("branch__name", "floor", "name"))
    if not halls:
        return None
    wanted = uuid_of(given.get("hall"))
    hall = _first(halls, lambda one: one.id == wanted) or _first(halls, lambda one: one.branch_id == home) or halls[0]
    day = day_of(given.get("day"))
    filled = shifts_filled(hall, day)
    if not filled:
        return None
    shift_id = uuid_of(given.get("shift"))
    # Left out, it is the one that is on and began last, else the next.
    shift = _first(filled, lambda one: one.shift.id == shift_id)
    shift = shift or _first(reversed(filled), lambda one: one.is_on) or _first(filled, lambda one: not one.is_over)
    view = str(given.get("view") or "")
    return Choice(
        actor=actor,
        halls=halls,
        hall=hall,
        day=day,
        filled=filled,
        shift=shift or filled[-1],
        view=view if view in VIEWS else VIEWS[0],
        seat=uuid_of(given.get("seat")),
        moving=uuid_of(given.get("moving")),
    )


def uuid_of(text: Any) -> UUID | None:
    """The id that was given, or None for anything else."""
    try:
        return UUID(str(text))
    except ValueError:
        return None


def day_of(text: Any) -> date:
    """The day that was given, or today."""
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return clock.today()


def _first(rows: Iterable[Any], fits: Any) -> Any:
    return next((row for row in rows if fits(row)), None)
