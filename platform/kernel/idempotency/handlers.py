"""Work of the clock."""

from kernel import jobs
from kernel.idempotency import services


@jobs.handler("idempotency.purge")
def idempotency_purge() -> dict[str, int]:
    """Forget the answers whose day is over."""
    return {"purged": services.calls_purge()}
