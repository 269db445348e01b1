"""Where one can go from every page: one table a shell, cut to what the reader may open and the business does."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kernel.http.actor import Actor


@dataclass(frozen=True, slots=True)
class Place:
    """A page one can go to: its words, its icon, the name of its address, the permission it asks for.

    `of` is the kind of business it is for: an `academy` teaches, a `library` seats, one of both does either.
    """

    label: Any  # translated when it is shown
    icon: str
    page: str
    permission: str = ""
    of: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A place as it stands in this reader's navigation."""

    label: str
    icon: str
    address: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Group:
    title: Any
    links: list[Link]


Table = Sequence[tuple[str, Sequence[Place]]]

CONSOLE: Table = (
    ("", (Place(_("Home"), "house", "page_home"), Place(_("Tenants"), "building-2", "page_tenants", "tenants.view"))),
)
STAFF: Table = (
    (
        "",
        (
            Place(_("Home"), "house", "page_home"),
            Place(_("Students"), "graduation-cap", "page_students", "people.view"),
        ),
    ),
    # Teaching
    # Library
    # Money
    # Grow
)
PORTAL: Table = (
    (
        "",
        (
            Place(_("Home"), "house", "page_home"),
            Place(_("Seat"), "armchair", "page_seat", "bookings.hold", of="library"),
            Place(_("Fees"), "wallet", "page_dues", "fees.view"),
            Place(_("Me"), "user", "page_me"),
        ),
    ),
)


def groups(table: Table, *, actor: Actor, kind: str, path: str) -> list[Group]:
    """The table as links, without what the actor may not open or a business of this kind does not do."""
    found = []
    for title, places in table:
        useful = (place for place in places if kind in {place.of or kind, "both"})
        links = [link for place in useful if (link := _link(place, actor, path)) is not None]
        if links:
            found.append(Group(title, links))
    return found


def _link(place: Place, actor: Actor, path: str) -> Link | None:
    if place.permission and not actor.can(place.permission):
        return None
    address = reverse(place.page)
    is_here = path == address if address == "/" else path.startswith(address)
    return Link(str(place.label), place.icon, address, is_here)
