"""Owns the timetable and live classes. The database refuses a teacher, a room or a cohort in two places at once."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import IntegerRangeField, RangeOperators
from django.db import models
from django.db.models import Q

from kernel import clock
from kernel.ids import uuid7


class Slot(models.Model):
    """A weekly hour: wall-clock times in the business's zone, `weekday` 0 for Monday.

    `minutes` is [start, end) in minutes of the week, so that the database can compare slots; an hour over midnight
    runs past its day.
    """

    class State(models.TextChoices):
        ACTIVE = "active"
        ENDED = "ended"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    subject = models.CharField(max_length=60)
    grade = models.CharField(max_length=20)
    board = models.CharField(max_length=20)
    teacher = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    branch = models.ForeignKey("people.Branch", null=True, on_delete=models.PROTECT, related_name="+")
    room = models.CharField(max_length=40, default="")
    weekday = models.PositiveSmallIntegerField()
    starts = models.TimeField()
    ends = models.TimeField()
    minutes = IntegerRangeField()
    state = models.CharField(max_length=6, choices=State, default=State.ACTIVE)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="classes_slot_teacher_once",
                expressions=[("teacher", RangeOperators.EQUAL), ("minutes", RangeOperators.OVERLAPS)],
                condition=Q(state="active"),
            ),
            ExclusionConstraint(
                name="classes_slot_room_once",
                expressions=[
                    ("branch", RangeOperators.EQUAL),
                    ("room", RangeOperators.EQUAL),
                    ("minutes", RangeOperators.OVERLAPS),
                ],
                condition=Q(state="active") & ~Q(room=""),
            ),
            ExclusionConstraint(
                name="classes_slot_cohort_once",
                expressions=[
                    ("grade", RangeOperators.EQUAL),
                    ("board", RangeOperators.EQUAL),
                    ("minutes", RangeOperators.OVERLAPS),
                ],
                condition=Q(state="active"),
            ),
            models.CheckConstraint(name="classes_slot_weekday", condition=Q(weekday__lte=6)),
            models.CheckConstraint(name="classes_slot_state", condition=Q(state__in=["active", "ended"])),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.grade} {self.board}"


class LiveClass(models.Model):
    """One class held: scheduled → live → ended, or cancelled. `chat_seq` numbers its messages without a gap."""

    class State(models.TextChoices):
        SCHEDULED = "scheduled"
        LIVE = "live"
        ENDED = "ended"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slot = models.ForeignKey(Slot, null=True, on_delete=models.PROTECT, related_name="classes")
    title = models.CharField(max_length=120)
    subject = models.CharField(max_length=60)
    grade = models.CharField(max_length=20)
    board = models.CharField(max_length=20)
    teacher = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State, default=State.SCHEDULED)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=20, default="")
    provider = models.CharField(max_length=10, default="jitsi")
    room = models.CharField(max_length=80, unique=True)
    chat_open = models.BooleanField(default=True)
    chat_seq = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="classes_slot_held_once", fields=["slot", "starts_at"], condition=~Q(state="cancelled")
            ),
            models.UniqueConstraint(name="classes_one_live_per_teacher", fields=["teacher"], condition=Q(state="live")),
            models.CheckConstraint(name="classes_class_ends_after", condition=Q(ends_at__gt=models.F("starts_at"))),
            models.CheckConstraint(
                name="classes_class_state", condition=Q(state__in=["scheduled", "live", "ended", "cancelled"])
            ),
        ]
        indexes = [models.Index(name="classes_by_cohort", fields=["grade", "board", "state"])]

    def __str__(self) -> str:
        return self.title


class Presence(models.Model):
    """One stay of one person in a class. `student` is the profile acted for; a teacher has none."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    live_class = models.ForeignKey(LiveClass, on_delete=models.CASCADE, related_name="presences")
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    student = models.ForeignKey("people.Student", null=True, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    part = models.CharField(max_length=9)
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="classes_in_once",
                fields=["live_class", "user", "student"],
                condition=Q(left_at=None),
                nulls_distinct=False,
            ),
        ]


class ChatMessage(models.Model):
    """One thing said in a class, kept for good. Clients catch up by `seq`; `key` is the client's, so a repeat is one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    live_class = models.ForeignKey(LiveClass, on_delete=models.CASCADE, related_name="messages")
    seq = models.PositiveIntegerField()
    key = models.CharField(max_length=64)
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    text = models.CharField(max_length=2000)
    sent_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="classes_chat_seq_once", fields=["live_class", "seq"]),
            models.UniqueConstraint(name="classes_chat_key_once", fields=["live_class", "user", "key"]),
        ]
