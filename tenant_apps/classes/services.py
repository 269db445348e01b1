"""Writes of classes: timetable slots, and a class from start to end with who came and what was said."""

from datetime import datetime, time, timedelta
from typing import Any, Literal, cast
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import NumericRange
from django.db.models import F

from connectors.video.jitsi import Jitsi
from connectors.video.port import Entry, Part, Person
from kernel import audit, clock, crash, jobs, quotas, realtime
from kernel.http.actor import Actor
from kernel.tenancy import current
from shared_apps.accounts import selectors as accounts
from tenant_apps.classes import errors
from tenant_apps.classes.events import ClassStarted
from tenant_apps.classes.models import ChatMessage, LiveClass, Presence, Slot
from tenant_apps.people import selectors as people

EARLY = timedelta(minutes=15)
ENTRY_LIFE = timedelta(hours=4)
TEXT_MAX = 2000
_DAY, _WEEK = 24 * 60, 7 * 24 * 60
_REFUSALS = {
    "classes_slot_teacher_once": errors.TeacherBusy,
    "classes_slot_room_once": errors.RoomBusy,
    "classes_slot_cohort_once": errors.CohortBusy,
    "classes_one_live_per_teacher": errors.AlreadyLive,
    "classes_slot_held_once": errors.AlreadyHeld,
}
STARTED = crash.register("classes.started")


def topic(live_class: UUID) -> str:
    """Where what happens in a class is told."""
    return f"class.{live_class}"


def slot_create(
    *,
    subject: str,
    grade: str,
    board: str,
    teacher: UUID,
    weekday: int,
    starts: time,
    ends: time,
    branch: UUID | None = None,
    room: str = "",
) -> Slot:
    """Add a weekly hour. Raises TeacherUnknown, HoursInvalid, TeacherBusy, RoomBusy, CohortBusy."""
    if not accounts.users_with_role("teacher").filter(id=teacher).exists():
        raise errors.TeacherUnknown(field="teacher")
    slot = Slot(
        subject=subject,
        grade=grade,
        board=board,
        teacher_id=teacher,
        branch_id=branch,
        room=room,
        weekday=weekday,
        starts=starts,
        ends=ends,
        minutes=_minutes(weekday, starts, ends),
    )
    with transaction.atomic():
        _save(slot, force_insert=True)
        audit.record(action="classes.slot_create", subject_type="slot", subject_id=str(slot.id), changes={})
    return slot


def slot_end(*, slot: Slot) -> None:
    """Take an hour out of the timetable; classes held in it stay."""
    with transaction.atomic():
        Slot.objects.filter(id=slot.id).update(state=Slot.State.ENDED)
        audit.record(
            action="classes.slot_end",
            subject_type="slot",
            subject_id=str(slot.id),
            changes={"state": ["active", "ended"]},
        )


def class_start(*, actor: Actor, slot: Slot) -> LiveClass:
    """Start the class of this hour, now. Its students are told.

    Raises NotYours, OutsideHours (`opens_at`), AlreadyLive, AlreadyHeld, FeatureClosed.
    """
    _hold_refuse(actor, slot.teacher_id)
    starts_at, ends_at = _hours(slot)
    moment = clock.now()
    live_class = LiveClass(
        slot=slot,
        title=f"{slot.subject} · {slot.grade} {slot.board}".strip(),
        subject=slot.subject,
        grade=slot.grade,
        board=slot.board,
        teacher_id=slot.teacher_id,
        starts_at=starts_at,
        ends_at=ends_at,
        state=LiveClass.State.LIVE,
        started_at=moment,
    )
    # Room names are shared by every business of the video server.
    live_class.room = f"{current().public_id}-{live_class.id}"
    with transaction.atomic():
        quotas.require("live_classes")
        if LiveClass.objects.filter(slot=slot, state=LiveClass.State.LIVE).exists():
            raise errors.AlreadyLive
        _save(live_class, force_insert=True)
        realtime.send(topic(live_class.id), "class.started", {"class": live_class.id, "title": live_class.title})
        jobs.publish(
            ClassStarted(live_class=str(live_class.id), title=live_class.title, grade=slot.grade, board=slot.board)
        )
    crash.point(STARTED)
    return live_class


def class_join(*, actor: Actor, live_class: LiveClass) -> Entry:
    """Let the actor in: their presence is noted, and they get the token of the room.

    Checked afresh at every entry. Raises NotLive, NotYours, ProfileNeeded, NotEntitled.
    """
    if live_class.state != LiveClass.State.LIVE:
        raise errors.NotLive(state=live_class.state)
    part, student, name = _entrant(actor, live_class)
    moment = clock.now()
    with transaction.atomic():
        _, is_new = Presence.objects.get_or_create(
            live_class=live_class,
            user_id=_who(actor),
            student_id=student,  # type: ignore[misc]
            left_at=None,
            defaults={"name": name, "part": part, "joined_at": moment},
        )
        if is_new:
            _tell(live_class, "class.user_joined", actor, name)
    provider = Jitsi(domain=settings.JITSI_DOMAIN, app_id=settings.JITSI_APP_ID, secret=settings.JITSI_SECRET)
    return provider.enter(
        room=live_class.room,
        person=Person(id=str(actor.user_id), name=name),
        part=part,
        at=moment,
        expires_at=moment + ENTRY_LIFE,
    )


def class_leave(*, actor: Actor, live_class: LiveClass) -> None:
    """Note that the actor left; leaving twice changes nothing."""
    with transaction.atomic():
        stay = (
            Presence.objects.select_for_update(of=("self",))
            .filter(live_class=live_class, user=actor.user_id, left_at=None)
            .first()
        )
        if stay is not None:
            stay.left_at = clock.now()
            stay.save(update_fields=["left_at"])
            _tell(live_class, "class.user_left", actor, stay.name)


def class_end(*, actor: Actor, live_class: LiveClass) -> LiveClass:
    """End the class for everyone; ending it twice changes nothing. Raises NotYours, NotLive."""
    _hold_refuse(actor, live_class.teacher_id)
    return _end(live_class.id, because="teacher")


def class_expire(*, live_class: UUID) -> LiveClass:
    """End a class nobody ended."""
    return _end(live_class, because="time")


def chat_say(*, actor: Actor, live_class: LiveClass, text: str, key: str) -> ChatMessage:
    """Keep a message, then tell the room. The same key again gives the message that was kept.

    Raises NotLive, ChatClosed, MessageInvalid, NotFound when the actor is not in the class.
    """
    text = text.strip()
    if not text or len(text) > TEXT_MAX or not 0 < len(key) <= 64 or "\x00" in text + key:
        raise errors.MessageInvalid(field="text")
    with transaction.atomic():
        row = LiveClass.objects.select_for_update(of=("self",)).get(id=live_class.id)
        said = ChatMessage.objects.filter(live_class=row, user=actor.user_id, key=key).first()
        if said is not None:
            return said
        if row.state != LiveClass.State.LIVE:
            raise errors.NotLive(state=row.state)
        if not row.chat_open:
            raise errors.ChatClosed
        stay = _stay(actor, row)
        LiveClass.objects.filter(id=row.id).update(chat_seq=F("chat_seq") + 1)
        message = ChatMessage.objects.create(
            live_class=row,
            seq=row.chat_seq + 1,
            key=key,
            user_id=_who(actor),
            name=stay.name,
            text=text,
            sent_at=clock.now(),
        )
        realtime.send(topic(row.id), "chat.new_message", message_shown(message))
    return message


def typing_tell(*, actor: Actor, live_class: LiveClass) -> None:
    """Tell the room that the actor is typing; nothing is kept."""
    realtime.send(topic(live_class.id), "chat.typing", {"user": actor.user_id, "name": _stay(actor, live_class).name})


def hand_raise(*, actor: Actor, live_class: LiveClass, raised: bool) -> None:
    """Tell the room that the actor's hand went up or down; nothing is kept."""
    stay = _stay(actor, live_class)
    realtime.send(
        topic(live_class.id), "class.hand_raised", {"user": actor.user_id, "name": stay.name, "raised": raised}
    )


def message_shown(message: ChatMessage) -> dict[str, Any]:
    """A message as clients see it, by socket and by HTTP."""
    return {
        "id": str(message.id),
        "seq": message.seq,
        "user": str(message.user_id),
        "name": message.name,
        "text": message.text,
        "sent_at": message.sent_at.isoformat(),
    }


def _end(live_class: UUID, *, because: str) -> LiveClass:
    with transaction.atomic():
        row = LiveClass.objects.select_for_update(of=("self",)).get(id=live_class)
        if row.state == LiveClass.State.ENDED:
            return row
        if row.state != LiveClass.State.LIVE:
            raise errors.NotLive(state=row.state)
        row.state, row.ended_at, row.ended_because = LiveClass.State.ENDED, clock.now(), because
        row.save(update_fields=["state", "ended_at", "ended_because"])
        Presence.objects.filter(live_class=row, left_at=None).update(left_at=row.ended_at)
        realtime.send(topic(row.id), "class.ended", {"class": row.id, "because": because})
    return row


def _stay(actor: Actor, live_class: LiveClass) -> Presence:
    stay = Presence.objects.filter(live_class=live_class, user=actor.user_id, left_at=None).first()
    if stay is None:
        raise errors.NotLive("Join the class first.", state=live_class.state)
    return stay


def _entrant(actor: Actor, live_class: LiveClass) -> tuple[Literal[Part.MODERATOR, Part.MEMBER], UUID | None, str]:
    """The part, profile and name the actor enters with."""
    if actor.kind != "student":
        _hold_refuse(actor, live_class.teacher_id)
        user = accounts.user_by_id(actor.user_id) if actor.user_id else None
        return Part.MODERATOR, None, user.name if user else ""
    if actor.student is None:
        raise errors.ProfileNeeded
    student = people.student_get(actor, actor.student)
    if student.state != "active" or (student.grade, student.board) != (live_class.grade, live_class.board):
        raise errors.NotEntitled(grade=live_class.grade, board=live_class.board)
    return Part.MEMBER, student.id, student.name


def _who(actor: Actor) -> UUID:
    """The user behind an actor whose views ask for a sign-in."""
    return cast(UUID, actor.user_id)


def _hold_refuse(actor: Actor, teacher: UUID) -> None:
    """A class is held by its teacher; owners and managers may step in."""
    if actor.user_id != teacher and not {"owner", "manager"} & set(actor.roles):
        raise errors.NotYours


def _tell(live_class: LiveClass, type_: str, actor: Actor, name: str) -> None:
    count = Presence.objects.filter(live_class=live_class, left_at=None).count()
    realtime.send(topic(live_class.id), type_, {"user": actor.user_id, "name": name, "count": count})


def _minutes(weekday: int, starts: time, ends: time) -> NumericRange:
    begin = weekday * _DAY + starts.hour * 60 + starts.minute
    length = (ends.hour * 60 + ends.minute - starts.hour * 60 - starts.minute) % _DAY
    if length == 0:
        raise errors.HoursInvalid(field="ends")
    return NumericRange(begin, begin + length)


def _hours(slot: Slot) -> tuple[datetime, datetime]:
    """Start and end of the occurrence that can be started now. Raises OutsideHours."""
    moment = clock.now()
    local = moment.astimezone(clock.zone())
    length = timedelta(minutes=slot.minutes.upper - slot.minutes.lower)
    coming = []
    for days in (-1, 0, 1, 2, 3, 4, 5, 6, 7):
        day = local.date() + timedelta(days=days)
        if day.weekday() != slot.weekday:
            continue
        starts_at = datetime.combine(day, slot.starts, tzinfo=clock.zone())
        if starts_at - EARLY <= moment < starts_at + length:
            return starts_at, starts_at + length
        if starts_at > moment:
            coming.append(starts_at)
    following = min(coming)
    raise errors.OutsideHours(opens_at=following - EARLY, closes_at=following + length)


def _save(row: Slot | LiveClass, **how: Any) -> None:
    try:
        with transaction.atomic():
            row.save(**how)
    except IntegrityError as error:
        for constraint, refusal in _REFUSALS.items():
            if constraint in str(error):
                raise refusal from error
        raise
