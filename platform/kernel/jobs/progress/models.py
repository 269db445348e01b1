"""How far a piece of long work has come."""

from django.db import models
from django.db.models import F, Q


class Progress(models.Model):
    """Shown under `jobs/{id}` to whoever started the work and to those who may see jobs."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True)
    kind = models.TextField()
    state = models.TextField(choices=State, default=State.QUEUED)
    done = models.IntegerField(default=0)
    total = models.IntegerField(null=True)
    result = models.JSONField(null=True)
    error = models.TextField(default="")
    owner = models.UUIDField(null=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(done__gte=0), name="progress_not_negative"),
            models.CheckConstraint(condition=Q(total__isnull=True) | Q(total__gte=F("done")), name="progress_within"),
        ]
