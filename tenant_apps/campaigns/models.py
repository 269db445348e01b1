"""Owns what a business says to many at once: which text, to whom, and how far it has come."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from kernel import clock
from kernel.ids import uuid7


class Campaign(models.Model):
    """One SMS text to the students of an audience, each phone once.

    draft      may be looked at and tried
    sending    its messages are being queued
    sent       every message is in the queue; messaging knows what became of each

    An empty `branch`, `grade` or `board` means any. `values` fill the template in beside each student's `name`;
    `recipients` is counted when sending begins.
    """

    class State(models.TextChoices):
        DRAFT = "draft"
        SENDING = "sending"
        SENT = "sent"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.TextField()
    template = models.TextField()
    language = models.TextField(default="", blank=True)
    values = models.JSONField(default=dict, blank=True)
    branch = models.ForeignKey("people.Branch", null=True, on_delete=models.PROTECT, related_name="+")
    grade = models.TextField(default="", blank=True)
    board = models.TextField(default="", blank=True)
    state = models.TextField(choices=State.choices, default=State.DRAFT)
    recipients = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    started_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="campaigns_campaign_state",
                condition=Q(state="draft", recipients=None, started_at=None)
                | Q(state__in=["sending", "sent"], recipients__gt=0, started_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        """What the keys of its messages begin with."""
        return f"campaign:{self.id}:"
