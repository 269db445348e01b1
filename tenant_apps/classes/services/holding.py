"""A class from start to end: held in an hour of the timetable, or cancelled for that day."""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from kernel import audit, clock, crash, jobs, quotas, realtime
from kernel.http.actor import Actor
from kernel.tenancy import current
from tenant_apps.classes import errors, selectors, weeks
from tenant_apps.classes.events import ClassStarted
from tenant_apps.classes.models import LiveClass, Presence, Slot
from tenant_apps.classes.services.told import hold_refuse, slot_topic, topic
from tenant_apps.classes.services.video import provider_used

EARLY = selectors.EARLY
STARTED = crash.register("classes.started")


def class_start(*, actor: Actor, slot: Slot) -> LiveClass:
    """Start the class of this hour, now. Its students are told.

    Raises NotYours, OutsideHours (`opens_at`), AlreadyLive, AlreadyHeld, ClassCancelled, FeatureClosed.
    """
    hold_refuse(actor, slot.teacher_id)
    starts_at, ends_at = _hours(slot)
    live_class = _of(slot, starts_at, ends_at)
    live_class.state, live_class.started_at = LiveClass.State.LIVE, clock.now()
    with transaction.atomic():
        quotas.require("live_classes")
        live_class.provider = provider_used()
        if LiveClass.objects.filter(slot=slot, state=LiveClass.State.LIVE).exists():
            raise errors.AlreadyLive
        _save(live_class)
        realtime.send(topic(live_class.id), "class.started", {"class": live_class.id, "title": live_class.title})
        realtime.send(slot_topic(slot.id), "class.started", {"class": live_class.id})
        jobs.publish(
            ClassStarted(live_class=str(live_class.id), title=live_class.title, grade=slot.grade, board=slot.board)
        )
    crash.point(STARTED)
    return live_class


def class_cancel(*, slot: Slot, day: date, note: str) -> LiveClass:
    """Let the class of one day fall; the other weeks stay. `note` is what students read.

    Raises DayInvalid when the hour is on no such day or is over, AlreadyHeld, ClassCancelled.
    """
    if day.weekday() != slot.weekday:
        raise errors.DayInvalid(field="day")
    starts_at, ends_at = weeks.hours_on(slot, day)
    if ends_at <= clock.now():
        raise errors.DayInvalid(field="day")
    live_class = _of(slot, starts_at, ends_at)
    live_class.state, live_class.note = LiveClass.State.CANCELLED, note.strip()
    with transaction.atomic():
        _save(live_class)
        _cancelled(live_class, ["scheduled", "cancelled"])
    return live_class


def class_restore(*, live_class: LiveClass) -> None:
    """Hold a cancelled class after all. Raises NotCancelled when it is not, or its time is over."""
    with transaction.atomic():
        row = LiveClass.objects.select_for_update(of=("self",)).filter(id=live_class.id).first()
        if row is None or row.state != LiveClass.State.CANCELLED or row.ends_at <= clock.now():
            raise errors.NotCancelled
        _cancelled(row, ["cancelled", "scheduled"])
        row.delete()


def class_end(*, actor: Actor, live_class: LiveClass) -> LiveClass:
    """End the class for everyone; ending it twice changes nothing. Raises NotYours, NotLive."""
    hold_refuse(actor, live_class.teacher_id)
    return _end(live_class.id, because="teacher")


def class_expire(*, live_class: UUID) -> LiveClass:
    """End a class nobody ended."""
    return _end(live_class, because="time")


def _of(slot: Slot, starts_at: datetime, ends_at: datetime) -> LiveClass:
    live_class = LiveClass(
        slot=slot,
        title=f"{slot.subject} · {slot.grade} {slot.board}".strip(),
        subject=slot.subject,
        grade=slot.grade,
        board=slot.board,
        teacher_id=slot.teacher_id,
        starts_at=starts_at,
        ends_at=ends_at,
    )
    # Room names are shared by every business of the video server.
    live_class.room = f"{current().public_id}-{live_class.id}"
    return live_class


def _cancelled(live_class: LiveClass, change: list[str]) -> None:
    """Written down and told to whoever waits for it."""
    slot = live_class.slot_id
    day = live_class.starts_at.astimezone(clock.zone()).date()
    audit.record(
        action="classes.class_cancel" if change[-1] == "cancelled" else "classes.class_restore",
        subject_type="slot",
        subject_id=str(slot),
        changes={"state": change, "day": ["", day.isoformat()]},
    )
    if slot is not None:
        realtime.send(slot_topic(slot), "slot.changed", {"slot": slot})


def _end(live_class: UUID, *, because: str) -> LiveClass:
    with transaction.atomic():
        row = LiveClass.objects.select_for_update(of=("self",)).get(id=live_class)
        if row.state == LiveClass.State.ENDED:
            return row
        if row.state != LiveClass.State.LIVE:
            raise errors.NotLive(state=row.state)
        row.state, row.ended_at, row.ended_because = LiveClass.State.ENDED, clock.now(), because
        row.save(update_fields=["state", "ended_at", "ended_because"])
        Presence.objects.filter(live_class=row, left_at=None).update(
            left_at=row.ended_at, hand_at=None, may_speak=False
        )
        realtime.send(topic(row.id), "class.ended", {"class": row.id, "because": because})
        if row.slot_id is not None:
            realtime.send(slot_topic(row.slot_id), "class.ended", {"class": row.id})
    return row


def _hours(slot: Slot) -> tuple[datetime, datetime]:
    """Start and end of the occurrence that can be started now. Raises OutsideHours."""
    moment = clock.now()
    today = moment.astimezone(clock.zone()).date()
    coming = []
    for days in (-1, 0, 1, 2, 3, 4, 5, 6, 7):
        day = today + timedelta(days=days)
        if day.weekday() != slot.weekday:
            continue
        starts_at, ends_at = weeks.hours_on(slot, day)
        if starts_at - EARLY <= moment < ends_at:
            return starts_at, ends_at
        if starts_at > moment:
            coming.append((starts_at, ends_at))
    starts_at, ends_at = min(coming)
    raise errors.OutsideHours(opens_at=starts_at - EARLY, closes_at=ends_at)


def _save(live_class: LiveClass) -> None:
    try:
        with transaction.atomic():
            live_class.save(force_insert=True)
    except IntegrityError as error:
        if "classes_one_live_per_teacher" in str(error):
            raise errors.AlreadyLive from error
        if "classes_slot_held_once" in str(error):
            there = LiveClass.objects.filter(slot=live_class.slot_id, starts_at=live_class.starts_at)
            is_cancelled = there.filter(state=LiveClass.State.CANCELLED).exists()
            raise (errors.ClassCancelled if is_cancelled else errors.AlreadyHeld) from error
        raise
