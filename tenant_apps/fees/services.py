"""Writes of fees: dues are made, cancelled, and paid by what payments tells."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.db import transaction

from kernel import audit, clock
from kernel.http.lookup import found
from shared_apps.payments import services as payments
from tenant_apps.fees import selectors
from tenant_apps.fees.errors import BundleEmpty, NotOpen, PaymentUnderWay
from tenant_apps.fees.models import Bundle, BundleLine, Due


def due_create(*, student: UUID, title: str, amount_paise: int, due_on: date) -> Due:
    """Ask a student for an amount in paise (> 0) by a day."""
    with transaction.atomic():
        due = Due.objects.create(
            student_id=student, title=title, amount_paise=amount_paise, due_on=due_on, created_at=clock.now()
        )
        audit.record(
            action="fees.due_create",
            subject_type="due",
            subject_id=str(due.id),
            changes={"amount_paise": [None, amount_paise], "title": [None, title]},
        )
    return due


def due_cancel(*, due: UUID, reason: str = "") -> Due:
    """Take an open due back; twice changes nothing. Money that still comes for it is given back. Raises NotOpen."""
    with transaction.atomic():
        row = _locked(due)
        if row.state == Due.State.CANCELLED:
            return row
        if row.state != Due.State.OPEN:
            raise NotOpen(state=row.state)
        row.state, row.reason = Due.State.CANCELLED, reason
        row.save(update_fields=["state", "reason"])
        audit.record(
            action="fees.due_cancel",
            subject_type="due",
            subject_id=str(due),
            changes={"state": ["open", "cancelled"], "reason": ["", reason]},
        )
    return row


def due_settle(*, due: UUID, payment: UUID, amount_paise: int, receipt: str) -> bool:
    """Pay a due with money that has come; the same payment again changes nothing.

    False when the due is not owed any more or costs something else: the money then goes back, once.
    """
    with transaction.atomic():
        row = _locked(due)
        if row.payment_id == payment:
            return True
        if row.state != Due.State.OPEN or row.amount_paise != amount_paise:
            payments.refund_request(payment=payment, key=f"fees.due:{due}:{payment}", reason="not owed any more")
            return False
        row.state, row.payment_id, row.receipt, row.paid_at = Due.State.PAID, payment, receipt, clock.now()
        row.save(update_fields=["state", "payment_id", "receipt", "paid_at"])
    return True


def bundle_make(*, dues: Iterable[UUID], key: str) -> Bundle:
    """Put open dues of one student together, for one payment; the same `key` gives the same bundle.

    Who may pay for them has been asked. While a payment for just these is under way, its bundle is given back.
    Raises BundleEmpty, NotOpen, PaymentUnderWay.
    """
    wanted = sorted(set(dues))
    with transaction.atomic():
        # Whoever puts one of these together at the same moment waits here.
        rows = list(Due.objects.select_for_update(of=("self",)).filter(id__in=wanted).order_by("id"))
        if not rows or len(rows) != len(wanted) or len({row.student_id for row in rows}) > 1:
            raise BundleEmpty
        for row in rows:
            if row.state != Due.State.OPEN:
                raise NotOpen(state=row.state)
        for payment in selectors.payments_under_way(wanted).values():
            standing = Bundle.objects.filter(id=payment.subject).first()
            if standing is None or set(standing.lines.values_list("due_id", flat=True)) != set(wanted):
                raise PaymentUnderWay(payment=str(payment.id))
            return standing
        amount = sum(row.amount_paise for row in rows)
        # Under one key another choice is another bundle: the form was shown anew and changed.
        chosen = hashlib.blake2b("".join(map(str, wanted)).encode(), digest_size=8).hexdigest()
        made, is_new = Bundle.objects.get_or_create(
            key=f"{key}:{chosen}",
            defaults={"student_id": rows[0].student_id, "amount_paise": amount, "created_at": clock.now()},
        )
        if is_new:
            BundleLine.objects.bulk_create(
                [BundleLine(bundle=made, due=row, amount_paise=row.amount_paise) for row in rows]
            )
    return made


def bundle_settle(*, bundle: UUID, payment: UUID, amount_paise: int, receipt: str) -> bool:
    """Pay each due of a bundle with money that has come; the same payment again changes nothing.

    False when some are not owed any more: what they cost goes back, once.
    """
    with transaction.atomic():
        lines = list(BundleLine.objects.filter(bundle=bundle).order_by("due_id"))
        over = amount_paise - sum(line.amount_paise for line in lines)
        for line in lines:
            row = _locked(line.due_id)
            if row.payment_id == payment:
                continue
            if row.state != Due.State.OPEN or row.amount_paise != line.amount_paise:
                over += line.amount_paise
                continue
            row.state, row.payment_id, row.receipt, row.paid_at = Due.State.PAID, payment, receipt, clock.now()
            row.save(update_fields=["state", "payment_id", "receipt", "paid_at"])
        if over > 0:
            payments.refund_request(
                payment=payment, key=f"fees.dues:{bundle}:{payment}", amount_paise=over, reason="not owed any more"
            )
    return over <= 0


def _locked(due: UUID) -> Due:
    return found(Due.objects.select_for_update(of=("self",)), id=due)
