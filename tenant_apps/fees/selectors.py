"""Reads of fees: cut to the students the actor may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

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


def dues_open(actor: Actor) -> QuerySet[Due]:
    """What is owed to the business by those the actor sees, the oldest first."""
    return dues_visible(actor).filter(state=Due.State.OPEN).order_by("due_on", "id")


@dataclass(frozen=True, slots=True)
class Sums:
    """What is owed, in paise, and by how many dues: overdue, within days, and all."""

    overdue_paise: int
    overdue: int
    soon_paise: int
    soon: int
    open_paise: int
    open: int


def dues_sums(actor: Actor, *, today: date, soon: date) -> Sums:
    """The sums of the open dues the actor sees; `soon` is from today until that day. One query."""
    late, near = Q(due_on__lt=today), Q(due_on__gte=today, due_on__lte=soon)
    found = dues_open(actor).aggregate(
        overdue_paise=Sum("amount_paise", filter=late, default=0),
        overdue=Count("id", filter=late),
        soon_paise=Sum("amount_paise", filter=near, default=0),
        soon=Count("id", filter=near),
        open_paise=Sum("amount_paise", default=0),
        open=Count("id"),
    )
    return Sums(**found)


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
