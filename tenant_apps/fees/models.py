"""Owns what students owe."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from kernel import clock
from kernel.ids import uuid7


class Due(models.Model):
    """An amount one student owes by a day. `payment_id` and `receipt` name what paid it, with others of its bundle."""

    class State(models.TextChoices):
        OPEN = "open"
        PAID = "paid"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    student = models.ForeignKey("people.Student", on_delete=models.PROTECT, related_name="+")
    title = models.TextField()
    amount_paise = models.BigIntegerField()
    due_on = models.DateField()
    state = models.TextField(choices=State.choices, default=State.OPEN)
    reason = models.TextField(default="", blank=True)
    payment_id = models.UUIDField(null=True)
    receipt = models.TextField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    paid_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="fees_due_amount", condition=Q(amount_paise__gt=0)),
            models.CheckConstraint(
                name="fees_due_state",
                condition=Q(state="paid", payment_id__isnull=False, receipt__isnull=False, paid_at__isnull=False)
                | Q(state__in=["open", "cancelled"], payment_id=None, receipt=None, paid_at=None),
            ),
        ]
        indexes = [
            models.Index(name="fees_due_student", fields=["student", "-due_on"]),
            models.Index(name="fees_due_open", fields=["due_on"], condition=Q(state="open")),
            models.Index(name="fees_due_payment", fields=["payment_id"], condition=Q(payment_id__isnull=False)),
        ]


class Bundle(models.Model):
    """Dues of one student that one payment is to pay together. `key` is the form's: sent twice, it makes one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    student = models.ForeignKey("people.Student", on_delete=models.PROTECT, related_name="+")
    key = models.TextField(unique=True)
    amount_paise = models.BigIntegerField()
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.CheckConstraint(name="fees_bundle_amount", condition=Q(amount_paise__gt=0))]


class BundleLine(models.Model):
    """One due of a bundle, with what it cost when the bundle was made."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    bundle = models.ForeignKey(Bundle, on_delete=models.CASCADE, related_name="lines")
    due = models.ForeignKey(Due, on_delete=models.PROTECT, related_name="+")
    amount_paise = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(name="fees_bundle_due_once", fields=["bundle", "due"])]
