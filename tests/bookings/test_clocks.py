"""What a hold is worth when the clock jumps an hour, either way.

Right is what the clock can know. A hold ends ten minutes after it was made; who looks at it when the clock is ahead
ends it for good, and if nobody did it stands when the clock is back. No hold keeps a seat for longer than ten minutes
from now: one made while the clock was ahead is cut to that, and not ended under the hands of who is paying for it.
"""

from datetime import datetime

from kernel import clock as time
from kernel import jobs
from kernel.tenancy import tenant_scope
from tenant_apps.bookings.models import Booking
from tenant_apps.bookings.services import HOLD
from tests.bookings.test_bookings_api import desk, room, states, wish
from tests.conftest import TestClock
from tests.support.factories.libraries import Reading
from tests.support.factories.people import student_make
from tests.support.people import Client, staff

__all__ = ["desk", "room"]


def swept(room: Reading) -> None:
    with tenant_scope(room.business):
        jobs.put("bookings.expire")
    jobs.drain()


def fresh_desk(room: Reading) -> Client:
    """Someone signed in by the clock as it is."""
    return staff(room.business, "front_desk")


def test_a_hold_nobody_ended_stands_when_the_clock_is_back(room: Reading, desk: Client, clock: TestClock) -> None:
    first, second = (student_make(room.business, room.branch) for _ in range(2))
    held = desk.post("bookings/hold", wish(room, first)).json()
    clock.move(hours=1)
    clock.move(hours=-1)
    swept(room)
    assert desk.post("bookings/hold", wish(room, second)).status_code == 409
    assert desk.post(f"bookings/{held['id']}/confirm").json()["state"] == "confirmed"


def test_a_hold_that_was_ended_stays_ended(room: Reading, desk: Client, clock: TestClock) -> None:
    first, second = (student_make(room.business, room.branch) for _ in range(2))
    held = desk.post("bookings/hold", wish(room, first)).json()
    same = wish(room, second)  # of the same day, whatever the hour
    clock.move(hours=1)
    taken = fresh_desk(room).post("bookings/hold", same)
    assert taken.status_code == 201
    clock.move(hours=-1)
    over = desk.post(f"bookings/{held['id']}/confirm")
    assert (over.status_code, over.json()["code"]) == (409, "bookings.hold_over")
    assert states(room) == ["expired", "held"]


def test_a_hold_made_before_the_clock_was_set_back_ends_ten_minutes_from_now(
    room: Reading, desk: Client, clock: TestClock
) -> None:
    first, second, third = (student_make(room.business, room.branch) for _ in range(3))
    ordinary = desk.post("bookings/hold", wish(room, third, seat=1)).json()
    clock.move(hours=1)
    fresh_desk(room).post("bookings/hold", wish(room, first))
    clock.move(hours=-1)
    swept(room)
    with tenant_scope(room.business):
        assert Booking.objects.get(student=first.id).hold_until <= time.now() + HOLD
        assert Booking.objects.get(id=ordinary["id"]).hold_until == datetime.fromisoformat(ordinary["hold_until"])
    assert states(room) == ["held", "held"]
    clock.move(minutes=10, seconds=1)
    swept(room)
    assert states(room) == ["expired", "expired"]
    assert desk.post("bookings/hold", wish(room, second)).status_code == 201
