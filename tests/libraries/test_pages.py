"""An owner sets a library up in the browser; what was booked stays, and each refusal says so."""

import re
from datetime import timedelta

from kernel.tenancy import Business, tenant_scope
from tenant_apps.bookings import services
from tenant_apps.libraries.models import Hall, Seat, Shift
from tests.support.days import local_today
from tests.support.factories.libraries import reading_make
from tests.support.factories.people import limits_set, student_make
from tests.support.people import staff


def text(answer: object) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())  # type: ignore[attr-defined]


def test_a_library_is_set_up_in_the_browser(library: Business) -> None:
    limits_set(library)
    owner = staff(library)
    assert "Make the first library" in text(owner.page("GET", "/libraries"))
    slip = owner.page("POST", "/libraries/new", {"name": "Kothrud", "code": "not a code"})
    assert (slip.status_code, "Code" in text(slip)) == (422, True)
    made = owner.page("POST", "/libraries/new", {"name": "Kothrud", "code": "KTH", "city": "Pune"})
    address = made["Location"]
    assert "Two things are needed" in text(owner.page("GET", address))
    grid = {"name": "Hall A", "floor": "1", "rows": "4", "columns": "14", "aisle_every": "2", "seat_class": "regular"}
    hall = owner.page("POST", f"{address}/halls/new", grid)["Location"]
    plan = text(owner.page("GET", hall))
    assert ("Bay 2" in plan, plan.count('class="aisle"'), plan.count('class="seat seat-free"')) == (True, 2, 56)
    assert owner.page("POST", f"{address}/halls/new", grid).status_code == 422
    assert owner.page("POST", f"{hall}/rows", grid | {"rows": "1"}).status_code == 302
    with tenant_scope(library):
        assert Seat.objects.count() == 70
        assert Seat.objects.filter(label__startswith="E").values_list("row", flat=True)[0] == 7
        seat = Seat.objects.get(label="E14")
    assert owner.page("POST", f"{hall}/seats/{seat.id}", {"label": "E13", "seat_class": "cabin"}).status_code == 422
    assert owner.page("POST", f"{hall}/seats/{seat.id}", {"label": "E15", "seat_class": "cabin"}).status_code == 302
    assert owner.page("POST", f"{hall}/seats/{seat.id}", {"delete": "1"}).status_code == 302
    assert owner.page("POST", f"{hall}/delete").status_code == 409
    hours = {"name": "Morning", "price": "1,250.50", "starts": "06:00", "ends": "12:00", "is_open": "on"}
    assert owner.page("POST", f"{address}/shifts/new", hours | {"price": "sixty"}).status_code == 422
    assert owner.page("POST", f"{address}/shifts/new", hours | {"ends": "06:00"}).status_code == 422
    assert owner.page("POST", f"{address}/shifts/new", hours)["Location"] == address
    with tenant_scope(library):
        shift = Shift.objects.get()
        assert shift.price_paise == 1_250_50
    edit = f"/libraries/shifts/{shift.id}"
    assert 'value="1250.50"' in text(owner.page("GET", edit))
    assert owner.page("POST", edit, {"name": "Dawn", "price": "0"}).status_code == 302
    page = text(owner.page("GET", address))
    assert ("Dawn" in page, "No charge" in page, "Cannot be booked" in page) == (True, True, True)
    assert owner.page("POST", edit, {"delete": "1"}).status_code == 302
    assert owner.page("POST", f"{address}/change", {"name": "Kothrud 2", "state": "closed"}).status_code == 302
    assert "Kothrud 2" in text(owner.page("GET", "/libraries"))
    assert owner.page("POST", hall, {"name": "Hall B", "floor": "0"}).status_code == 302
    with tenant_scope(library):
        assert Hall.objects.get().name == "Hall B"


def test_what_was_booked_stays_and_others_have_no_say(library: Business) -> None:
    room = reading_make(library)
    owner, desk = staff(library), staff(library, "front_desk")
    pupil = student_make(library, room.branch)
    with tenant_scope(library):
        day = local_today() + timedelta(days=1)
        services.booking_hold(seat=room.seats[0].id, shift=room.shifts["morning"].id, day=day, student=pupil.id)
    hall, seat = f"/libraries/halls/{room.hall.id}", f"/libraries/halls/{room.hall.id}/seats/{room.seats[0].id}"
    for path in (seat, f"/libraries/shifts/{room.shifts['morning'].id}"):
        told = owner.page("POST", path, {"delete": "1"})
        assert (told.status_code, "It has bookings" in text(told)) == (409, True), path
    for path in ("/libraries", hall, seat, f"/libraries/{room.branch.id}"):
        assert desk.page("GET", path).status_code == 403, path
    other = reading_make(library)
    manager = staff(library, "manager", branch=other.branch.id)
    for path in (hall, seat, f"/libraries/{room.branch.id}", f"/libraries/shifts/{room.shifts['night'].id}"):
        assert manager.page("GET", path).status_code == 404, path
    assert owner.page("GET", f"/libraries/halls/{other.hall.id}/seats/{room.seats[0].id}").status_code == 404
