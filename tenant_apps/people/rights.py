"""What each role of a tenant may do, in words: the table of `accounts.roles` as its people read it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from shared_apps.accounts import roles

NAMES = {
    "owner": _("Owner"),
    "manager": _("Manager"),
    "front_desk": _("Front desk"),
    "teacher": _("Teacher"),
    "accountant": _("Accountant"),
}
SAID = {
    "owner": _("Everything, gateways and the audit included. Someone must always be owner."),
    "manager": _("Runs the place from day to day: people, seats, classes, fees, messages."),
    "front_desk": _("Receives people: admits students, seats them, takes fees."),
    "teacher": _("Teaches: opens classes, sees students with their numbers hidden."),
    "accountant": _("Looks after the money: fees, payments, refunds, the books."),
}
# Area → right in words, with the permission that decides it.
AREAS: tuple[tuple[Any, tuple[tuple[Any, str], ...]], ...] = (
    (
        _("Students"),
        (
            (_("See students"), "people.view"),
            (_("See phone numbers"), "people.phones"),
            (_("Admit and change students"), "people.add"),
            (_("Import from a list"), "people.import"),
            (_("Export a list"), "people.export"),
        ),
    ),
    (
        _("Seats"),
        (
            (_("See who sits where"), "bookings.view"),
            (_("Assign seats and check in"), "bookings.attend"),
            (_("Change halls, seats and shifts"), "libraries.change"),
        ),
    ),
    (
        _("Classes"),
        (
            (_("See the timetable"), "classes.view"),
            (_("Plan classes"), "classes.schedule"),
            (_("Open and teach a class"), "classes.start"),
        ),
    ),
    (
        _("Money"),
        (
            (_("See fees"), "fees.view"),
            (_("Ask for and cancel fees"), "fees.change"),
            (_("Take payments"), "payments.create"),
            (_("See the books"), "payments.books"),
            (_("Give money back"), "payments.refund"),
            (_("Connect payment gateways"), "payments.gateways"),
        ),
    ),
    (
        _("Messages"),
        (
            (_("Read the log of messages"), "messages.view"),
            (_("Write to many at once"), "campaigns.send"),
            (_("Buy message credits"), "credits.purchase"),
        ),
    ),
    (
        _("Business"),
        (
            (_("Change the settings"), "organisation.change"),
            (_("Invite staff and give roles"), "users.add"),
            (_("Read the audit"), "audit.view"),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Right:
    """One line of the table: who of the roles, in their order, holds it."""

    words: Any
    held: tuple[bool, ...]


def table() -> Iterator[tuple[Any, list[Right]]]:
    """The areas with their rights, as the doors decide them."""
    for title, lines in AREAS:
        yield title, [Right(words, tuple(_holds(role, name) for role in NAMES)) for words, name in lines]


def role_choices(*, is_owner: bool) -> list[tuple[str, Any]]:
    """The roles someone may give: the highest is its holders' alone to give."""
    top = roles.highest(platform=False)
    return [(role, name) for role, name in NAMES.items() if is_owner or role != top]


def _holds(role: str, permission: str) -> bool:
    return permission in roles.permissions_of((role,))
