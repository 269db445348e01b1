"""Owns what a branch has to sit on and when: halls, seats and shifts."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from kernel import clock
from kernel.ids import uuid7


class Hall(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    branch = models.ForeignKey("people.Branch", on_delete=models.PROTECT, related_name="halls")
    name = models.CharField(max_length=80)
    floor = models.SmallIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["branch", "name"], name="libraries_hall_named_once")]

    def __str__(self) -> str:
        return self.name


class Seat(models.Model):
    class State(models.TextChoices):
        OPEN = "open"
        BLOCKED = "blocked"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    hall = models.ForeignKey(Hall, on_delete=models.PROTECT, related_name="seats")
    label = models.CharField(max_length=12)
    seat_class = models.CharField(max_length=20, default="regular")
    row = models.PositiveSmallIntegerField()
    column = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=7, choices=State.choices, default=State.OPEN)
    blocked_because = models.CharField(max_length=120, default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hall", "label"], name="libraries_seat_labelled_once"),
            models.UniqueConstraint(fields=["hall", "row", "column"], name="libraries_seat_placed_once"),
            models.CheckConstraint(name="libraries_seat_state_known", condition=Q(state__in=["open", "blocked"])),
        ]

    def __str__(self) -> str:
        return self.label


class Shift(models.Model):
    """Hours of a branch by the wall clock; one that ends before it starts ends on the next day."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    branch = models.ForeignKey("people.Branch", on_delete=models.PROTECT, related_name="shifts")
    name = models.CharField(max_length=60)
    starts = models.TimeField()
    ends = models.TimeField()
    price_paise = models.PositiveBigIntegerField()
    is_open = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["branch", "name"], name="libraries_shift_named_once"),
            models.CheckConstraint(name="libraries_shift_has_hours", condition=~Q(starts=F("ends"))),
        ]

    def __str__(self) -> str:
        return self.name
