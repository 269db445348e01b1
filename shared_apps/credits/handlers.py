"""Credits' work behind the queue."""

from kernel import jobs
from shared_apps.credits import services
from shared_apps.credits.events import CreditsLow


@jobs.handler("credits.low_sweep", atomic=False)
def credits_low_sweep() -> dict[str, int]:
    """The operator's: find wallets that fell below their mark."""
    return {"told": services.wallets_tell()}


@jobs.handler("credits.low_announce")
def credits_low_announce(*, schema: str, channel: str, available: int, low_at: int) -> None:
    """The tenant's: tell its own subscribers."""
    jobs.publish(CreditsLow(schema=schema, channel=channel, available=available, low_at=low_at))
