"""Reads of fees: cut to the students the actor may see."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from kernel.http.actor import Actor
from kernel.http.errors import NotFound
from kernel.http.lookup import found
from shared_apps.payments.purposes import Payer, Quote
from tenant_apps.fees.errors import NotOpen
from tenant_apps.fees.models import Due
from tenant_apps.people import selectors as people


def dues_visible(actor: Actor) -> QuerySet[Due]:
    """Dues of the students the actor sees: a student's own profiles, the students of one's branches."""
    dues = Due.objects.select_related("student")
    if actor.kind != "student" and actor.branches is None:
        return dues
    return dues.filter(student__in=people.students_visible(actor))


def due_get(actor: Actor, due: UUID) -> Due:
    """One visible due. Raises NotFound."""
    return found(dues_visible(actor), id=due)


def due_quote(actor: Actor, reference: str) -> Quote:
    """What an open due costs, for payments. Raises NotFound, NotOpen."""
    try:
        due = due_get(actor, UUID(reference))
    except ValueError:
        raise NotFound from None
    if due.state == Due.State.CANCELLED:
        raise NotOpen(state=due.state)
    card = people.student_card(due.student_id)
    if card is None:
        raise NotFound
    return Quote(
        amount_paise=due.amount_paise,
        description=due.title,
        payer=Payer(id=card.id, name=card.name, phone=card.phone, email=card.email),
        branch=card.branch,
    )
