"""The inbox: raw callbacks of every business, in public. Written and read through its functions only."""

from django.db import models
from django.db.models import Q


class Inbox(models.Model):
    """One callback as it came. `endpoint` names the business and the address; `headers` those that vendors sign with.

    received → processed | ignored | failed; refused was never believed (its body is cut to 4 KiB).
    """

    class State(models.TextChoices):
        RECEIVED = "received"
        PROCESSED = "processed"
        IGNORED = "ignored"
        FAILED = "failed"
        REFUSED = "refused"

    id = models.UUIDField(primary_key=True)
    business = models.TextField()
    source = models.TextField()
    endpoint = models.TextField()
    delivery_id = models.TextField()
    body_sha256 = models.TextField()
    event = models.TextField()
    handler = models.TextField()
    job = models.UUIDField(null=True)
    headers = models.JSONField()
    body = models.BinaryField()
    state = models.TextField(choices=State)
    reason = models.TextField()
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "inbox"
        constraints = [
            models.UniqueConstraint(fields=["source", "endpoint", "delivery_id"], name="inbox_one_per_delivery"),
            # Vendors do not sign the delivery's id, so the same body under a new id is the same callback.
            models.UniqueConstraint(
                fields=["source", "endpoint", "body_sha256"], condition=~Q(state="refused"), name="inbox_one_per_body"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["received", "processed", "ignored", "failed", "refused"]),
                name="inbox_state_known",
            ),
        ]
        indexes = [models.Index(fields=["business", "-id"], name="inbox_of_business")]
