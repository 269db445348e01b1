"""What other apps know of a student: each registers its part, so that the student's page knows none of them by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kernel import clock
from kernel.http.actor import Actor


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """Something that happened to a student. `key` makes two of one moment distinct; `tone` and `icon` are of the design
    system; `note` is a second line, `amount` paise, `address` the page of the thing."""

    at: datetime
    key: str
    kind: str = field(compare=False)
    icon: str = field(compare=False)
    title: str = field(compare=False)
    note: str = field(default="", compare=False)
    tone: str = field(default="neutral", compare=False)
    state: str = field(default="", compare=False)
    amount: int | None = field(default=None, compare=False)
    address: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a student's overview: money in paise, or a count."""

    label: Any
    value: str
    note: str = ""
    tone: str = ""


# What happened until a moment, the newest first, no more than so many; cut to what the actor may see.
Read = Callable[[Actor, UUID, datetime, int], Iterable[Entry]]


@dataclass(frozen=True, slots=True)
class Part:
    """One app's part of a student: a tab (`template`, filled by `told`), entries of the timeline, figures.

    Shown to holders of `permission`; `place` orders the tabs. `label` is translated when it is shown.
    """

    name: str
    label: Any
    icon: str
    permission: str
    place: int
    entries: Read | None = None
    template: str = ""
    told: Callable[[Actor, UUID], dict[str, Any]] | None = None
    figures: Callable[[Actor, UUID], list[Figure]] | None = None


_parts: dict[str, Part] = {}


def register(part: Part) -> None:
    """Add an app's part; called when the app is ready."""
    _parts[part.name] = part


def parts_for(actor: Actor) -> list[Part]:
    """The parts this actor may read, in their order."""
    return sorted((part for part in _parts.values() if actor.can(part.permission)), key=lambda part: part.place)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of the timeline, and from where it goes on (empty: it ends)."""

    entries: list[Entry]
    onward: str


def timeline(actor: Actor, student: UUID, *, kind: str = "", onward: str = "", limit: int = 20) -> Stretch:
    """What happened to a student, the newest first; `kind` is a part's name, `onward` continues a stretch."""
    until, key = _place(onward)
    found: list[Entry] = []
    for part in parts_for(actor):
        if part.entries is not None and kind in {"", part.name}:
            found += part.entries(actor, student, until, limit + 1)
    found = sorted((entry for entry in found if not key or (entry.at, entry.key) < (until, key)), reverse=True)
    shown = found[:limit]
    rest = f"{shown[-1].at.isoformat()}~{shown[-1].key}" if len(found) > limit else ""
    return Stretch(shown, rest)


def _place(onward: str) -> tuple[datetime, str]:
    """The moment and key a stretch ended at; one nobody gave is the very beginning."""
    moment, _, key = onward.partition("~")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not key:
        # What is planned lies ahead and is part of it.
        return clock.now() + timedelta(days=3650), ""
    return at, key
