"""Who is in a class: coming and going, hands raised and answered, being taken out."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from connectors.video.port import Entry, Part, Person
from kernel import clock, realtime
from kernel.http.actor import Actor
from kernel.http.lookup import found
from shared_apps.accounts import selectors as accounts
from tenant_apps.classes import errors
from tenant_apps.classes.models import LiveClass, Presence
from tenant_apps.classes.selectors import SILENT, here_now
from tenant_apps.classes.services.told import hold_refuse, stay_of, topic, who
from tenant_apps.classes.services.video import provider_of
from tenant_apps.people import selectors as people

ENTRY_LIFE = timedelta(hours=4)


def class_join(*, actor: Actor, live_class: LiveClass) -> Entry:
    """Let the actor in and give them the token of the room.

    Raises as `class_enter`, and VideoUnset.
    """
    with transaction.atomic():
        return _entry(class_enter(actor=actor, live_class=live_class), live_class, life=ENTRY_LIFE)


def class_enter(*, actor: Actor, live_class: LiveClass, by_page: bool = False) -> Presence:
    """Let the actor in: their presence is noted. A page says so, since it goes on to say that it is still there.

    Checked afresh at every entry. Raises NotLive, NotYours, ProfileNeeded, NotEntitled, TakenOut.
    """
    if live_class.state != LiveClass.State.LIVE:
        raise errors.NotLive(state=live_class.state)
    part, student, name = _entrant(actor, live_class)
    moment = clock.now()
    with transaction.atomic():
        stays = Presence.objects.filter(live_class=live_class, user=actor.user_id, student=student)
        if stays.filter(is_removed=True).exists():
            raise errors.TakenOut
        stay, is_new = Presence.objects.get_or_create(
            live_class=live_class,
            user_id=who(actor),
            student_id=student,  # type: ignore[misc]
            left_at=None,
            defaults={"name": name, "part": part, "joined_at": moment, "seen_at": moment if by_page else None},
        )
        if is_new:
            _tell(live_class, "class.user_joined", stay)
    return stay


def class_entry(*, actor: Actor, live_class: LiveClass, life: timedelta) -> Entry:
    """A fresh token of the room for who is in the class. Raises NotLive, VideoUnset."""
    if live_class.state != LiveClass.State.LIVE:
        raise errors.NotLive(state=live_class.state)
    return _entry(stay_of(actor, live_class), live_class, life=life)


def class_leave(*, actor: Actor, live_class: LiveClass) -> None:
    """Note that the actor left; leaving twice changes nothing."""
    with transaction.atomic():
        stay = _stays(live_class).filter(user=actor.user_id).first()
        if stay is not None:
            _end_stay(stay, clock.now())
            _tell(live_class, "class.user_left", stay)


def class_remove(*, actor: Actor, live_class: LiveClass, stay: UUID) -> None:
    """Take a student out, who is not let in again until asked back. Raises NotYours, NotFound."""
    hold_refuse(actor, live_class.teacher_id)
    with transaction.atomic():
        row = found(_stays(live_class).filter(part=Part.MEMBER), id=stay)
        _end_stay(row, clock.now(), is_removed=True)
        _tell(live_class, "class.user_removed", row)


def class_readmit(*, actor: Actor, live_class: LiveClass, stay: UUID) -> None:
    """Let someone who was taken out come in again. Raises NotYours, NotFound."""
    hold_refuse(actor, live_class.teacher_id)
    with transaction.atomic():
        removed = Presence.objects.filter(live_class=live_class, is_removed=True)
        row = found(removed.select_for_update(of=("self",)), id=stay)
        removed.filter(user=row.user_id, student=row.student_id).update(is_removed=False)
        _tell(live_class, "class.user_readmitted", row)


def hand_raise(*, actor: Actor, live_class: LiveClass, raised: bool) -> None:
    """Put the actor's own hand up or down. Lowering it also gives back the floor. Raises NotLive."""
    stay_of(actor, live_class)
    with transaction.atomic():
        row = _stays(live_class).filter(user=actor.user_id).first()
        if row is not None:
            _hand(live_class, row, hand_at=(row.hand_at or clock.now()) if raised else None, may_speak=False)


def hand_answer(*, actor: Actor, live_class: LiveClass, stay: UUID, allow: bool) -> None:
    """The teacher's answer to a hand: let them speak, or lower it. Raises NotYours, NotFound."""
    hold_refuse(actor, live_class.teacher_id)
    with transaction.atomic():
        _hand(live_class, found(_stays(live_class), id=stay), hand_at=None, may_speak=allow)


def hands_lower(*, actor: Actor, live_class: LiveClass) -> None:
    """Lower every hand and give back the floor. Raises NotYours."""
    hold_refuse(actor, live_class.teacher_id)
    with transaction.atomic():
        for row in _stays(live_class).filter(Q(hand_at__isnull=False) | Q(may_speak=True)):
            _hand(live_class, row, hand_at=None, may_speak=False)


def stay_seen(*, actor: Actor, live_class: LiveClass) -> None:
    """A page of theirs asked how things stand: they are there."""
    stays = Presence.objects.filter(live_class=live_class, user=actor.user_id, left_at=None, seen_at__isnull=False)
    stays.update(seen_at=clock.now())


def stays_lapse() -> int:
    """End the stays of those whose page was closed without leaving, at the moment it was last seen."""
    gone = Presence.objects.filter(left_at=None, seen_at__lte=clock.now() - SILENT).select_related("live_class")
    with transaction.atomic():
        rows = list(gone.select_for_update(of=("self",)))
        for row in rows:
            _end_stay(row, row.seen_at)
            _tell(row.live_class, "class.user_left", row)
    return len(rows)


def _stays(live_class: LiveClass) -> QuerySet[Presence]:
    return Presence.objects.select_for_update(of=("self",)).filter(live_class=live_class, left_at=None)


def _end_stay(row: Presence, moment: Any, *, is_removed: bool = False) -> None:
    row.left_at, row.hand_at, row.may_speak, row.is_removed = moment, None, False, is_removed
    row.save(update_fields=["left_at", "hand_at", "may_speak", "is_removed"])


def _hand(live_class: LiveClass, row: Presence, *, hand_at: Any, may_speak: bool) -> None:
    if (row.hand_at, row.may_speak) != (hand_at, may_speak):
        row.hand_at, row.may_speak = hand_at, may_speak
        row.save(update_fields=["hand_at", "may_speak"])
    told = {"user": row.user_id, "stay": row.id, "name": row.name, "raised": hand_at is not None}
    realtime.send(topic(live_class.id), "class.hand_raised", {**told, "may_speak": may_speak})


def _tell(live_class: LiveClass, type_: str, stay: Presence) -> None:
    count = Presence.objects.filter(here_now(), live_class=live_class).count()
    told = {"user": stay.user_id, "stay": stay.id, "name": stay.name, "part": stay.part, "count": count}
    realtime.send(topic(live_class.id), type_, told)


def _entry(stay: Presence, live_class: LiveClass, *, life: timedelta) -> Entry:
    moment = clock.now()
    part = Part.SPEAKER if stay.may_speak and stay.part == Part.MEMBER else Part(stay.part)
    return provider_of(live_class.provider).enter(
        room=live_class.room,
        person=Person(id=str(stay.user_id), name=stay.name),
        part=part,
        at=moment,
        expires_at=moment + life,
    )


def _entrant(actor: Actor, live_class: LiveClass) -> tuple[Part, UUID | None, str]:
    """The part, profile and name the actor enters with."""
    if actor.kind != "student":
        hold_refuse(actor, live_class.teacher_id)
        user = accounts.user_by_id(actor.user_id) if actor.user_id else None
        return Part.MODERATOR, None, user.name if user else ""
    if actor.student is None:
        raise errors.ProfileNeeded
    student = people.student_get(actor, actor.student)
    if student.state != "active" or (student.grade, student.board) != (live_class.grade, live_class.board):
        raise errors.NotEntitled(grade=live_class.grade, board=live_class.board)
    return Part.MEMBER, student.id, student.name
