"""What sockets may follow of payments: each payment by whoever may look at it."""

from uuid import UUID

from kernel import realtime
from kernel.http.actor import Actor
from shared_apps.payments import selectors


@realtime.topic("payment.{payment}")
def payment_follow(actor: Actor, *, payment: str) -> bool:
    """A payment's payer and the staff who see it."""
    try:
        wanted = UUID(payment)
    except ValueError:
        return False
    return actor.can("payments.view") and selectors.payments_visible(actor).filter(id=wanted).exists()
