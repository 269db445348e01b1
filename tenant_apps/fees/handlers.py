"""The jobs of fees: what payments tells. Payers are told by messaging, whatever they paid for."""

from __future__ import annotations

from uuid import UUID

from kernel import jobs
from shared_apps.payments.events import PaymentSettled
from tenant_apps.fees import services
from tenant_apps.fees.events import PURPOSE, PURPOSE_MANY


@jobs.on(PaymentSettled, priority=jobs.HIGH, when_suspended=True)
def fees_settle(*, event: PaymentSettled) -> bool | None:
    """Pay the due, or each of a bundle; None when the money is for something else."""
    if event.purpose not in (PURPOSE, PURPOSE_MANY):
        return None
    told = {"payment": UUID(event.payment), "amount_paise": event.amount_paise, "receipt": event.receipt}
    if event.purpose == PURPOSE:
        return services.due_settle(due=UUID(event.reference), **told)
    return services.bundle_settle(bundle=UUID(event.reference), **told)
