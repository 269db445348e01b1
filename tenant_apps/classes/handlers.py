"""Jobs of classes."""

from datetime import timedelta

from kernel import clock, jobs
from tenant_apps.classes import services
from tenant_apps.classes.models import LiveClass

# A class nobody ended is over at the later of two hours after its start and a quarter of an hour after its slot.
LONGEST = timedelta(hours=2)
GRACE = timedelta(minutes=15)


@jobs.handler("classes.expire")
def classes_expire() -> dict[str, int]:
    """End live classes past their time, and the stays of those who closed their page without leaving."""
    moment = clock.now()
    late = LiveClass.objects.filter(
        state=LiveClass.State.LIVE, started_at__lte=moment - LONGEST, ends_at__lte=moment - GRACE
    ).values_list("id", flat=True)
    ended = [services.class_expire(live_class=one) for one in late]
    return {"ended": len(ended), "lapsed": services.stays_lapse()}
