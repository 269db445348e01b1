"""Libraries, rooms, seats and shifts through their doors."""

from kernel import quotas
from kernel.tenancy import Business, tenant_scope
from tenant_apps.libraries.models import Hall, Seat, Shift
from tenant_apps.people.models import Branch
from tests.support.factories.libraries import reading_make
from tests.support.factories.people import branch_make, limits_set
from tests.support.people import staff
from tests.support.racing import race


def test_a_library_is_opened_within_the_plan(library: Business) -> None:
    limits_set(library, libraries=1)
    owner = staff(library)
    made = owner.post("libraries", {"name": "Gyan FC Road", "code": "FCR", "city": "Pune"})
    assert made.status_code == 201, made.content
    assert (made.json()["code"], made.json()["state"]) == ("FCR", "open")
    refused = owner.post("libraries", {"name": "Gyan Camp", "code": "CMP", "city": "Pune"})
    assert (refused.status_code, refused.json()["code"]) == (409, "plans.limit_reached")
    assert (refused.json()["limit"], refused.json()["used"], refused.json()["plan"]) == (1, 1, "enterprise")
    # A place that is no library takes nothing of that limit.
    assert owner.post("branches", {"name": "Centre", "code": "CEN", "kind": "academy"}).status_code == 201
    with tenant_scope(library):
        assert {use.name: use.used for use in quotas.usage()} == {"libraries": 1, "students": 0}
        assert Branch.objects.count() == 2
    assert owner.delete(f"libraries/{made.json()['id']}").status_code == 204
    assert owner.post("libraries", {"name": "Gyan Camp", "code": "CMP"}).status_code == 201


def test_racing_openings_stop_at_the_limit(library: Business) -> None:
    limits_set(library, libraries=5)

    def open_one(index: int) -> str:
        try:
            branch_make(library, code=f"R{index}")
        except quotas.QuotaReached:
            return "full"
        return "open"

    assert race(32, open_one) == {"open": 5, "full": 27}
    with tenant_scope(library):
        assert Branch.objects.count() == 5


def test_libraries_are_found_by_city_and_status(library: Business) -> None:
    branch_make(library, code="PUN", city="Pune")
    branch_make(library, code="MUM", city="Mumbai", state="maintenance")
    branch_make(library, code="CEN", kind="academy")
    owner = staff(library)
    codes = lambda query: [one["code"] for one in owner.get(f"libraries?{query}").json()["results"]]  # noqa: E731
    assert codes("order=code") == ["MUM", "PUN"]
    assert codes("city=pune") == ["PUN"]
    assert codes("status=maintenance") == ["MUM"]
    assert owner.get("libraries?status=burning").json()["code"] == "http.bad_parameter"


def test_rooms_seats_and_shifts(library: Business) -> None:
    branch = branch_make(library, code="PUN")
    owner = staff(library)
    hall = owner.post(f"libraries/{branch.id}/rooms", {"name": "Quiet"}).json()
    again = owner.post(f"libraries/{branch.id}/rooms", {"name": "Quiet"})
    assert (again.status_code, again.json()["code"]) == (409, "libraries.hall_taken")
    grid = owner.post(f"libraries/{branch.id}/seats", {"hall": hall["id"], "rows": 2, "columns": 3})
    assert [seat["label"] for seat in grid.json()["results"]] == ["A01", "A02", "A03", "B01", "B02", "B03"]
    more = owner.post(f"libraries/{branch.id}/seats", {"hall": hall["id"], "rows": 1, "columns": 1})
    assert [(seat["label"], seat["row"]) for seat in more.json()["results"]] == [("C01", 3)]
    own = {"seats": [{"label": "X1", "row": 9, "column": 1}, {"label": "A01", "row": 9, "column": 2}]}
    clash = owner.post(f"libraries/{branch.id}/seats", {"hall": hall["id"], **own})
    assert (clash.status_code, clash.json()["code"]) == (409, "libraries.seat_exists")
    listed = owner.get(f"libraries/{branch.id}/seats?hall={hall['id']}").json()["results"]
    assert [seat["label"] for seat in listed] == ["A01", "A02", "A03", "B01", "B02", "B03", "C01"]
    blocked = owner.patch(f"libraries/{branch.id}/seats/{listed[0]['id']}", {"state": "blocked"})
    assert blocked.json()["state"] == "blocked"
    shift = {"library": str(branch.id), "name": "Night", "starts": "22:00", "ends": "06:00", "price_paise": 9000}
    made = owner.post("shifts", shift)
    assert made.status_code == 201, made.content
    assert (made.json()["starts"], made.json()["ends"], made.json()["price_paise"]) == ("22:00:00", "06:00:00", 9000)
    whole = owner.post("shifts", shift | {"name": "Whole", "ends": "22:00"})
    assert (whole.status_code, whole.json()["code"]) == (422, "libraries.shift_hours")
    assert owner.patch(f"shifts/{made.json()['id']}", {"price_paise": -1}).status_code == 400
    assert owner.patch(f"shifts/{made.json()['id']}", {"price_paise": 0}).json()["price_paise"] == 0
    used = owner.delete(f"libraries/{branch.id}/rooms/{hall['id']}")
    assert (used.status_code, used.json()["code"]) == (409, "libraries.still_used")
    with tenant_scope(library):
        assert (Hall.objects.count(), Seat.objects.count(), Shift.objects.count()) == (1, 7, 1)


def test_an_academys_centre_has_no_rooms(library: Business) -> None:
    centre = branch_make(library, code="CEN", kind="academy")
    answer = staff(library).post(f"libraries/{centre.id}/rooms", {"name": "Quiet"})
    assert (answer.status_code, answer.json()["code"]) == (422, "libraries.not_a_library")


def test_a_manager_of_one_library_does_not_reach_another(library: Business) -> None:
    mine, other = reading_make(library), reading_make(library)
    manager = staff(library, "manager", branch=mine.branch.id)
    assert [one["id"] for one in manager.get("libraries").json()["results"]] == [str(mine.branch.id)]
    assert manager.get(f"libraries/{other.branch.id}").status_code == 404
    assert manager.get(f"libraries/{other.branch.id}/seats").status_code == 404
    assert manager.post(f"libraries/{other.branch.id}/rooms", {"name": "Mine"}).status_code == 404
    assert manager.get(f"libraries/{mine.branch.id}/seats/{other.seats[0].id}").status_code == 404
    assert manager.patch(f"shifts/{other.shifts['night'].id}", {"price_paise": 0}).status_code == 404
    assert {one["library"] for one in manager.get("shifts").json()["results"]} == {str(mine.branch.id)}
    with tenant_scope(library):
        other.shifts["night"].refresh_from_db()
        assert other.shifts["night"].price_paise == 6_000
