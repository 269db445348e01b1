"""Files of one business: the row says whose it is and who may read it, object storage keeps the bytes under its key."""

from django.db import models
from django.db.models import Q

from kernel.ids import uuid7


class File(models.Model):
    """One object under `tenants/<schema>/<id>/<name>`; never overwritten.

    pending  announced, its bytes may be on their way
    stored   its bytes are there and have this size

    Read by its `owner` (a user) and by whoever holds `permission`; an empty permission is nobody's.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        STORED = "stored"

    id = models.UUIDField(primary_key=True, default=uuid7)
    key = models.TextField(unique=True)
    name = models.TextField()
    content_type = models.TextField()
    size = models.BigIntegerField(default=0)
    state = models.TextField(choices=State.choices, default=State.PENDING)
    permission = models.TextField(default="", blank=True)
    owner = models.UUIDField(null=True)
    created_at = models.DateTimeField()
    stored_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="files_file_key",
                condition=Q(key__regex=r"^tenants/[a-z0-9_]+/[0-9a-f-]{36}/[A-Za-z0-9._-]{1,100}$"),
            ),
            models.CheckConstraint(name="files_file_size", condition=Q(size__gte=0)),
            models.CheckConstraint(
                name="files_file_state",
                condition=Q(state="pending", stored_at=None) | Q(state="stored", stored_at__isnull=False),
            ),
        ]
        indexes = [models.Index(name="files_file_owner", fields=["owner", "-id"])]

    def __str__(self) -> str:
        return self.name
