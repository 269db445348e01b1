"""A school with a timetable and live classes for tests, made through the doors."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from kernel.tenancy import Business, tenant_scope
from shared_apps.accounts.selectors import user_by_phone
from tests.support.days import local_now
from tests.support.factories.people import branch_make, student_make
from tests.support.people import Client, phone_make, student


def hour(by: Client, **changes: Any) -> dict[str, Any]:
    """An hour that is on right now where the academy is."""
    local = local_now()
    return {
        "subject": "Physics",
        "grade": "11",
        "board": "CBSE",
        "teacher": str(by.user.id) if by.user else "",
        "room": "R1",
        "weekday": local.weekday(),
        "starts": local.strftime("%H:%M"),
        "ends": (local + timedelta(minutes=60)).strftime("%H:%M"),
        **changes,
    }


def slot_of(manager: Client, teacher: Client, **changes: Any) -> str:
    made = manager.post("timetable", hour(teacher, **changes))
    assert made.status_code == 201, made.content
    return str(made.json()["id"])


def live_class(manager: Client, teacher: Client) -> dict[str, Any]:
    started = teacher.post("classes/start", {"slot": slot_of(manager, teacher)})
    assert started.status_code == 201, started.content
    found: dict[str, Any] = started.json()
    return found


def learner(school: Business, *, picked: bool = True, **facts: Any) -> Client:
    """A signed-in student of grade 11, CBSE, who picked their profile or not."""
    phone = phone_make()
    profile = student_make(school, branch_make(school), phone=phone, **{"grade": "11", "board": "CBSE", **facts})
    with tenant_scope(school):
        user = user_by_phone(phone)
    return student(school, user=user, student=profile.id if picked else None)


def minute_of(moment: datetime, length: int) -> tuple[int, time, time]:
    """The weekday and hours of a class of `length` minutes that starts at a moment, where the academy is."""
    local = moment.astimezone(ZoneInfo("Asia/Kolkata")).replace(second=0, microsecond=0)
    return local.weekday(), local.time(), (local + timedelta(minutes=length)).time()
