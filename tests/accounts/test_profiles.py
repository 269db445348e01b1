"""As whom one comes in where a phone stands for several: siblings of one mother, a mother who teaches."""

from typing import Any
from uuid import UUID

from kernel.tenancy import Business, tenant_scope
from shared_apps.accounts.models import User
from tenant_apps.people.models import Access
from tests.accounts.asking import answered, ask, devices, give
from tests.accounts.wards import ward_make
from tests.support.otp import code_sent
from tests.support.people import anyone, api, user_make
from tests.support.racing import race


def test_a_phone_shared_by_siblings_asks_which(academy: Business, mother: User) -> None:
    kavya, rohan = ward_make(academy, mother, "Kavya"), ward_make(academy, mother, "Rohan")
    answer = answered(academy, mother)
    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {"profiles", "selection", "expires_in"}
    assert [(p["id"], p["name"], p["relation"], p["kind"]) for p in body["profiles"]] == [
        (str(kavya), "Kavya", "mother", "student"),
        (str(rohan), "Rohan", "mother", "student"),
    ]
    assert devices(academy) == 0
    foreign = anyone(academy).post("auth/verify-otp", {"selection": body["selection"], "profile": UUID(int=5)})
    assert (foreign.status_code, foreign.json()["code"]) == (422, "accounts.profile_unknown")
    chosen = anyone(academy).post("auth/verify-otp", {"selection": body["selection"], "profile": rohan})
    me = api(academy, chosen.json()["access"]).get("auth/me").json()
    assert me["student"] == str(rohan)
    assert {p["id"] for p in me["profiles"]} == {str(kavya), str(rohan)}
    twice = anyone(academy).post("auth/verify-otp", {"selection": body["selection"], "profile": kavya})
    assert (twice.status_code, twice.json()["code"]) == (401, "accounts.selection_used")
    assert devices(academy) == 1


def test_the_profile_may_come_with_the_code(academy: Business, mother: User) -> None:
    kavya = ward_make(academy, mother, "Kavya")
    ward_make(academy, mother, "Rohan")
    phone = str(mother.phone)
    ask(academy, phone)
    code = code_sent(academy, phone)
    foreign = give(academy, phone, code, profile=str(UUID(int=5)))
    assert (foreign.status_code, foreign.json()["code"]) == (422, "accounts.profile_unknown")
    answer = give(academy, phone, code, profile=str(kavya))
    assert api(academy, answer.json()["access"]).get("auth/me").json()["student"] == str(kavya)


def test_a_selection_is_short_lived_and_opens_nothing_else(
    academy: Business, other_academy: Business, mother: User, clock: Any
) -> None:
    kavya = ward_make(academy, mother, "Kavya")
    ward_make(academy, mother, "Rohan")
    selection = answered(academy, mother).json()["selection"]
    given = {"selection": selection, "profile": str(kavya)}
    assert api(academy, selection).get("auth/me").json()["code"] == "accounts.token_invalid"
    assert anyone(other_academy).post("auth/verify-otp", given).json()["code"] == "accounts.token_invalid"
    clock.move(minutes=5, seconds=1)
    assert anyone(academy).post("auth/verify-otp", given).json()["code"] == "accounts.token_expired"
    assert devices(academy) == 0


def test_a_raced_selection_signs_in_once(academy: Business, mother: User) -> None:
    kavya = ward_make(academy, mother, "Kavya")
    ward_make(academy, mother, "Rohan")
    given = {"selection": answered(academy, mother).json()["selection"], "profile": str(kavya)}
    outcomes = race(32, lambda _: anyone(academy).post("auth/verify-otp", given).status_code)
    assert outcomes == {200: 1, 401: 31}
    assert devices(academy) == 1


def test_a_teacher_who_is_a_mother_chooses_whether_she_works(academy: Business) -> None:
    teacher = user_make(academy, role="teacher", name="Meera Iyer")
    ward = ward_make(academy, teacher, "Anika")
    body = answered(academy, teacher).json()
    assert [(p["id"], p["kind"], p["relation"]) for p in body["profiles"]] == [
        (str(teacher.id), "staff", "self"),
        (str(ward), "student", "mother"),
    ]
    chosen = anyone(academy).post("auth/verify-otp", {"selection": body["selection"], "profile": teacher.id})
    me = api(academy, chosen.json()["access"]).get("auth/me").json()
    assert (me["kind"], me["roles"], me["student"]) == ("staff", ["teacher"], None)


def test_access_taken_away_counts_from_the_next_request(academy: Business, mother: User) -> None:
    ward_make(academy, mother, "Kavya")
    client = api(academy, answered(academy, mother).json()["access"])
    assert client.get("auth/me").json()["student"] is not None
    with tenant_scope(academy):
        Access.objects.all().delete()
    me = client.get("auth/me").json()
    assert (me["student"], me["profiles"]) == (None, [])
