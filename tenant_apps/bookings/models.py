"""Owns who sits where and when; the database itself refuses two at once."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q

from kernel import clock
from kernel.ids import uuid7


class Booking(models.Model):
    """A seat for a student during a shift of a day. `during` is [start, end) in UTC."""

    class State(models.TextChoices):
        HELD = "held"
        CONFIRMED = "confirmed"
        CHECKED_IN = "checked_in"
        COMPLETED = "completed"
        CANCELLED = "cancelled"
        EXPIRED = "expired"
        NO_SHOW = "no_show"

    # The states in which a booking keeps others off its seat.
    LIVE = ("held", "confirmed", "checked_in")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    seat = models.ForeignKey("libraries.Seat", on_delete=models.PROTECT, related_name="+")
    student = models.ForeignKey("people.Student", on_delete=models.PROTECT, related_name="+")
    shift = models.ForeignKey("libraries.Shift", on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    during = DateTimeRangeField()
    state = models.CharField(max_length=10, choices=State.choices)
    hold_until = models.DateTimeField(null=True)
    amount_paise = models.PositiveBigIntegerField()
    payment_id = models.UUIDField(null=True)
    reason = models.CharField(max_length=200, default="")
    came_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)
    came_ip = models.GenericIPAddressField(null=True)
    came_device = models.CharField(max_length=200, default="")
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [
            models.Index(fields=["student", "day"], name="bookings_by_student"),
            models.Index(fields=["hold_until"], name="bookings_holds", condition=Q(state="held")),
            models.Index(fields=["day", "shift"], name="bookings_by_day"),
        ]
        constraints = [
            # The seat comes first in the index: most refusals are found by equality, before any range is compared.
            ExclusionConstraint(
                name="bookings_seat_once",
                expressions=[("seat", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
                condition=Q(state__in=("held", "confirmed", "checked_in")),
            ),
            ExclusionConstraint(
                name="bookings_student_once",
                expressions=[("student", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
                condition=Q(state__in=("held", "confirmed", "checked_in")),
            ),
            models.CheckConstraint(
                name="bookings_hold_has_end",
                condition=Q(state="held", hold_until__isnull=False) | (~Q(state="held") & Q(hold_until__isnull=True)),
            ),
            models.CheckConstraint(
                name="bookings_state_known",
                condition=Q(
                    state__in=(
                        "held",
                        "confirmed",
                        "checked_in",
                        "completed",
                        "cancelled",
                        "expired",
                        "no_show",
                    )
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.day}"


class SeatMap(models.Model):
    """The version of one drawn map, a hall's seats in a shift of a day: it grows by one with every change."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    hall = models.ForeignKey("libraries.Hall", on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    shift = models.ForeignKey("libraries.Shift", on_delete=models.CASCADE, related_name="+")
    version = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["hall", "day", "shift"], name="bookings_seat_map_once")]

    def __str__(self) -> str:
        return f"v{self.version}"
