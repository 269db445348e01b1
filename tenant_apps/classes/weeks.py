"""The week as minutes: where an hour lies in it, which hours collide with it, and when there is room next."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Q

from kernel import clock
from tenant_apps.classes import errors
from tenant_apps.classes.models import NOWHERE, Slot

DAY, WEEK = 24 * 60, 7 * 24 * 60
# New hours are offered in quarters, between these.
STEP, OPENS, CLOSES = 15, 7 * 60, 21 * 60


def span(weekday: int, starts: time, ends: time) -> tuple[int, int]:
    """The first minute of the week and the length of an hour; one over midnight runs past its day.

    Raises HoursInvalid.
    """
    length = (ends.hour * 60 + ends.minute - starts.hour * 60 - starts.minute) % DAY
    if length == 0:
        raise errors.HoursInvalid(field="ends")
    return weekday * DAY + starts.hour * 60 + starts.minute, length


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def begin_of(day: date) -> datetime:
    """The first moment of a day where the business is."""
    return datetime.combine(day, time.min, tzinfo=clock.zone())


def hours_on(slot: Slot, day: date) -> tuple[datetime, datetime]:
    """When a slot's class of that day starts and ends."""
    starts_at = datetime.combine(day, slot.starts, tzinfo=clock.zone())
    return starts_at, starts_at + timedelta(minutes=slot.minutes.upper - slot.minutes.lower)


def shared_by(slot: Slot, other: Slot) -> list[str]:
    """What two hours both need: the teacher, the room, the students."""
    found = ["teacher"] if slot.teacher_id == other.teacher_id else []
    if slot.room and (slot.room, slot.branch_id or NOWHERE) == (other.room, other.branch_id or NOWHERE):
        found.append("room")
    return found + (["cohort"] if (slot.grade, slot.board) == (other.grade, other.board) else [])


def rivals(slot: Slot) -> list[Slot]:
    """The active hours of any time that need the same teacher, room or students."""
    need = Q(teacher=slot.teacher_id) | Q(grade=slot.grade, board=slot.board)
    if slot.room:
        need |= Q(branch=slot.branch_id, room=slot.room)
    others = Slot.objects.filter(need, state=Slot.State.ACTIVE).exclude(id=slot.id)
    return list(others.select_related("teacher", "branch").order_by("minutes"))


def collisions(slot: Slot, among: Iterable[Slot]) -> list[tuple[Slot, list[str]]]:
    """Those that lie at the same time, each with what both need."""
    lower, upper = slot.minutes.lower, slot.minutes.upper
    return [(other, shared_by(slot, other)) for other in among if _meet(lower, upper, other)]


def next_free(slot: Slot, among: Iterable[Slot]) -> tuple[int, time] | None:
    """The weekday and start from which everyone the hour needs is free as long, from the wanted time on."""
    length, others = slot.minutes.upper - slot.minutes.lower, list(among)
    for later in range(0, WEEK, STEP):
        start = (slot.minutes.lower + later) % WEEK
        of_day = start % DAY
        if (
            OPENS <= of_day
            and of_day + length <= CLOSES
            and not any(_meet(start, start + length, one) for one in others)
        ):
            return start // DAY, time(of_day // 60, of_day % 60)
    return None


def collision_told(slot: Slot) -> dict[str, Any]:
    """A refusal's data: `clashes` with what collides in each, and `next_free` if the week has any."""
    among = rivals(slot)
    free = next_free(slot, among)
    return {
        "clashes": [
            {
                "slot": str(other.id),
                "subject": other.subject,
                "grade": other.grade,
                "board": other.board,
                "teacher": other.teacher.name,
                "room": other.room,
                "branch": other.branch.name if other.branch else "",
                "weekday": other.weekday,
                "starts": f"{other.starts:%H:%M}",
                "ends": f"{other.ends:%H:%M}",
                "collides": both,
            }
            for other, both in collisions(slot, among)
        ],
        "next_free": free and {"weekday": free[0], "starts": f"{free[1]:%H:%M}"},
    }


def _meet(lower: int, upper: int, other: Slot) -> bool:
    return any(lower < other.minutes.upper + turn and other.minutes.lower + turn < upper for turn in (-WEEK, 0, WEEK))
