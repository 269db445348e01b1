"""Owns the timetable and live classes. The database refuses a teacher, a room or a cohort in two places at once."""

from uuid import UUID

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import IntegerRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce

from kernel import clock
from kernel.ids import uuid7

NOWHERE = UUID(int=0)


class InTheWeek(Func):
    """Minutes of the week as the database compares them: an hour over Sunday's midnight also lies before Monday's."""

    template = (
        "int4multirange(%(expressions)s, int4range(lower(%(expressions)s) - 10080, upper(%(expressions)s) - 10080))"
    )
    arity = 1


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
                expressions=[("teacher", RangeOperators.EQUAL), (InTheWeek("minutes"), RangeOperators.OVERLAPS)],
                condition=Q(state="active"),
            ),
            ExclusionConstraint(
                name="classes_slot_room_once",
                expressions=[
                    # Rooms of a business that names no branch are one house.
                    (Coalesce("branch", Value(NOWHERE), output_field=models.UUIDField()), RangeOperators.EQUAL),
                    ("room", RangeOperators.EQUAL),
                    (InTheWeek("minutes"), RangeOperators.OVERLAPS),
                ],
                condition=Q(state="active") & ~Q(room=""),
            ),
            ExclusionConstraint(
                name="classes_slot_cohort_once",
                expressions=[
                    ("grade", RangeOperators.EQUAL),
                    ("board", RangeOperators.EQUAL),
                    (InTheWeek("minutes"), RangeOperators.OVERLAPS),
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
    # Why it was cancelled, in the words of whoever did; students read it.
    note = models.CharField(max_length=200, default="")
    provider = models.CharField(max_length=10, default="jitsi")
    room = models.CharField(max_length=80, unique=True)
    chat_open = models.BooleanField(default=True)
    chat_seq = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            # Cancelled or not: whoever holds a cancelled class after all takes the cancellation back first.
            models.UniqueConstraint(name="classes_slot_held_once", fields=["slot", "starts_at"]),
            models.UniqueConstraint(name="classes_one_live_per_teacher", fields=["teacher"], condition=Q(state="live")),
            models.CheckConstraint(name="classes_class_ends_after", condition=Q(ends_at__gt=F("starts_at"))),
            models.CheckConstraint(
                name="classes_class_state", condition=Q(state__in=["scheduled", "live", "ended", "cancelled"])
            ),
        ]
        indexes = [models.Index(name="classes_by_cohort", fields=["grade", "board", "state"])]

    def __str__(self) -> str:
        return self.title


class Presence(models.Model):
    """One stay of one person in a class. `student` is the profile acted for; a teacher has none.

    A hand is up since `hand_at`; the teacher answers it by letting them speak. Who was taken out is not let in again.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    live_class = models.ForeignKey(LiveClass, on_delete=models.CASCADE, related_name="presences")
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    student = models.ForeignKey("people.Student", null=True, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    part = models.CharField(max_length=9)
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    # When a page of theirs last asked how things stand; blank for those who came by the API.
    seen_at = models.DateTimeField(null=True)
    hand_at = models.DateTimeField(null=True)
    may_speak = models.BooleanField(default=False)
    is_removed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="classes_in_once",
                fields=["live_class", "user", "student"],
                condition=Q(left_at=None),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="classes_removed_left", condition=Q(is_removed=False) | Q(left_at__isnull=False)
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


class VideoAccount(models.Model):
    """The business's own account with a provider of video; without one its classes are held at the operator's Jitsi.

    The secret is sealed. One account is used at a time.
    """

    class Provider(models.TextChoices):
        JITSI = "jitsi"
        AGORA = "agora"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.CharField(max_length=10, choices=Provider, unique=True)
    domain = models.CharField(max_length=253, default="")
    app_id = models.CharField(max_length=80)
    secret = models.TextField()
    is_used = models.BooleanField(default=True)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="classes_video_one_used", fields=["is_used"], condition=Q(is_used=True)),
            models.CheckConstraint(name="classes_video_provider", condition=Q(provider__in=["jitsi", "agora"])),
            models.CheckConstraint(name="classes_video_secret", condition=~Q(app_id="") & ~Q(secret="")),
        ]
