"""Credits' work behind the queue."""

from uuid import UUID

from kernel import jobs
from kernel.tenancy import current
from shared_apps.credits import services
from shared_apps.credits.errors import OrderUnknown, PaymentDiffers
from shared_apps.credits.events import CreditsLow
from shared_apps.credits.services.orders import PURPOSE
from shared_apps.payments import services as payments
from shared_apps.payments.events import PaymentSettled


@jobs.handler("credits.low_sweep", atomic=False)
def credits_low_sweep() -> dict[str, int]:
    """The operator's: find wallets that fell below their mark."""
    return {"told": services.wallets_tell()}


@jobs.handler("credits.low_announce")
def credits_low_announce(*, schema: str, channel: str, available: int, low_at: int) -> None:
    """The tenant's: tell its own subscribers."""
    jobs.publish(CreditsLow(schema=schema, channel=channel, available=available, low_at=low_at))


@jobs.on(PaymentSettled, priority=jobs.HIGH)
def credits_paid(*, event: PaymentSettled) -> None:
    """The operator's: fill the order that was paid for; money that is not its price goes back."""
    if event.purpose != PURPOSE or not current().is_platform:
        return
    try:
        services.order_settled(payment=event.payment, reference=event.reference, amount_paise=event.amount_paise)
    except (OrderUnknown, PaymentDiffers):
        payments.refund_request(
            payment=UUID(event.payment), key=f"credits.order:{event.payment}", reason="no such order"
        )
