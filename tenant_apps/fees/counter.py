"""The counter: fees of a student taken in person, paid and receipted in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from kernel import clock, crash
from shared_apps.payments import services as payments
from shared_apps.payments.purposes import Payer, Quote
from tenant_apps.fees import selectors
from tenant_apps.fees.errors import BundleEmpty, NotOpen, PaymentUnderWay, TakenDifferently
from tenant_apps.fees.events import PURPOSE_MANY
from tenant_apps.fees.models import Bundle, BundleLine, Due
from tenant_apps.people import selectors as people

if TYPE_CHECKING:
    from shared_apps.payments.models import Payment

TAKEN = crash.register("fees.counter_taken")

# A bank has the money set aside already: taking it here as well would be taking it twice.
_AT_A_BANK = "authorised"


def counter_take(
    *,
    student: UUID,
    dues: Sequence[UUID],
    method: str,
    key: str,
    reference: str = "",
    taken_by: UUID | None = None,
) -> Payment:
    """Take money in person for open dues of one student, once for each `key`; gives the paid payment.

    An order that was shown to the payer and not paid stands in nobody's way: should money still come for it, it goes
    back. Raises BundleEmpty, NotOpen, PaymentUnderWay, TakenDifferently, and what the desk of payments raises.
    """
    with transaction.atomic():
        rows = _locked(student, dues)
        bundle = _bundle(student, rows, key)
        payment = payments.desk_payment_create(
            purpose=PURPOSE_MANY,
            subject=str(bundle.id),
            quote=_quote(bundle, rows),
            method=method,
            reference=reference,
            key=f"fees:{key}",
            taken_by=taken_by,
        )
        _pay([row for row in rows if row.payment_id != payment.id], payment)
    crash.point(TAKEN)
    return payment


def _locked(student: UUID, dues: Sequence[UUID]) -> list[Due]:
    """These dues of the student, under lock, in the one order everybody locks them in."""
    wanted = sorted(set(dues))
    rows = list(Due.objects.select_for_update(of=("self",)).filter(id__in=wanted, student=student).order_by("id"))
    if not rows or len(rows) != len(wanted):
        raise BundleEmpty(field="dues")
    return rows


def _bundle(student: UUID, rows: Sequence[Due], key: str) -> Bundle:
    """The dues as one thing to pay for: new, or the one that stands under the key."""
    bundle, is_new = Bundle.objects.get_or_create(
        key=f"desk:{key}",
        defaults={
            "student_id": student,
            "amount_paise": sum(row.amount_paise for row in rows),
            "created_at": clock.now(),
        },
    )
    if is_new:
        BundleLine.objects.bulk_create(
            [BundleLine(bundle=bundle, due=row, amount_paise=row.amount_paise) for row in rows]
        )
    elif {row.id for row in rows} != set(bundle.lines.values_list("due_id", flat=True)):
        raise TakenDifferently
    return bundle


def _quote(bundle: Bundle, rows: Sequence[Due]) -> Quote:
    card = people.student_card(bundle.student_id)
    if card is None:
        raise BundleEmpty
    return Quote(
        amount_paise=bundle.amount_paise,
        description=selectors.titles_of(rows),
        payer=Payer(id=card.id, name=card.name, phone=card.phone, email=card.email),
        branch=card.branch,
    )


def _pay(rows: Sequence[Due], payment: Payment) -> None:
    for row in rows:
        if row.state != Due.State.OPEN:
            raise NotOpen(state=row.state)
    for other in selectors.payments_under_way([row.id for row in rows]).values():
        if other.state == _AT_A_BANK:
            raise PaymentUnderWay(payment=str(other.id))
    for row in rows:
        row.state, row.payment_id, row.receipt, row.paid_at = Due.State.PAID, payment.id, payment.receipt, clock.now()
        row.save(update_fields=["state", "payment_id", "receipt", "paid_at"])
