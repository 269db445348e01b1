"""Forgetting kept answers once their day is over."""

from kernel import clock
from kernel.idempotency.models import Call


def calls_purge(*, limit: int = 5000) -> int:
    """Delete up to `limit` expired rows of the current schema; gives how many went."""
    expired = Call.objects.filter(expires_at__lte=clock.now()).order_by("expires_at").values("pk")[:limit]
    return Call.objects.filter(pk__in=expired).delete()[0]
