"""The jobs of fees: what payments tells. Payers get a message by messaging, whatever they paid for, and a notice here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import jobs
from kernel.money import display
from kernel.tenancy import current
from shared_apps.messaging import services as messaging
from shared_apps.payments import selectors as payments
from shared_apps.payments.events import PaymentSettled
from tenant_apps.fees import services
from tenant_apps.fees.events import PURPOSE, PURPOSE_MANY
from tenant_apps.people import selectors as people


@jobs.on(PaymentSettled, priority=jobs.HIGH, when_suspended=True)
def fees_settle(*, event: PaymentSettled) -> bool | None:
    """Pay the due, or each of a bundle; None when the money is for something else."""
    if event.purpose not in (PURPOSE, PURPOSE_MANY):
        return None
    told: dict[str, Any] = {
        "payment": UUID(event.payment),
        "amount_paise": event.amount_paise,
        "receipt": event.receipt,
    }
    if event.purpose == PURPOSE:
        return services.due_settle(due=UUID(event.reference), **told)
    return services.bundle_settle(bundle=UUID(event.reference), **told)


@jobs.on(PaymentSettled, when_suspended=True)
def fees_tell(*, event: PaymentSettled) -> int | None:
    """Leave a notice to whoever may act for the student who paid; None when no student did."""
    if current().is_platform:  # who pays the operator is a business
        return None
    payer = payments.payer_of(UUID(event.payment))
    users = people.users_of_students([payer]).get(payer, []) if payer else []
    if not users:
        return None
    return messaging.notification_send(
        users=users,
        title=_("%(amount)s has arrived") % {"amount": display(event.amount_paise).removesuffix(".00")},
        text=_("Receipt %(number)s") % {"number": event.receipt},
        level="success",
        link=reverse("page_payment_status", args=[event.payment], urlconf=settings.TENANT_URLCONF),
    )
