"""A business that has taken money for a while, for pages that show it: by the desk's service, dated back."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kernel.ids import uuid7
from kernel.tenancy import Business, tenant_scope
from shared_apps.payments.models import Payment
from tenant_apps.fees import counter, services
from tenant_apps.fees.models import Due
from tests.support.days import local_today


def due_make(business: Business, student: Any, title: str, paise: int, *, days: int = 0) -> Due:
    """A due of a student, `days` from today."""
    with tenant_scope(business):
        due_on = local_today() + timedelta(days=days)
        return services.due_create(student=student.id, title=title, amount_paise=paise, due_on=due_on)


def taken_make(
    business: Business,
    student: Any,
    title: str,
    paise: int,
    *,
    at: datetime | None = None,
    method: str = "cash",
    by: UUID | None = None,
) -> Payment:
    """A fee taken at the desk, at another moment when one is given."""
    due = due_make(business, student, title, paise)
    with tenant_scope(business):
        payment = counter.counter_take(
            student=student.id,
            dues=[due.id],
            method=method,
            key=str(uuid7()),
            reference="" if method == "cash" else str(uuid7().int)[:12],
            taken_by=by,
        )
        if at is not None:
            Payment.objects.filter(id=payment.id).update(created_at=at, paid_at=at)
            Due.objects.filter(id=due.id).update(paid_at=at)
        return Payment.objects.get(id=payment.id)
