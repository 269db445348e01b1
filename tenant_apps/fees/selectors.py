"""Reads of fees: cut to the students the actor may see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from kernel.http.actor import Actor
from kernel.http.errors import NotFound
from kernel.http.lookup import found
from shared_apps.payments import selectors as payments
from shared_apps.payments.purposes import Payer, Quote
from tenant_apps.fees.errors import NotOpen, PaymentUnderWay
from tenant_apps.fees.events import PURPOSE, PURPOSE_MANY
from tenant_apps.fees.models import Bundle, BundleLine, Due
from tenant_apps.people import selectors as people

if TYPE_CHECKING:
    from shared_apps.payments.models import Payment

# A payment's description: gateways show no more.
_LONGEST = 80


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


def dues_chosen(actor: Actor, ids: Iterable[str]) -> list[Due]:
    """The open dues a form names, by day. Raises NotFound for one not visible, NotOpen for one that is not owed."""
    try:
        wanted = {UUID(one) for one in ids}
    except ValueError:
        raise NotFound from None
    dues = list(dues_visible(actor).filter(id__in=wanted).order_by("due_on", "id"))
    if len(dues) != len(wanted):
        raise NotFound
    for due in dues:
        if due.state != Due.State.OPEN:
            raise NotOpen(state=due.state)
    return dues


def due_quote(actor: Actor, reference: str) -> Quote:
    """What an open due costs, for payments. Raises NotFound, NotOpen."""
    try:
        due = due_get(actor, UUID(reference))
    except ValueError:
        raise NotFound from None
    if due.state == Due.State.CANCELLED:
        raise NotOpen(state=due.state)
    if (other := payments_under_way([due.id]).get(due.id)) and other.subject != str(due.id):
        raise PaymentUnderWay(payment=str(other.id))
    return _quote(due.student_id, due.amount_paise, due.title)


def lines_of(payment: Payment) -> list[tuple[str, int]]:
    """What a payment was for, line by line: titles and paise."""
    if payment.purpose == PURPOSE_MANY:
        lines = BundleLine.objects.filter(bundle=UUID(payment.subject)).order_by("due__due_on", "due_id")
        return list(lines.values_list("due__title", "amount_paise"))
    return [(payment.description, payment.amount_paise)]


def owed_by(students: Iterable[UUID]) -> dict[UUID, int]:
    """What each of these students owes, in paise; who owes nothing is left out."""
    open_dues = Due.objects.filter(state=Due.State.OPEN, student_id__in=list(students))
    sums = open_dues.order_by().values_list("student_id").annotate(sum=Sum("amount_paise"))
    return dict(sums)


def _quote(student: UUID, amount_paise: int, description: str) -> Quote:
    card = people.student_card(student)
    if card is None:
        raise NotFound
    return Quote(
        amount_paise=amount_paise,
        description=description,
        payer=Payer(id=card.id, name=card.name, phone=card.phone, email=card.email),
        branch=card.branch,
    )


def bundle_quote(actor: Actor, reference: str) -> Quote:
    """What the dues of a bundle cost together, while all are open. Raises NotFound, NotOpen."""
    try:
        bundle = found(Bundle.objects.prefetch_related("lines__due"), id=UUID(reference))
    except ValueError:
        raise NotFound from None
    if not people.students_visible(actor).filter(id=bundle.student_id).exists():
        raise NotFound
    dues = [line.due for line in bundle.lines.all()]
    for due in dues:
        if due.state != Due.State.OPEN:
            raise NotOpen(state=due.state)
    card = people.student_card(bundle.student_id)
    if card is None:
        raise NotFound
    return Quote(
        amount_paise=bundle.amount_paise,
        description=titles_of(dues),
        payer=Payer(id=card.id, name=card.name, phone=card.phone, email=card.email),
        branch=card.branch,
    )


def titles_of(dues: Iterable[Due]) -> str:
    """Several dues in one line, such as a payment's description: as many titles as fit."""
    titles = [due.title for due in dues]
    text = ", ".join(titles)
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST - 5].rsplit(', ', 1)[0]} …"


def bundle_dues(bundle: str) -> list[Due]:
    """The dues of a bundle a payment names, by day. Cuts nothing: the caller sees the payment."""
    try:
        lines = BundleLine.objects.filter(bundle=UUID(bundle)).select_related("due")
    except ValueError:
        return []
    return [line.due for line in lines.order_by("due__due_on", "due_id")]


def payments_under_way(dues: Iterable[UUID]) -> dict[UUID, Payment]:
    """Due → the payment that waits for its payer or a bank, be it for that due alone or for several."""
    wanted = list(dues)
    found = {UUID(one.subject): one for one in payments.payments_live(PURPOSE, map(str, wanted))}
    lines = list(BundleLine.objects.filter(due__in=wanted).values_list("bundle_id", "due_id"))
    if lines:
        live = {one.subject: one for one in payments.payments_live(PURPOSE_MANY, {str(one) for one, _ in lines})}
        found |= {due: live[str(bundle)] for bundle, due in lines if str(bundle) in live}
    return found
