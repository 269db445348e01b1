"""Looking again, by the clock: what no callback told, refunds under way, payments whose time is over."""

import logging
from datetime import timedelta
from uuid import UUID

from connectors.payments.errors import GatewayError
from kernel import clock
from shared_apps.payments.models import Payment, Refund
from shared_apps.payments.services.refunds import refund_send
from shared_apps.payments.services.settling import payment_refresh

log = logging.getLogger(__name__)

BATCH = 100
_AGAIN = timedelta(minutes=5)


def payments_poll() -> dict[str, int]:
    """Ask the gateways about what is due to be looked at, the longest waiting first; counts. Not in a transaction."""
    now = clock.now()
    counts = {"payments": 0, "refunds": 0, "silent": 0}
    due = Payment.objects.filter(poll_at__lte=now).order_by("poll_at").values_list("id", flat=True)[:BATCH]
    for payment in list(due):
        counts["payments"] += 1
        counts["silent"] += not _asked(payment)
    refunds = Refund.objects.filter(poll_at__lte=now).order_by("poll_at").values_list("id", flat=True)[:BATCH]
    for refund in list(refunds):
        counts["refunds"] += 1
        try:
            refund_send(refund=refund)
        except GatewayError as error:
            counts["silent"] += 1
            Refund.objects.filter(id=refund, poll_at__isnull=False).update(poll_at=now + _AGAIN)
            log.info("payments.poll_silent", extra={"refund": str(refund), "error": type(error).__name__})
    return counts


def _asked(payment: UUID) -> bool:
    try:
        payment_refresh(payment=payment)
    except GatewayError as error:
        Payment.objects.filter(id=payment, poll_at__isnull=False).update(poll_at=clock.now() + _AGAIN)
        log.info("payments.poll_silent", extra={"payment": str(payment), "error": type(error).__name__})
        return False
    return True
