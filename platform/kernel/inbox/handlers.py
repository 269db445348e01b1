"""The inbox's own upkeep."""

from datetime import timedelta

from kernel import clock
from kernel.inbox.models import Inbox
from kernel.jobs.registry import handler

REFUSED_KEPT = timedelta(days=7)


@handler("inbox.trim")
def inbox_trim() -> dict[str, int]:
    """Forget refused callbacks after a week: anyone may send them. Counts: trimmed."""
    trimmed, _ = Inbox.objects.filter(state=Inbox.State.REFUSED, received_at__lt=clock.now() - REFUSED_KEPT).delete()
    return {"trimmed": trimmed}
