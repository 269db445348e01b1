"""From a row in a sheet to a signed-in profile: siblings on a parent's phone, and what a suspended number may."""

from kernel.tenancy import Business
from tests.people.test_students_api import NEW
from tests.support.factories.people import branch_make, student_make
from tests.support.otp import code_sent
from tests.support.people import Client, anyone, api, phone_make, staff


def verified(business: Business, phone: str, **more: str) -> dict[str, object]:
    client = anyone(business)
    assert client.post("auth/send-otp", {"phone": phone}).status_code == 200
    answer = client.post("auth/verify-otp", {"phone": phone, "code": code_sent(business, phone), **more})
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_parent_picks_one_of_two_siblings_and_sees_both(academy: Business) -> None:
    branch = branch_make(academy, code="ASH", kind="academy")
    number = phone_make()
    ravi = student_make(academy, branch, name="Ravi Rao", guardian_phone=number, guardian_relation="mother")
    rani = student_make(academy, branch, name="Rani Rao", guardian_phone=number, guardian_relation="mother")
    offered = verified(academy, number)
    profiles = {(one["id"], one["relation"]) for one in offered["profiles"]}  # type: ignore[attr-defined]
    assert profiles == {(str(ravi.id), "mother"), (str(rani.id), "mother")}
    picked = anyone(academy).post("auth/verify-otp", {"selection": offered["selection"], "profile": str(rani.id)})
    client = api(academy, picked.json()["access"])
    assert client.get("auth/me").json()["student"] == str(rani.id)
    assert {one["id"] for one in client.get("students").json()["results"]} == {str(ravi.id), str(rani.id)}


def test_a_replaced_number_is_shut_out_at_once(academy: Business) -> None:
    branch = branch_make(academy, code="ASH", kind="academy")
    pupil = student_make(academy, branch, name="Ravi Rao")
    client = Client(academy, token=str(verified(academy, pupil.phone)["access"]))
    assert client.get(f"students/{pupil.id}").status_code == 200
    assert staff(academy).patch(f"students/{pupil.id}", {"phone": phone_make()}).status_code == 200
    assert client.get(f"students/{pupil.id}").status_code == 404
    assert client.post("students", NEW).status_code == 403
