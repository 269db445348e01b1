"""How open pages of a payment learn that it moved."""

from kernel import realtime
from shared_apps.payments.models import Payment


def payment_tell(payment: Payment) -> None:
    """After the caller's transaction, on the payment's topic; pages ask for the rest themselves."""
    realtime.send(f"payment.{payment.id}", "payment.moved", {"state": payment.state})
