"""Writes of fees: dues are made, cancelled, and paid by what payments tells."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db import transaction

from kernel import audit, clock
from kernel.http.lookup import found
from shared_apps.payments import services as payments
from tenant_apps.fees.errors import NotOpen
from tenant_apps.fees.models import Due


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


def _locked(due: UUID) -> Due:
    return found(Due.objects.select_for_update(of=("self",)), id=due)
