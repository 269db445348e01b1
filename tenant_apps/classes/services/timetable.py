"""Weekly hours: added, moved, ended. The database refuses a conflict; what collides is told with the refusal."""

import hashlib
from datetime import time
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import NumericRange

from kernel import audit, realtime
from kernel.tenancy import current
from shared_apps.accounts import selectors as accounts
from tenant_apps.classes import errors, weeks
from tenant_apps.classes.models import Slot
from tenant_apps.classes.services.told import slot_topic

_REFUSALS = {
    "classes_slot_teacher_once": errors.TeacherBusy,
    "classes_slot_room_once": errors.RoomBusy,
    "classes_slot_cohort_once": errors.CohortBusy,
}


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
    """Add a weekly hour. Raises TeacherUnknown, HoursInvalid; TeacherBusy, RoomBusy, CohortBusy with what collides."""
    slot = _set(
        Slot(),
        subject=subject,
        grade=grade,
        board=board,
        teacher_id=teacher,
        branch_id=branch,
        room=room,
        weekday=weekday,
        starts=starts,
        ends=ends,
    )
    with transaction.atomic():
        _save(slot, force_insert=True)
        audit.record(action="classes.slot_create", subject_type="slot", subject_id=str(slot.id), changes={})
    return slot


def slot_change(
    *,
    slot: Slot,
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
    """Move or rewrite an hour; classes held in it stay as they were. Raises as `slot_create`, and SlotEnded."""
    wanted = {
        "subject": subject,
        "grade": grade,
        "board": board,
        "teacher_id": teacher,
        "branch_id": branch,
        "room": room,
        "weekday": weekday,
        "starts": starts,
        "ends": ends,
    }
    with transaction.atomic():
        row = Slot.objects.select_for_update(of=("self",)).get(id=slot.id)
        if row.state != Slot.State.ACTIVE:
            raise errors.SlotEnded
        before = {name: getattr(row, name) for name in wanted}
        _save(_set(row, **wanted))
        changes = {name: [str(was), str(wanted[name])] for name, was in before.items() if was != wanted[name]}
        audit.record(action="classes.slot_change", subject_type="slot", subject_id=str(row.id), changes=changes)
        realtime.send(slot_topic(row.id), "slot.changed", {"slot": row.id})
    return row


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


def _set(slot: Slot, **wanted: Any) -> Slot:
    teacher = wanted["teacher_id"]
    # A teacher who left keeps the hours they have until those are given to another; they get no new ones.
    if teacher != slot.teacher_id and not accounts.users_with_role("teacher").filter(id=teacher).exists():
        raise errors.TeacherUnknown(field="teacher")
    for name, value in wanted.items():
        setattr(slot, name, value)
    begin, length = weeks.span(slot.weekday, slot.starts, slot.ends)
    slot.minutes = NumericRange(begin, begin + length)
    return slot


def _save(slot: Slot, **how: Any) -> None:
    _one_at_a_time()
    try:
        with transaction.atomic():
            slot.save(**how)
    except IntegrityError as error:
        for constraint, refusal in _REFUSALS.items():
            if constraint in str(error):
                raise refusal(**weeks.collision_told(slot)) from error
        raise


def _one_at_a_time() -> None:
    """Timetables are written one after another: two that collide with each other would wait for each other forever."""
    name = f"classes.timetable:{current().schema}"
    number = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s::bigint)", [number])
