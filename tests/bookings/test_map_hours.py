"""A map is asked for with the hours its shift had the last time; it is drawn in those it has."""

from datetime import date, time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kernel.tenancy import Business, tenant_scope
from tenant_apps.libraries.models import Shift
from tests.support.factories.libraries import Reading, reading_make
from tests.support.factories.people import student_make
from tests.support.people import Client, staff


@pytest.fixture
def room(library: Business) -> Reading:
    return reading_make(library)


@pytest.fixture
def desk(library: Business) -> Client:
    return staff(library, "front_desk")


def address(room: Reading, shift: str = "morning", day: date | None = None) -> str:
    return f"bookings/availability?hall={room.hall.id}&day={day or room.day(1)}&shift={room.shifts[shift].id}"


def first_seat(desk: Client, room: Reading) -> tuple[str, int]:
    """Its state on the morning's map, and in how many statements that was found, beside who asks."""
    with CaptureQueriesContext(connection) as seen:
        answer = desk.get(address(room))
    assert answer.status_code == 200
    asked = [query for query in seen.captured_queries if "libraries_" in query["sql"]]
    return answer.json()["seats"][0]["state"], len(asked)


def test_from_the_second_time_on_it_is_one_statement_and_always_in_the_hours_of_now(
    room: Reading, desk: Client, library: Business
) -> None:
    evening = {"seat": room.seats[0].id, "shift": room.shifts["evening"].id, "day": room.day(1)}
    wish = {**evening, "student": student_make(library, room.branch).id}
    assert desk.post("bookings/hold", {name: str(value) for name, value in wish.items()}).status_code == 201
    assert [first_seat(desk, room) for _ in range(3)] == [("free", 2), ("free", 1), ("free", 1)]
    morning = Shift.objects.filter(id=room.shifts["morning"].id)
    for starts, ends, state in ((time(17), time(18), "held"), (time(17), time(20), "held"), (time(6), time(9), "free")):
        with tenant_scope(library):
            morning.update(starts=starts, ends=ends)
        assert [first_seat(desk, room) for _ in range(2)] == [(state, 3), (state, 1)]


def test_what_was_found_for_one_opens_it_to_nobody_else(
    room: Reading, desk: Client, library: Business, other_academy: Business
) -> None:
    other = reading_make(library)
    elsewhere = staff(library, "front_desk", branch=other.branch.id)
    asked = [address(room), address(other), f"{address(room).rpartition('=')[0]}={other.shifts['morning'].id}"]
    for _ in range(2):
        assert [desk.get(one).status_code for one in asked] == [200, 200, 422]
        assert [elsewhere.get(one).status_code for one in asked] == [404, 200, 404]
        assert [staff(other_academy).get(one).status_code for one in asked] == [404, 404, 404]
