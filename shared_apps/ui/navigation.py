"""Where one can go from every page: one table a shell, cut to what the reader may open and the business does."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kernel.http import search
from kernel.http.actor import Actor


@dataclass(frozen=True, slots=True)
class Place:
    """A page one can go to: its words, its icon, the name of its address, the permission it asks for.

    `of` is the kind of business it is for: an `academy` teaches, a `library` seats, one of both does either. `also` are
    paths of pages that belong to it and stand elsewhere.
    """

    label: Any  # translated when it is shown
    icon: str
    page: str
    permission: str = ""
    of: str = ""
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A place as it stands in this reader's navigation; `keys` is the letter that goes there after `g`."""

    label: str
    icon: str
    address: str
    is_here: bool
    keys: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    title: Any
    links: list[Link]


Table = Sequence[tuple[Any, Sequence[Place]]]

CONSOLE: Table = (
    ("", (Place(_("Home"), "house", "page_home"), Place(_("Tenants"), "building-2", "page_tenants", "tenants.view"))),
    (
        _("Money"),
        (
            Place(_("Plans"), "layers", "page_plans", "plans.view"),
            Place(_("Credits"), "coins", "page_credits", "credits.view"),
            Place(_("Payments"), "indian-rupee", "page_own_payments", "payments.view"),
        ),
    ),
    (
        _("Machine"),
        (
            Place(_("Callbacks"), "webhook", "page_callbacks", "webhooks.view"),
            Place(_("Jobs"), "list-checks", "page_jobs", "jobs.view"),
            Place(_("Fleet"), "boxes", "page_fleet", "jobs.view"),
            Place(_("Health"), "activity", "page_health", "jobs.view"),
        ),
    ),
    (
        _("Desk"),
        (
            Place(_("Team"), "users", "page_team", "users.view"),
            Place(_("Audit"), "scroll-text", "page_audit", "audit.view"),
        ),
    ),
)
STAFF: Table = (
    (
        "",
        (
            Place(_("Home"), "house", "page_home"),
            Place(_("Students"), "graduation-cap", "page_students", "people.view"),
        ),
    ),
    (
        _("Teaching"),
        (
            Place(_("Timetable"), "calendar-days", "page_timetable", "classes.view", of="academy"),
            Place(_("Live classes"), "radio", "page_classes", "classes.view", of="academy"),
        ),
    ),
    (
        _("Library"),
        (
            Place(_("Seats"), "armchair", "page_seats", "bookings.attend", of="library"),
            Place(_("Check in"), "scan-line", "page_check_in", "bookings.attend", of="library"),
            Place(_("Halls and shifts"), "layout-grid", "page_libraries", "libraries.change", of="library"),
        ),
    ),
    # Money
    (
        _("Money"),
        (
            Place(_("Take a fee"), "hand-coins", "page_counter", "payments.desk"),
            Place(_("Fees and payments"), "indian-rupee", "page_payments", "payments.view"),
            Place(_("Dues"), "calendar-clock", "page_owed", "fees.view"),
        ),
    ),
    (
        _("Grow"),
        (
            Place(_("Messages"), "message-circle", "page_messages", "messages.view", also=("/campaigns", "/credits")),
            Place(_("Settings"), "settings", "page_organisation", "organisation.view"),
        ),
    ),
)
PORTAL: Table = (
    (
        "",
        (
            Place(_("Home"), "house", "page_home"),
            Place(_("Classes"), "calendar-days", "page_classes", "classes.view", of="academy"),
            Place(_("Seat"), "armchair", "page_seat", "bookings.hold", of="library"),
            Place(_("Fees"), "wallet", "page_dues", "fees.view"),
            Place(_("Me"), "user", "page_me"),
        ),
    ),
)

# What a keyboard goes to after `g`.
KEYS = {
    "page_home": "h",
    "page_students": "s",
    "page_tenants": "t",
    "page_timetable": "t",
    "page_classes": "l",
    "page_seats": "e",
    "page_payments": "p",
    "page_own_payments": "p",
    "page_messages": "m",
    "page_credits": "c",
    "page_jobs": "j",
    "page_fleet": "f",
    "page_organisation": "o",
}
# Deeds and pages that stand in no navigation and are found by the palette; one that this host has not is left out.
DEEDS: dict[str, Sequence[Place]] = {
    "console": (
        Place(_("Make a tenant"), "plus", "page_tenant_new", "tenants.add"),
        Place(_("Invite someone to the team"), "user-plus", "page_team_invite", "users.add"),
    ),
    "staff": (
        Place(_("Take a fee at the counter"), "indian-rupee", "page_counter", "payments.create"),
        Place(_("Admit a student"), "user-plus", "page_student_new", "people.add"),
        Place(_("Import students"), "upload", "page_import_new", "people.import"),
        Place(_("Check someone in"), "scan-line", "page_check_in", "bookings.attend", of="library"),
        Place(_("Plan a class"), "calendar-plus", "page_slot_new", "classes.schedule", of="academy"),
        Place(_("Write to many"), "megaphone", "page_campaign_new", "campaigns.send"),
        Place(_("Invite someone to the staff"), "user-plus", "page_member_invite", "users.add"),
        Place(_("Buy message credits"), "coins", "page_credits", "credits.purchase"),
        Place(_("Connect a gateway"), "plug", "page_gateway_new", "payments.gateways"),
    ),
}
PLACES: dict[str, Sequence[Place]] = {
    "console": (
        Place(_("Me"), "user", "page_me"),
        Place(_("Second factor and password"), "shield-check", "page_security"),
    ),
    "staff": (
        Place(_("Campaigns"), "megaphone", "page_campaigns", "campaigns.view"),
        Place(_("Message templates"), "file-text", "page_templates", "messages.view"),
        Place(_("Statistics of messages"), "chart-no-axes-column", "page_message_statistics", "messages.view"),
        Place(_("Message credits"), "coins", "page_credits", "credits.view"),
        Place(_("Branches"), "map-pin", "page_branches", "libraries.change"),
        Place(_("Staff"), "users", "page_staff", "users.view"),
        Place(_("Roles"), "shield", "page_roles", "roles.view"),
        Place(_("Payment gateways"), "credit-card", "page_gateways", "payments.gateways"),
        Place(_("Colour and logo"), "palette", "page_organisation_brand", "organisation.view"),
        Place(_("Set-up"), "list-checks", "page_setup", "organisation.view"),
        Place(_("Me"), "user", "page_me"),
        Place(_("Second factor and password"), "shield-check", "page_security"),
    ),
}


def groups(table: Table, *, actor: Actor, kind: str, path: str) -> list[Group]:
    """The table as links, without what the actor may not open or a business of this kind does not do."""
    found = []
    for title, places in table:
        useful = (place for place in places if kind in {place.of or kind, "both"})
        links = [link for place in useful if (link := _link(place, actor, path)) is not None]
        if links:
            found.append(Group(title, links))
    return found


def beyond(places: Sequence[Place], *, actor: Actor, kind: str) -> list[Link]:
    """Those of the places this host has and the actor may open, in a business that does such a thing."""
    links = []
    for place in places:
        fits = kind in {place.of or kind, "both"} and (not place.permission or actor.can(place.permission))
        if fits and (address := search.address(place.page, otherwise="")):
            links.append(Link(str(place.label), place.icon, address, is_here=False, keys=KEYS.get(place.page, "")))
    return links


def _link(place: Place, actor: Actor, path: str) -> Link | None:
    if place.permission and not actor.can(place.permission):
        return None
    address = reverse(place.page)
    is_here = path == address if address == "/" else path.startswith((address, *place.also))
    return Link(str(place.label), place.icon, address, is_here, KEYS.get(place.page, ""))
