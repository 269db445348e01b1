"""A due from its making to its receipt, all by HTTP: asked for, paid at the hosted checkout, told."""

from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.sandbox.client import Payer
from kernel import jobs
from kernel.ids import uuid7
from kernel.tenancy import Business, tenant_scope
from shared_apps.accounts.models import User
from shared_apps.messaging import services as messaging
from shared_apps.messaging.models import Message
from tenant_apps.fees.models import Due
from tests.payments.conftest import Till, deliver
from tests.support.days import receipt_of
from tests.support.factories.people import branch_make, student_make, user_of
from tests.support.people import Client, staff, student


@pytest.fixture
def school(asha: Till) -> Till:
    asha.branch = branch_make(asha.business, kind="academy")  # type: ignore[attr-defined]
    with tenant_scope(asha.business):
        messaging.templates_seed()
    return asha


def pupil(school: Till, **more: Any) -> tuple[Any, Client]:
    who = student_make(school.business, school.branch, **more)  # type: ignore[attr-defined]
    return who, signed_in(school.business, who)


def signed_in(business: Business, who: Any) -> Client:
    user = user_of(business, who)
    with tenant_scope(business):
        return student(business, user=User.objects.get(id=user), student=who.id)


def due_make(school: Till, who: Any, amount: int = 45_000) -> str:
    answer = staff(school.business).post(
        "dues",
        {"student": str(who.id), "title": "Fee for May", "amount_paise": amount, "due_on": str(date(2026, 5, 10))},
    )
    assert answer.status_code == 201, answer.content
    assert (answer.json()["state"], answer.json()["student"]["id"]) == ("open", str(who.id))
    return str(answer.json()["id"])


def create(person: Client, due: str, *, key: str = "", **more: str) -> Any:
    return person.post("payments/create", {"purpose": "fees.due", "reference": due, **more}, key=key or str(uuid7()))


@pytest.mark.parametrize(("amount", "gateway", "saved"), [(45_000, "razorpay", 89), (150_000, "cashfree", 531)])
def test_paid_by_the_cheaper_gateway_at_the_hosted_checkout(
    school: Till, amount: int, gateway: str, saved: int
) -> None:
    who, person = pupil(school)
    due = due_make(school, who, amount)
    made = create(person, due, key="once", return_path="/fees?tab=paid")
    assert made.status_code == 201, made.content
    payment = made.json()
    assert {name: payment[name] for name in ("state", "amount_paise", "gateway", "environment", "description")} == {
        "state": "pending",
        "amount_paise": amount,
        "gateway": gateway,
        "environment": "sandbox",
        "description": "Fee for May",
    }
    assert create(person, due, key="once", return_path="/fees?tab=paid").json() == payment
    Payer().checkout(payment["checkout"]["page"])
    back = [one for one in school.shop.heard if "/payments/return/" in one.path][-1]
    landed = Client(school.business).call(
        back.method, back.path, back.body or None,
        headers={"Content-Type": back.headers.get("content-type", "application/json")},
    )  # fmt: skip
    assert landed.status_code == 303, landed.content
    end = urlsplit(landed["Location"])
    assert (end.path, parse_qs(end.query)) == (
        "/fees",
        {"tab": ["paid"], "payment": [payment["id"]], "state": ["paid"]},
    )
    for heard in school.heard():
        assert deliver(school.business, heard) == 200
    jobs.drain()
    shown = person.get(f"dues/{due}").json()
    assert (shown["state"], shown["payment"], shown["receipt"]) == ("paid", payment["id"], receipt_of(1))
    paid = person.get(f"payments/{payment['id']}").json()
    assert (paid["state"], paid["receipt"], paid["gateway"]) == ("paid", shown["receipt"], gateway)
    route = staff(school.business).get(f"payments/{payment['id']}/route").json()
    assert (route["chosen"], route["saved_paise"], len(route["candidates"])) == (gateway, saved, 2)
    with tenant_scope(school.business):
        # One SMS, not one from each app that heard of the money: each costs a credit.
        [message] = Message.objects.filter(channel="sms")
        assert (message.to, message.key) == (who.phone, f"payments.settled:{payment['id']}:sms")
    assert [one["id"] for one in person.get(f"students/{who.id}/payments").json()["results"]] == [due]
    stats = staff(school.business).get("payments/stats").json()
    assert (stats["books"]["receipts"], stats["books"]["difference"], stats["saved_paise"]) == (amount, 0, saved)
    if gateway == "razorpay":
        assert (paid["money"]["fee_paise"], paid["money"]["tax_paise"]) == (900, 162)
        assert (stats["fee_paise"], stats["tax_paise"]) == (900, 162)
    again = create(person, due)
    assert (again.status_code, again.json()["code"]) == (409, "payments.already_paid")


def test_verify_believes_the_gateway_and_not_the_browser(school: Till) -> None:
    who, person = pupil(school)
    payment = create(person, due_make(school, who)).json()
    claim = {
        "payment": payment["id"],
        "razorpay_order_id": payment["order"],
        "razorpay_payment_id": "pay_invented",
        "razorpay_signature": "0" * 64,
    }
    forged = person.post("payments/verify", claim)
    assert (forged.status_code, forged.json()["code"]) == (400, "payments.signature_invalid")
    assert person.post("payments/verify", {"payment": payment["id"]}).json()["state"] == "pending"
    Payer().checkout(payment["checkout"]["page"])
    assert person.post("payments/verify", {"payment": payment["id"]}).json()["state"] == "paid"
    _, stranger = pupil(school)
    assert stranger.post("payments/verify", {"payment": payment["id"]}).status_code == 404


def test_a_failed_try_can_be_tried_again_at_the_same_order(school: Till) -> None:
    who, person = pupil(school)
    payment = create(person, due_make(school, who)).json()
    Payer().checkout(payment["checkout"]["page"], "failure")
    assert person.post("payments/verify", {"payment": payment["id"]}).json()["state"] == "pending"
    Payer().checkout(payment["checkout"]["page"])
    assert person.post("payments/verify", {"payment": payment["id"]}).json()["state"] == "paid"


def test_only_ones_own(school: Till) -> None:
    who, person = pupil(school)
    _, stranger = pupil(school)
    due = due_make(school, who)
    assert stranger.get(f"dues/{due}").status_code == 404
    assert stranger.get("dues").json()["results"] == []
    assert create(stranger, due).status_code == 404
    assert stranger.get(f"students/{who.id}/payments").status_code == 404
    payment = create(person, due).json()
    assert stranger.get(f"payments/{payment['id']}").status_code == 404
    assert stranger.get("payments").json()["results"] == []
    assert [one["id"] for one in person.get("payments").json()["results"]] == [payment["id"]]
    assert person.get(f"payments/{payment['id']}/route").status_code == 403
    assert person.get("payments/stats").status_code == 403
    elsewhere = branch_make(school.business, kind="academy")
    far = staff(school.business, "accountant", branch=elsewhere.id)
    assert far.get(f"payments/{payment['id']}").status_code == 404
    assert far.get(f"dues/{due}").status_code == 404
    near = staff(school.business, "accountant", branch=who.branch_id)
    assert near.get(f"payments/{payment['id']}").status_code == 200
    assert [one["id"] for one in near.get("dues").json()["results"]] == [due]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"purpose": "fees.due", "reference": "nothing"}, 404, "http.not_found"),
        ({"purpose": "fees.due", "reference": "01900000-0000-7000-8000-000000000000"}, 404, "http.not_found"),
        ({"purpose": "credits.purchase", "reference": "x"}, 422, "payments.purpose_unknown"),
        ({"purpose": "fees.due", "reference": "x", "amount_paise": 1}, 400, "http.unknown_field"),
        ({"purpose": "fees.due", "reference": "x", "return_path": "//evil.example"}, 400, "http.invalid"),
        ({"purpose": "fees.due", "reference": "x", "return_path": "https://evil.example"}, 400, "http.invalid"),
        ({"purpose": "fees.due", "reference": "x", "return_path": "/\\evil.example"}, 400, "http.invalid"),
    ],
)
def test_what_cannot_be_asked_for(school: Till, body: dict[str, Any], status: int, code: str) -> None:
    _, person = pupil(school)
    answer = person.post("payments/create", body, key="k")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert person.get("payments").json()["results"] == []


def test_a_due_is_cancelled_once_and_money_that_still_comes_goes_back(school: Till) -> None:
    who, person = pupil(school)
    due = due_make(school, who)
    payment = create(person, due).json()
    owner = staff(school.business)
    cancelled = owner.post(f"dues/{due}/cancel", {"reason": "wrong student"})
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert owner.post(f"dues/{due}/cancel").json()["state"] == "cancelled"
    assert create(person, due).json()["code"] == "fees.not_open"
    Payer().checkout(payment["checkout"]["page"])
    assert person.post("payments/verify", {"payment": payment["id"]}).json()["state"] == "paid"
    school.settle()
    assert person.get(f"payments/{payment['id']}").json()["state"] == "refunded"
    assert person.get(f"dues/{due}").json()["state"] == "cancelled"
    assert school.books().difference == 0
    assert school.books().settled == 0


def test_a_paid_due_is_not_cancelled(school: Till) -> None:
    who, person = pupil(school)
    due = due_make(school, who)
    payment = create(person, due).json()
    Payer().checkout(payment["checkout"]["page"])
    person.post("payments/verify", {"payment": payment["id"]})
    jobs.drain()
    refused = staff(school.business).post(f"dues/{due}/cancel")
    assert (refused.status_code, refused.json()["code"], refused.json()["state"]) == (409, "fees.not_open", "paid")
    with tenant_scope(school.business):
        assert Due.objects.get().state == "paid"


def test_who_may_make_dues(school: Till) -> None:
    who, person = pupil(school)
    body = {"student": str(who.id), "title": "Fee", "amount_paise": 100, "due_on": "2026-05-10"}
    assert person.post("dues", body).status_code == 403
    assert staff(school.business, "front_desk").post("dues", body).status_code == 403
    for wrong in ({"amount_paise": 0}, {"amount_paise": -5}, {"title": ""}, {"due_on": "soon"}, {"state": "paid"}):
        assert staff(school.business).post("dues", {**body, **wrong}).status_code == 400
    assert staff(school.business).post("dues", {**body, "student": str(uuid7())}).status_code == 404
    with tenant_scope(school.business):
        assert not Due.objects.exists()


def test_a_return_nobody_knows(school: Till) -> None:
    assert Client(school.business).get(f"payments/return/{school.business.public_id}-nowhere").status_code == 404
