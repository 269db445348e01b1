"""One search over everything a person may open: each app registers what of its own can be found.

A source is asked with the actor and cuts to what they may see, as a list would.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse

from kernel.http.actor import Actor

SHORTEST = 2
MOST = 5


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found: its words, where it is, its mark. `is_exact`: what was typed names this and nothing else; `keys` go
    there without the search."""

    title: str
    address: str
    note: str = ""
    icon: str = "file"
    tone: str = ""
    is_exact: bool = False
    keys: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """What one source found."""

    title: Any
    hits: list[Hit]


Find = Callable[[Actor, str], Iterable[Hit]]

_sources: dict[str, tuple[int, Any, str, Find]] = {}


def register(name: str, find: Find, *, title: Any, permission: str, position: int) -> None:
    """Called once from an app's `ready`. `find(actor, text)` is asked only for who holds `permission`; it gives up to
    MOST hits, the best first."""
    _sources[name] = (position, title, permission, find)


def search(actor: Actor, text: str) -> list[Group]:
    """What every source finds for this reader; nothing for less than SHORTEST characters."""
    if len(text) < SHORTEST:
        return []
    groups = []
    for _, title, permission, find in sorted(_sources.values(), key=lambda source: source[0]):
        if actor.can(permission) and (hits := list(find(actor, text))[:MOST]):
            groups.append(Group(title, hits))
    return groups


def address(page: str, *args: Any, otherwise: str) -> str:
    """A page's address, `otherwise` where this host has no such page."""
    try:
        return reverse(page, args=args)
    except NoReverseMatch:
        return otherwise
