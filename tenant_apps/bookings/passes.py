"""Owns seat passes: a short code that belongs to one booking, typed or scanned at the desk."""

from __future__ import annotations

from datetime import timedelta
from hashlib import blake2b
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from kernel import clock
from kernel.http.actor import Actor
from kernel.tenancy import current
from tenant_apps.bookings import selectors
from tenant_apps.bookings.errors import PassUnknown
from tenant_apps.bookings.models import Booking

# No I, O, 0 or 1: what is read aloud or off a cracked screen is not mistaken.
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LENGTH = 8


def pass_code(booking: UUID) -> str:
    """The code of a booking: nobody without our key finds another's, and at another business it is another's."""
    digest = blake2b(
        f"{current().public_id}|{booking}".encode(),
        key=blake2b(settings.SECRET_KEY.encode(), digest_size=32).digest(),
        person=b"seat pass",
    ).digest()
    return "".join(LETTERS[byte % 32] for byte in digest[:LENGTH])


def pass_shown(code: str) -> str:
    """The code in two halves, as people read it."""
    return f"{code[:4]}-{code[4:]}"


def booking_of_pass(actor: Actor, typed: str) -> Booking:
    """The booking near today whose pass shows this code, however it was typed. Raises PassUnknown."""
    code = "".join(letter for letter in typed.upper() if letter in LETTERS)
    near: QuerySet[Booking] = selectors.bookings_listed(actor).filter(
        day__range=(clock.today() - timedelta(days=1), clock.today() + timedelta(days=1)),
        state__in=("confirmed", "checked_in", "completed", "no_show"),
    )
    for id_ in near.values_list("id", flat=True) if len(code) == LENGTH else ():
        if pass_code(id_) == code:
            return selectors.bookings_listed(actor).get(id=id_)
    raise PassUnknown(field="code")
