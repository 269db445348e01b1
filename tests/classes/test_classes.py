"""The timetable and live classes, through the doors."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from django.conf import settings

from kernel import clock as kernel_clock
from kernel import jobs, quotas
from kernel.tenancy import Business, tenant_scope
from shared_apps.accounts.selectors import actor_by_token
from tenant_apps.classes.models import ChatMessage, LiveClass, Presence, Slot
from tenant_apps.classes.services import STARTED, chat_say
from tests.support.factories.classes import hour, learner, live_class, slot_of
from tests.support.factories.people import branch_make
from tests.support.people import Client, staff
from tests.support.processes import dying_at
from tests.support.racing import race


def test_an_hour_is_listed_with_its_teachers_name(manager: Client, teacher: Client) -> None:
    slot = slot_of(manager, teacher)
    listed = manager.get("timetable").json()["results"]
    assert [one["id"] for one in listed] == [slot]
    assert listed[0]["teacher_name"] == teacher.user.name  # type: ignore[union-attr]
    assert listed[0]["room"] == "R1"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"grade": "12", "room": "R2"}, "classes.teacher_busy"),
        ({"teacher": "other", "grade": "12", "room": "R1"}, "classes.room_busy"),
        ({"teacher": "other", "room": "R2"}, "classes.cohort_busy"),
    ],
)
def test_conflicts_are_refused_and_say_which(
    school: Business, manager: Client, teacher: Client, changes: dict[str, Any], code: str
) -> None:
    branch = str(branch_make(school).id)
    slot_of(manager, teacher, branch=branch)
    if changes.get("teacher") == "other":
        changes = {**changes, "teacher": str(staff(school, "teacher").user.id)}  # type: ignore[union-attr]
    refused = manager.post("timetable", hour(teacher, branch=branch, **changes))
    assert (refused.status_code, refused.json()["code"]) == (409, code)
    with tenant_scope(school):
        assert Slot.objects.count() == 1


def test_bad_hours_and_teachers_are_refused(school: Business, manager: Client, teacher: Client) -> None:
    same = manager.post("timetable", hour(teacher, starts="10:00", ends="10:00"))
    assert (same.status_code, same.json()["code"], same.json()["field"]) == (422, "classes.hours_invalid", "ends")
    nobody = manager.post("timetable", hour(teacher, teacher=str(uuid4())))
    assert (nobody.status_code, nobody.json()["code"]) == (422, "classes.teacher_unknown")
    assert teacher.post("timetable", hour(teacher)).status_code == 403
    with tenant_scope(school):
        assert Slot.objects.count() == 0


def test_a_class_from_start_to_end(school: Business, manager: Client, teacher: Client) -> None:
    live = live_class(manager, teacher)
    assert (live["state"], live["title"], live["ended_at"]) == ("live", "Physics · 11 CBSE", None)
    asha = learner(school, name="Asha")
    assert [one["id"] for one in asha.get("classes/available").json()["results"]] == [live["id"]]

    moderator = teacher.post(f"classes/{live['id']}/join").json()
    member = asha.post(f"classes/{live['id']}/join").json()
    assert moderator["room"] == member["room"] == f"{school.public_id}-{live['id']}"
    claims = [jwt.decode(e["token"], settings.JITSI_SECRET, ["HS256"], audience="shala") for e in (moderator, member)]
    assert [c["moderator"] for c in claims] == [True, False]
    assert claims[1]["room"] == member["room"]
    assert claims[1]["context"]["user"]["name"] == "Asha"

    assert asha.post(f"classes/{live['id']}/join").status_code == 200
    assert Counter(p["part"] for p in teacher.get(f"classes/{live['id']}/participants").json()["results"]) == {
        "moderator": 1,
        "member": 1,
    }
    assert asha.post(f"classes/{live['id']}/leave").status_code == 204
    ended = teacher.post(f"classes/{live['id']}/end").json()
    assert ended["state"] == "ended"
    again = teacher.post(f"classes/{live['id']}/end").json()
    assert again["ended_at"] == ended["ended_at"]
    refused = asha.post(f"classes/{live['id']}/join")
    assert (refused.status_code, refused.json()["code"]) == (409, "classes.not_live")
    with tenant_scope(school):
        assert Presence.objects.filter(left_at=None).count() == 0


def test_only_the_cohort_gets_in(school: Business, manager: Client, teacher: Client) -> None:
    live = live_class(manager, teacher)
    other = learner(school, grade="12")
    assert other.get("classes/available").json()["results"] == []
    assert other.post(f"classes/{live['id']}/join").status_code == 404
    refused = learner(school, picked=False).post(f"classes/{live['id']}/join")
    assert (refused.status_code, refused.json()["code"]) == (409, "classes.profile_needed")
    with tenant_scope(school):
        assert Presence.objects.count() == 0


def test_a_class_is_started_by_its_teacher_in_its_hours_once(
    school: Business, manager: Client, teacher: Client, clock: Any
) -> None:
    slot = slot_of(manager, teacher)
    assert staff(school, "teacher").post("classes/start", {"slot": slot}).status_code == 404
    clock.move(hours=3)
    late = staff(school, user=teacher.user).post("classes/start", {"slot": slot})
    assert (late.status_code, late.json()["code"]) == (409, "classes.outside_hours")
    assert datetime.fromisoformat(late.json()["opens_at"]) > kernel_clock.now() + timedelta(days=6)
    clock.reset()
    outcomes = race(8, lambda _: teacher.post("classes/start", {"slot": slot}).status_code)
    assert outcomes == {201: 1, 409: 7}
    with tenant_scope(school):
        assert LiveClass.objects.count() == 1


def test_a_server_that_dies_before_it_answers_has_started_the_class_once(
    school: Business, manager: Client, teacher: Client
) -> None:
    slot = slot_of(manager, teacher)
    asha = learner(school)
    assert dying_at(STARTED, lambda: teacher.post("classes/start", {"slot": slot}))
    again = teacher.post("classes/start", {"slot": slot})
    assert (again.status_code, again.json()["code"]) == (409, "classes.already_live")
    [live] = asha.get("classes/available").json()["results"]
    assert teacher.post(f"classes/{live['id']}/join").status_code == 200
    assert asha.post(f"classes/{live['id']}/join").status_code == 200
    with tenant_scope(school):
        assert LiveClass.objects.count() == 1


def test_a_plan_without_live_classes_starts_none(school: Business, manager: Client, teacher: Client) -> None:
    slot = slot_of(manager, teacher)
    with tenant_scope(school):
        quotas.set_limits({"live_classes": quotas.Limit(0, "Starter")})
    refused = teacher.post("classes/start", {"slot": slot})
    assert (refused.status_code, refused.json()["code"]) == (403, "plans.feature_closed")
    with tenant_scope(school):
        assert LiveClass.objects.count() == 0


def test_chat_is_numbered_kept_and_said_once(school: Business, manager: Client, teacher: Client) -> None:
    live = live_class(manager, teacher)
    teacher.post(f"classes/{live['id']}/join")
    actor = _actor(school, teacher)

    def say(number: int) -> int:
        with tenant_scope(school):
            row = LiveClass.objects.get(id=live["id"])
            return chat_say(actor=actor, live_class=row, text=f"line {number % 16}", key=f"k{number % 16}").seq

    assert race(32, say) == dict.fromkeys(range(1, 17), 2)
    shown = teacher.get(f"classes/{live['id']}/chat?after=14").json()["results"]
    assert [line["seq"] for line in shown] == [15, 16]
    with tenant_scope(school):
        assert ChatMessage.objects.count() == 16


def test_a_class_nobody_ended_is_ended_by_the_clock(
    school: Business, manager: Client, teacher: Client, clock: Any
) -> None:
    live = live_class(manager, teacher)
    clock.move(hours=1, minutes=59)
    _expire(school)
    assert staff(school, "manager").get(f"classes/{live['id']}").json()["state"] == "live"
    clock.move(minutes=2)
    _expire(school)
    assert staff(school, "manager").get(f"classes/{live['id']}").json()["state"] == "ended"


def _expire(school: Business) -> None:
    with tenant_scope(school):
        jobs.put("classes.expire")
    jobs.drain()


def _actor(school: Business, client: Client) -> Any:
    with tenant_scope(school):
        return actor_by_token(client.token)
