"""One row per key and caller: the request it stood for and, once known, the answer."""

from django.db import models
from django.db.models import Q

from kernel.ids import uuid7


class State(models.TextChoices):
    RUNNING = "running"
    DONE = "done"


class Call(models.Model):
    """A keyed request. `fingerprint` is SHA-256 of method, path and body; `answer` is empty while it runs."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    caller = models.CharField(max_length=120)
    key = models.CharField(max_length=200)
    fingerprint = models.BinaryField(max_length=32)
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    started_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    answer = models.BinaryField(default=b"")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["caller", "key"], name="idempotency_one_call_per_key"),
            models.CheckConstraint(
                name="idempotency_done_has_status", condition=Q(state="running") | Q(status__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.caller} {self.key}"
