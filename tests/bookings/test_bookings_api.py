"""Seats through their doors: held, confirmed, given back, sat on; told to those who watch."""

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import redis
from django.conf import settings

from kernel import clock as time
from kernel import jobs
from kernel.realtime.publish import channel
from kernel.tenancy import Business, tenant_scope
from shared_apps.accounts.models import User
from tenant_apps.bookings.models import Booking
from tests.conftest import TestClock
from tests.support.factories.libraries import Reading, reading_make
from tests.support.factories.people import student_make, user_of
from tests.support.people import Client, staff, student


@pytest.fixture
def room(library: Business) -> Reading:
    return reading_make(library)


@pytest.fixture
def desk(library: Business) -> Client:
    return staff(library, "front_desk")


def wish(room: Reading, who: Any, *, seat: int = 0, shift: str = "morning", day: date | None = None) -> dict[str, str]:
    return {
        "seat": str(room.seats[seat].id),
        "shift": str(room.shifts[shift].id),
        "day": str(day or room.day(1)),
        "student": str(who.id),
    }


def as_student(room: Reading, who: Any) -> Client:
    user = user_of(room.business, who)
    with tenant_scope(room.business):
        return student(room.business, user=User.objects.get(id=user), student=who.id)


def seat_state(client: Client, room: Reading, seat: int = 0, shift: str = "morning", day: date | None = None) -> str:
    query = f"hall={room.hall.id}&day={day or room.day(1)}&shift={room.shifts[shift].id}"
    answer = client.get(f"bookings/availability?{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()["seats"][seat]["state"]


def states(room: Reading) -> list[str]:
    with tenant_scope(room.business):
        return sorted(Booking.objects.values_list("state", flat=True))


def test_hold_confirm_cancel(room: Reading, desk: Client) -> None:
    pupil = student_make(room.business, room.branch)
    before = time.now()
    answer = desk.post("bookings/hold", wish(room, pupil))
    assert answer.status_code == 201, answer.content
    held = answer.json()
    assert (held["state"], held["amount_paise"], held["seat"]["label"]) == ("held", 6_000, "A01")
    # Six in the morning in India is half past midnight in UTC.
    assert (held["starts_at"], held["ends_at"]) == (f"{room.day(1)}T00:30:00+00:00", f"{room.day(1)}T06:30:00+00:00")
    with tenant_scope(room.business):
        until = Booking.objects.get().hold_until
        assert timedelta(minutes=9) < until - before < timedelta(minutes=11)
    assert desk.post(f"bookings/{held['id']}/confirm").json()["state"] == "confirmed"
    assert desk.post(f"bookings/{held['id']}/confirm").json()["state"] == "confirmed"
    assert seat_state(desk, room) == "taken"
    cancelled = desk.post(f"bookings/{held['id']}/cancel", {"reason": "ill"})
    assert (cancelled.json()["state"], cancelled.json()["reason"]) == ("cancelled", "ill")
    assert seat_state(desk, room) == "free"
    assert desk.post("bookings/hold", wish(room, pupil)).status_code == 201


def test_a_taken_seat_is_refused_with_the_next_free_time(room: Reading, desk: Client) -> None:
    first, second = (student_make(room.business, room.branch) for _ in range(2))
    assert desk.post("bookings/hold", wish(room, first, shift="full day")).status_code == 201
    for shift in ("morning", "evening", "full day"):
        answer = desk.post("bookings/hold", wish(room, second, shift=shift))
        assert (answer.status_code, answer.json()["code"]) == (409, "bookings.seat_taken")
        # The full day ends at ten in the evening.
        assert answer.json()["next_free_at"] == f"{room.day(1)}T16:30:00+00:00"
    night = desk.post("bookings/hold", wish(room, second, shift="night"))
    assert night.status_code == 201, night.content
    # The whole day is wanted: the night that follows reaches to six, when the next full day begins.
    refused = desk.post("bookings/hold", wish(room, second, shift="full day"))
    assert refused.json()["next_free_at"] == f"{room.day(2)}T00:30:00+00:00"
    assert states(room) == ["held", "held"]


def test_one_student_does_not_sit_on_two_seats(room: Reading, desk: Client) -> None:
    pupil = student_make(room.business, room.branch)
    mine = desk.post("bookings/hold", wish(room, pupil)).json()
    answer = desk.post("bookings/hold", wish(room, pupil, seat=1, shift="full day"))
    assert (answer.status_code, answer.json()["code"]) == (409, "bookings.student_busy")
    assert answer.json()["booking"] == mine["id"]
    assert states(room) == ["held"]


def test_a_shift_across_midnight_meets_the_next_morning(room: Reading, desk: Client) -> None:
    first, second = (student_make(room.business, room.branch) for _ in range(2))
    night = desk.post("bookings/hold", wish(room, first, shift="night"))
    assert night.json()["ends_at"] == f"{room.day(2)}T00:30:00+00:00"
    with tenant_scope(room.business):
        from datetime import time as wall

        from tenant_apps.libraries import services

        early = services.shift_create(
            branch=room.branch.id, name="early", starts=wall(5), ends=wall(7), price_paise=100
        )
    body = wish(room, second) | {"shift": str(early.id), "day": str(room.day(2))}
    assert desk.post("bookings/hold", body).json()["code"] == "bookings.seat_taken"
    assert desk.post("bookings/hold", body | {"day": str(room.day(1))}).status_code == 201


def test_what_cannot_be_booked(room: Reading, desk: Client, library: Business) -> None:
    pupil = student_make(room.business, room.branch)
    other = reading_make(library)
    owner = staff(library)
    owner.patch(f"libraries/{room.branch.id}/seats/{room.seats[1].id}", {"state": "blocked"})
    owner.patch(f"shifts/{room.shifts['evening'].id}", {"is_open": False})
    gone = student_make(room.business, room.branch)
    owner.post(f"students/{gone.id}/suspend", {})
    nobody = "0192f000-0000-7000-8000-000000000000"
    for body, status, code in (
        (wish(room, pupil, seat=1), 409, "bookings.seat_closed"),
        (wish(room, pupil, shift="evening"), 409, "bookings.seat_closed"),
        (wish(room, pupil) | {"shift": str(other.shifts["night"].id)}, 422, "bookings.shift_elsewhere"),
        (wish(room, pupil, day=room.day(-2)), 409, "bookings.time_over"),
        (wish(room, pupil, day=room.day(101)), 409, "bookings.too_far_ahead"),
        (wish(room, gone), 409, "people.student_not_active"),
        (wish(room, pupil) | {"seat": nobody}, 404, "http.not_found"),
        (wish(room, pupil) | {"shift": nobody}, 404, "http.not_found"),
        (wish(room, pupil) | {"student": nobody}, 404, "http.not_found"),
        ({key: value for key, value in wish(room, pupil).items() if key != "student"}, 422, "bookings.student_needed"),
    ):
        answer = desk.post("bookings/hold", body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), body
    assert states(room) == []


def test_a_free_shift_is_confirmed_at_once(room: Reading, desk: Client) -> None:
    staff(room.business).patch(f"shifts/{room.shifts['morning'].id}", {"price_paise": 0})
    answer = desk.post("bookings/hold", wish(room, student_make(room.business, room.branch)))
    assert (answer.status_code, answer.json()["state"], answer.json()["hold_until"]) == (201, "confirmed", None)


def test_an_unpaid_hold_past_its_time_makes_way(room: Reading, desk: Client, clock: TestClock) -> None:
    first, second = (student_make(room.business, room.branch) for _ in range(2))
    late = desk.post("bookings/hold", wish(room, first)).json()
    clock.move(minutes=9)
    assert desk.post("bookings/hold", wish(room, second)).status_code == 409
    clock.move(minutes=2)
    assert desk.post("bookings/hold", wish(room, second, shift="full day")).status_code == 201
    over = desk.post(f"bookings/{late['id']}/confirm")
    assert (over.status_code, over.json()["code"]) == (409, "bookings.hold_over")
    assert states(room) == ["expired", "held"]


def test_time_expires_holds_and_ends_visits(room: Reading, desk: Client, clock: TestClock) -> None:
    unpaid, absent, here = (student_make(room.business, room.branch) for _ in range(3))
    desk.post("bookings/hold", wish(room, unpaid))
    for seat, who in ((1, absent), (2, here)):
        booking = desk.post("bookings/hold", wish(room, who, seat=seat)).json()
        desk.post(f"bookings/{booking['id']}/confirm")
    clock.move(minutes=11)
    with tenant_scope(room.business):
        jobs.put("bookings.expire")
    jobs.drain()
    assert states(room) == ["confirmed", "confirmed", "expired"]
    assert seat_state(desk, room) == "free"
    starts = begins(room)
    clock.move(seconds=(starts - time.now()).total_seconds() + 60)
    desk = staff(room.business, "front_desk")
    assert desk.post("attendance/check-in", {"booking": booking["id"]}).status_code == 200
    clock.move(hours=6)
    with tenant_scope(room.business):
        jobs.put("bookings.expire")
        jobs.put("bookings.expire")
    jobs.drain()
    assert states(room) == ["completed", "expired", "no_show"]
    with tenant_scope(room.business):
        done = Booking.objects.get(state="completed")
        assert done.left_at == done.during.upper


def begins(room: Reading) -> Any:
    with tenant_scope(room.business):
        return Booking.objects.filter(state="confirmed").first().during.lower


def test_check_in_and_out(room: Reading, desk: Client, clock: TestClock) -> None:
    pupil = student_make(room.business, room.branch)
    booking = desk.post("bookings/hold", wish(room, pupil)).json()
    body = {"booking": booking["id"]}
    assert desk.post("attendance/check-in", body).json()["code"] == "bookings.not_now"
    desk.post(f"bookings/{booking['id']}/confirm")
    assert desk.post("attendance/check-in", body).json()["code"] == "bookings.not_now"
    clock.move(seconds=(begins(room) - time.now()).total_seconds() - 1500)
    desk = staff(room.business, "front_desk")
    at_the_door = desk
    came = desk.post("attendance/check-in", body, headers={"User-Agent": "Desk tablet"})
    assert (came.status_code, came.json()["state"]) == (200, "checked_in")
    clock.move(minutes=30)
    desk = staff(room.business, "front_desk")
    halls = desk.get("libraries/realtime-occupancy").json()["results"]
    assert [(one["seats"], one["taken"], one["present"], one["free"]) for one in halls] == [(3, 1, 1, 2)]
    left = desk.post("attendance/check-out", body)
    assert left.json()["state"] == "completed"
    history = desk.get("attendance/history").json()["results"]
    assert [one["id"] for one in history] == [booking["id"]]
    with tenant_scope(room.business):
        row = Booking.objects.get()
        assert (row.came_device, row.came_ip) == ("Desk tablet", at_the_door.ip)
        assert row.left_at - row.came_at >= timedelta(minutes=30)
    # The rest of the morning is free again.
    assert seat_state(desk, room, day=row.day) == "free"


def test_students_book_for_themselves_only(room: Reading, desk: Client) -> None:
    mine, other = (student_make(room.business, room.branch) for _ in range(2))
    client = as_student(room, mine)
    body = wish(room, mine)
    body.pop("student")
    held = client.post("bookings/hold", body)
    assert (held.status_code, held.json()["student"]["id"]) == (201, str(mine.id))
    foreign = desk.post("bookings/hold", wish(room, other, seat=1)).json()
    assert client.post("bookings/hold", wish(room, other, seat=2)).status_code == 404
    assert client.get(f"bookings/{foreign['id']}").status_code == 404
    assert client.post(f"bookings/{foreign['id']}/cancel", {}).status_code == 404
    assert [one["id"] for one in client.get("bookings").json()["results"]] == [held.json()["id"]]
    assert client.post("attendance/check-in", {"booking": held.json()["id"]}).status_code == 403
    unpaid = client.post(f"bookings/{held.json()['id']}/confirm")
    assert (unpaid.status_code, unpaid.json()["code"]) == (402, "bookings.payment_needed")
    assert unpaid.json()["amount_paise"] == 6_000
    assert [seat_state(client, room, seat) for seat in range(3)] == ["yours", "held", "free"]
    answer = client.get(
        f"bookings/availability?hall={room.hall.id}&day={room.day(1)}&shift={room.shifts['morning'].id}"
    ).json()
    assert [(one["booking"], one["student"]) for one in answer["seats"]] == [
        (held.json()["id"], None),
        (None, None),
        (None, None),
    ]
    assert client.post(f"bookings/{held.json()['id']}/cancel", {}).json()["state"] == "cancelled"


def test_staff_of_another_library_do_not_reach_it(room: Reading, desk: Client, library: Business) -> None:
    pupil = student_make(room.business, room.branch)
    booking = desk.post("bookings/hold", wish(room, pupil)).json()
    other = reading_make(library)
    elsewhere = staff(library, "front_desk", branch=other.branch.id)
    assert elsewhere.get("bookings").json()["results"] == []
    assert elsewhere.post(f"bookings/{booking['id']}/cancel", {}).status_code == 404
    assert elsewhere.post("bookings/hold", wish(room, pupil, seat=1)).status_code == 404
    query = f"hall={room.hall.id}&day={room.day(1)}&shift={room.shifts['morning'].id}"
    assert elsewhere.get(f"bookings/availability?{query}").status_code == 404
    assert states(room) == ["held"]


@pytest.fixture
def told(library: Business) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What the watchers of this business's topics have been told since the last look."""
    listener = redis.Redis.from_url(settings.REDIS_URL).pubsub(ignore_subscribe_messages=True)
    listener.subscribe(channel())
    listener.get_message(timeout=5)

    def look() -> list[dict[str, Any]]:
        heard = []
        while (frame := listener.get_message(timeout=0.2)) is not None:
            head, _, body = frame["data"].partition(b"\n")
            if head.split()[1].decode() == library.schema and head.startswith(b"topic"):
                heard.append(json.loads(body))
        return [one for one in heard if one["type"] == "seats"]

    yield look
    listener.close()


def test_watchers_are_told_with_versions_that_have_no_gaps(
    room: Reading, desk: Client, told: Callable[[], list[dict[str, Any]]]
) -> None:
    first, second = (student_make(room.business, room.branch) for _ in range(2))
    morning = f"seats.{room.hall.id}.{room.day(1)}.{room.shifts['morning'].id}"
    whole = f"seats.{room.hall.id}.{room.day(1)}.{room.shifts['full day'].id}"
    held = desk.post("bookings/hold", wish(room, first)).json()
    heard = {one["topic"]: one["data"] for one in told()}
    assert set(heard) == {morning, whole}
    assert heard[morning]["v"] == 1
    assert heard[whole]["changes"] == {"A01": "held"}
    evening = desk.post("bookings/hold", wish(room, second, shift="evening")).json()
    desk.post(f"bookings/{evening['id']}/confirm")
    told()
    desk.post(f"bookings/{held['id']}/cancel", {})
    heard = {one["topic"]: one["data"] for one in told()}
    # On the map of the whole day the seat is still the evening's.
    assert (heard[whole]["v"], heard[whole]["changes"]) == (4, {"A01": "taken"})
    assert (heard[morning]["v"], heard[morning]["changes"]) == (2, {"A01": "free"})
    query = f"hall={room.hall.id}&day={room.day(1)}&shift={room.shifts['full day'].id}"
    assert desk.get(f"bookings/availability?{query}").json()["v"] == 4
    # A refused wish changes no map.
    desk.post("bookings/hold", wish(room, first, shift="full day"))
    assert told() == []
    staff(room.business).patch(f"libraries/{room.branch.id}/seats/{room.seats[2].id}", {"state": "blocked"})
    jobs.drain()
    heard = {one["topic"]: one["data"] for one in told()}
    assert heard[whole]["changes"] == {"A03": "blocked"}


def test_who_may_watch(room: Reading, library: Business, other_academy: Business) -> None:
    from kernel.http.actor import Actor
    from kernel.realtime.registry import find_topic
    from shared_apps.accounts.roles import permissions_of

    found = find_topic(f"seats.{room.hall.id}.{room.day(1)}.{room.shifts['morning'].id}")
    assert found is not None
    topic, places = found
    may = permissions_of(("student",))
    with tenant_scope(library):
        assert topic.may_subscribe(Actor(kind="student", permissions=may), **places)
        assert not topic.may_subscribe(Actor(kind="student"), **places)
        assert not topic.may_subscribe(Actor(kind="staff", permissions=may, branches=frozenset()), **places)
        assert not topic.may_subscribe(Actor(kind="student", permissions=may), **(places | {"shift": "x"}))
    with tenant_scope(other_academy):
        assert not topic.may_subscribe(Actor(kind="student", permissions=may), **places)


def test_a_confirmed_seat_is_told_once(room: Reading, desk: Client) -> None:
    from shared_apps.messaging.models import Message
    from shared_apps.messaging.services import templates_seed

    with tenant_scope(room.business):
        templates_seed()
    pupil = student_make(room.business, room.branch, phone="+919876511111")
    booking = desk.post("bookings/hold", wish(room, pupil)).json()
    for _ in range(2):
        desk.post(f"bookings/{booking['id']}/confirm")
    jobs.drain()
    with tenant_scope(room.business):
        [message] = Message.objects.filter(key=f"bookings.confirmed:{booking['id']}")
        assert (message.template, message.channel, message.to) == ("booking", "sms", "+919876511111")


def test_bookings_are_found_by_place_time_and_state(room: Reading, desk: Client, library: Business) -> None:
    first, second = (student_make(room.business, room.branch, name=name) for name in ("Asha Rao", "Ravi Rao"))
    other = reading_make(library)
    one = desk.post("bookings/hold", wish(room, first)).json()["id"]
    two = desk.post("bookings/hold", wish(room, second, seat=1, day=room.day(2))).json()["id"]
    desk.post(f"bookings/{two}/confirm")
    three = desk.post("bookings/hold", wish(other, second, shift="night", day=room.day(4)))
    three_id = three.json()["id"]

    def found(query: str) -> set[str]:
        answer = desk.get(f"bookings?{query}")
        assert answer.status_code == 200, answer.content
        return {booking["id"] for booking in answer.json()["results"]}

    assert found("state=held,confirmed") == {one, two, three_id}
    assert found("state=confirmed") == {two}
    assert found(f"hall={room.hall.id}") == {one, two}
    assert found(f"library={other.branch.id}") == {three_id}
    assert found(f"student={second.id}") == {two, three_id}
    assert found(f"day={room.day(1)}") == {one}
    assert found(f"from={room.day(2)}&to={room.day(3)}") == {two}
    assert found(f"shift={room.shifts['morning'].id}&seat={room.seats[1].id}") == {two}
    assert found("search=asha") == {one}
    assert desk.get("bookings?state=sleeping").json()["code"] == "http.bad_parameter"
    lines = b"".join(desk.get("bookings?format=csv").streaming_content).decode().splitlines()
    assert len(lines) == 4
    assert "seat.label" in lines[0]
