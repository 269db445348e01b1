"""A drawn map on a real socket: the changes arrive on the version that was read, and only where they may."""

from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from kernel.tenancy import Business
from tests.support.days import local_today
from tests.support.factories.libraries import reading_make
from tests.support.factories.people import student_make
from tests.support.people import signed_in, staff
from tests.support.sockets import ask, read, socket_of


@pytest.mark.asyncio
async def test_a_hold_by_one_is_seen_by_all_who_watch(library: Business, other_academy: Business) -> None:
    def prepare() -> tuple[Any, ...]:
        room = reading_make(library)
        pupil = student_make(library, room.branch)
        watcher, stranger = signed_in(library, "student"), staff(other_academy)
        return room, pupil, staff(library, "front_desk"), watcher, stranger

    room, pupil, desk, watcher, stranger = await sync_to_async(prepare)()
    day = local_today() + timedelta(days=3)
    shift = room.shifts["evening"]
    topic = f"seats.{room.hall.id}.{day}.{shift.id}"
    query = f"hall={room.hall.id}&day={day}&shift={shift.id}"
    shown = (await sync_to_async(watcher.get)(f"bookings/availability?{query}")).json()
    assert (shown["v"], [seat["state"] for seat in shown["seats"]]) == (0, ["free"] * 3)

    mine, theirs = await socket_of(watcher), await socket_of(stranger)
    assert (await ask(mine, type="subscribe", topic=topic))["type"] == "subscribed"
    refused = await ask(theirs, type="subscribe", topic=topic)
    assert refused["type"] == "error", refused

    body = {"seat": room.seats[1].id, "shift": shift.id, "day": day, "student": pupil.id}
    held = await sync_to_async(desk.post)("bookings/hold", body)
    assert held.status_code == 201, held.content
    told = await read(mine)
    assert (told["type"], told["topic"]) == ("seats", topic)
    assert told["data"] == {
        "hall": str(room.hall.id),
        "day": str(day),
        "shift": str(shift.id),
        "v": 1,
        "changes": {"A02": "held"},
    }
    await sync_to_async(desk.post)(f"bookings/{held.json()['id']}/confirm")
    told = await read(mine)
    assert (told["data"]["v"], told["data"]["changes"]) == (2, {"A02": "taken"})
    assert await theirs.receive_nothing(timeout=0.3)
    for socket in (mine, theirs):
        await socket.send_input({"type": "websocket.disconnect", "code": 1001})
        await socket.wait(timeout=5)
