"""Reading progress, cut to the caller."""

from django.db.models import QuerySet

from kernel.http.actor import Actor
from kernel.jobs.progress.models import Progress


def progress_of(actor: Actor) -> QuerySet[Progress]:
    """What the caller started; with `jobs.view`, all of the business."""
    if actor.can("jobs.view"):
        return Progress.objects.all()
    return Progress.objects.filter(owner__isnull=False, owner=actor.user_id)
