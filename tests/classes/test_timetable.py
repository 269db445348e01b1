"""What the database itself refuses of a timetable, also to many at once, and where there is room next."""

from datetime import time
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import DomainError
from kernel.tenancy import Business, tenant_scope
from tenant_apps.classes import services, weeks
from tenant_apps.classes.models import LiveClass, Slot
from tests.support.days import local_today
from tests.support.factories.classes import hour, slot_of
from tests.support.people import Client, staff
from tests.support.racing import race


def facts_of(teacher: Client, **changes: Any) -> dict[str, Any]:
    user = teacher.user
    assert user
    facts = {"subject": "Physics", "grade": "11", "board": "CBSE", "teacher": user.id, "room": "R1", "weekday": 0}
    return {**facts, "starts": time(10), "ends": time(11), **changes}


@pytest.mark.parametrize(
    ("apart", "code"),
    [
        ("teacher", "classes.teacher_busy"),
        ("room", "classes.room_busy"),
        ("cohort", "classes.cohort_busy"),
    ],
)
def test_of_many_at_once_one_gets_the_teacher_the_room_or_the_students(school: Business, apart: str, code: str) -> None:
    """All share the one thing alone; the hours overlap and are not the same."""
    teachers = [staff(school, "teacher") for _ in range(1 if apart == "teacher" else 6)]

    def plan(number: int) -> str:
        facts = facts_of(
            teachers[number % len(teachers)],
            room="R1" if apart == "room" else "",
            grade="11" if apart == "cohort" else f"grade {number}",
            starts=time(10, number),
        )
        with tenant_scope(school):
            try:
                services.slot_create(**facts)
            except DomainError as refusal:
                return refusal.code
        return "planned"

    assert race(6, plan) == {"planned": 1, code: 5}
    with tenant_scope(school):
        assert Slot.objects.count() == 1


def test_of_two_that_move_to_one_hour_one_gets_there(school: Business, manager: Client, teacher: Client) -> None:
    ids = [slot_of(manager, teacher, weekday=day, starts="08:00", ends="09:00") for day in (1, 2)]

    def move(number: int) -> str:
        with tenant_scope(school):
            try:
                services.slot_change(slot=Slot.objects.get(id=ids[number]), **facts_of(teacher, weekday=4))
            except DomainError as refusal:
                return refusal.code
        return "moved"

    outcomes = race(2, move)
    assert outcomes["moved"] == 1
    with tenant_scope(school):
        assert sorted(Slot.objects.values_list("weekday", flat=True))[-1] == 4


def test_an_hour_over_sundays_midnight_collides_with_monday(school: Business, teacher: Client) -> None:
    with tenant_scope(school):
        services.slot_create(**facts_of(teacher, weekday=6, starts=time(23), ends=time(1)))
        with pytest.raises(services.timetable.errors.TeacherBusy) as refused:
            services.slot_create(**facts_of(teacher, weekday=0, starts=time(0, 30), ends=time(2), grade="12", room=""))
    assert [clash["collides"] for clash in refused.value.data["clashes"]] == [["teacher"]]
    assert refused.value.data["next_free"] == {"weekday": 0, "starts": "07:00"}


def test_a_cancelled_day_and_a_start_do_not_both_count(school: Business, manager: Client, teacher: Client) -> None:
    slot = slot_of(manager, teacher)
    with tenant_scope(school):
        row = Slot.objects.get(id=UUID(slot))
        day = local_today()

    def do(number: int) -> str:
        if number % 2:
            return str(teacher.post("classes/start", {"slot": slot}).status_code)
        with tenant_scope(school):
            try:
                services.class_cancel(slot=row, day=day, note="Rain")
            except DomainError as refusal:
                return refusal.code
        return "cancelled"

    outcomes = race(4, do)
    assert outcomes["201"] + outcomes["cancelled"] == 1
    with tenant_scope(school):
        assert LiveClass.objects.count() == 1


@given(st.integers(0, 6), st.times(), st.times())
def test_an_hour_lies_in_the_week_and_is_no_longer_than_a_day(weekday: int, starts: time, ends: time) -> None:
    if (starts.hour, starts.minute) == (ends.hour, ends.minute):
        return
    begin, length = weeks.span(weekday, starts, ends)
    assert 0 <= begin < weeks.WEEK
    assert 0 < length < weeks.DAY


def test_an_hour_is_moved_through_the_door(school: Business, manager: Client, teacher: Client) -> None:
    slot, other = (slot_of(manager, teacher, weekday=day, starts="08:00", ends="09:00") for day in (1, 2))
    moved = manager.put(f"timetable/{slot}", hour(teacher, weekday=4, starts="10:00", ends="11:30", room="R8"))
    assert (moved.status_code, moved.json()["weekday"], moved.json()["room"]) == (200, 4, "R8")
    busy = manager.put(f"timetable/{other}", hour(teacher, weekday=4, starts="11:00", ends="12:00"))
    assert (busy.status_code, busy.json()["code"]) == (409, "classes.teacher_busy")
    assert teacher.put(f"timetable/{slot}", hour(teacher, weekday=5)).status_code == 403
    nowhere = manager.post("timetable", hour(teacher, weekday=5, branch=str(uuid4())))
    assert (nowhere.status_code, nowhere.json()["field"]) == (422, "branch")


def test_a_teacher_who_left_gets_no_new_hours(school: Business, manager: Client, teacher: Client) -> None:
    slot_of(manager, teacher)
    with tenant_scope(school):
        user = teacher.user
        assert user
        user.state = "deactivated"
        user.save(update_fields=["state"])
    refused = manager.post("timetable", hour(teacher, weekday=3, grade="12", room=""))
    assert (refused.status_code, refused.json()["code"]) == (422, "classes.teacher_unknown")
