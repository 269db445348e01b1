"""Classes around midnight: they are waited for, found and joined on whichever side of it one looks."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kernel import clock as kernel_clock
from kernel.tenancy import Business, tenant_scope
from tenant_apps.classes.models import LiveClass
from tests.support.days import local_now
from tests.support.factories.classes import learner, slot_of
from tests.support.people import Client, staff


def until(clock: Any, weekday: int, at: time) -> None:
    """Let it be the next such weekday and hour where the academy is."""
    day = local_now().date() + timedelta(days=1)
    day += timedelta(days=(weekday - day.weekday()) % 7)
    moment = datetime.combine(day, at, tzinfo=ZoneInfo("Asia/Kolkata"))
    clock.move(seconds=(moment - kernel_clock.now()).total_seconds())


def shown(client: Client, path: str) -> str:
    answer = client.page("GET", path)
    assert answer.status_code == 200, path
    return str(answer.content.decode())


@pytest.mark.parametrize("weekday", [2, 6])
def test_a_class_just_after_midnight_is_waited_for_before_it(
    school: Business, teacher: Client, clock: Any, weekday: int
) -> None:
    until(clock, weekday, time(23, 40))
    slot = slot_of(staff(school), teacher, weekday=(weekday + 1) % 7, starts="00:05", ends="01:05")
    clock.move(minutes=16)
    asha, holder = learner(school), staff(school, user=teacher.user)
    for client in (asha, holder, staff(school)):
        assert "Physics" in shown(client, "/classes")
        assert "Physics" in shown(client, "/")
    assert "Physics" in shown(asha, f"/classes/lobby/{slot}")
    assert holder.page("POST", "/classes/start", {"slot": slot}).status_code == 302
    with tenant_scope(school):
        live = LiveClass.objects.get()
    assert asha.page("GET", f"/classes/lobby/{slot}")["Location"] == f"/classes/{live.id}"
    assert "Join class" in shown(asha, "/classes")


@pytest.mark.parametrize("weekday", [2, 6])
def test_a_class_over_midnight_is_found_after_it(school: Business, teacher: Client, clock: Any, weekday: int) -> None:
    until(clock, weekday, time(23, 20))
    slot = slot_of(staff(school), teacher, weekday=weekday, starts="23:30", ends="00:30")
    clock.move(minutes=45)
    asha, holder = learner(school), staff(school, user=teacher.user)
    # Nobody has begun it yet, at five past twelve.
    assert "Physics" in shown(asha, f"/classes/lobby/{slot}")
    assert holder.page("POST", "/classes/start", {"slot": slot}).status_code == 302
    with tenant_scope(school):
        live = LiveClass.objects.get()
    assert asha.page("GET", f"/classes/lobby/{slot}")["Location"] == f"/classes/{live.id}"
    for client in (asha, holder):
        assert f"/classes/{live.id}" in shown(client, "/classes")
        assert f"/classes/{live.id}" in shown(client, "/")
    assert holder.page("POST", f"/classes/{live.id}/end").status_code == 302
    # Over, it is a thing of yesterday.
    assert "Join class" not in shown(asha, "/classes")
    with tenant_scope(school):
        assert [(row.state, row.slot_id is not None) for row in LiveClass.objects.all()] == [("ended", True)]
    assert "No class on this day" in shown(asha, "/classes")
