"""The doors that move money and are asked with a key: a process that dies before it answers, then sixteen who repeat."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings

from kernel import jobs
from kernel.idempotency import guard
from kernel.ids import uuid7
from kernel.tenancy import Business, platform_scope, tenant_scope
from shared_apps.accounts.models import User
from shared_apps.credits import services as credits
from shared_apps.credits.models import Order
from shared_apps.credits.services import orders
from shared_apps.payments.models import Payment, Refund
from shared_apps.plans import services as plans
from tests.payments.conftest import Till
from tests.support.factories.people import branch_make, student_make, user_of
from tests.support.people import Client, staff, student
from tests.support.processes import dying_at
from tests.support.racing import race
from tests.support.views import views_with
from tests.support.workers import until


@dataclass
class Door:
    """A request, and what it must have brought about: once."""

    client: Client
    path: str
    body: dict[str, Any]
    effects: Callable[[], list[Any]]


@pytest.fixture
def pupil(asha: Till) -> tuple[Client, str]:
    """A student signed in, and a due of theirs over ₹450."""
    who = student_make(asha.business, branch_make(asha.business, kind="academy"))
    user = user_of(asha.business, who)
    with tenant_scope(asha.business):
        person = student(asha.business, user=User.objects.get(id=user), student=who.id)
    due = staff(asha.business).post(
        "dues", {"student": str(who.id), "title": "Fee for May", "amount_paise": 45_000, "due_on": "2026-05-10"}
    )
    return person, str(due.json()["id"])


@pytest.fixture
def paying(asha: Till, pupil: tuple[Client, str]) -> Door:
    person, due = pupil

    def effects() -> list[Any]:
        with tenant_scope(asha.business):
            payments = list(Payment.objects.filter(subject=due))
        references = [one["reference"] for one in asha.sandbox.book()["orders"]]
        return [(one.state, [a.client_ref for a in asha.attempts(one)] == references) for one in payments]

    return Door(person, "payments/create", {"purpose": "fees.due", "reference": due}, effects)


@pytest.fixture
def refunding(asha: Till) -> Door:
    payment = asha.ask(45_000)
    asha.pay(payment)
    asha.refresh(payment)
    jobs.drain()

    def effects() -> list[Any]:
        asha.settle()
        there = [one["amount_paise"] for one in asha.sandbox.book()["refunds"]]
        with tenant_scope(asha.business):
            return [*Refund.objects.values_list("amount_paise", "state"), there]

    body = {"amount_paise": 5_000, "reason": "left early"}
    return Door(staff(asha.business), f"payments/{payment.id}/refund", body, effects)


@pytest.fixture
def buying(academy: Business, till: Callable[[Business], Till], platform: Business) -> Door:
    counter = till(platform)
    with platform_scope():
        plans.plans_ensure()
        credits.defaults_ensure()
        credits.price_set(channel="sms", business=academy, unit_price=2500)
        credits.vendor_purchase(vendor="msg91", channel="sms", units=1_000, key=str(uuid7()))

    def effects() -> list[Any]:
        with platform_scope():
            orders = list(Order.objects.filter(schema=academy.schema))
            payments = Payment.objects.filter(purpose="credits.purchase", subject__in=[str(one.id) for one in orders])
            asked = [[a.client_ref for a in counter.attempts(one)] for one in payments]
        there = {one["reference"] for one in counter.sandbox.book()["orders"]}
        return [[(one.units, one.amount_paise) for one in orders], [len(set(one) & there) for one in asked]]

    return Door(staff(academy), "credits/purchase", {"units": 500}, effects)


EFFECTS = {
    "paying": [("pending", True)],
    "refunding": [(5_000, "succeeded"), [5_000]],
    "buying": [[(500, 12_500)], [1]],
}


@pytest.mark.parametrize(("name", "point"), [*((name, guard.WORKED) for name in EFFECTS), ("buying", orders.PLACED)])
def test_sixteen_repeat_what_a_dead_process_did_not_answer(
    request: pytest.FixtureRequest, name: str, point: str
) -> None:
    """One effect and one answer; the others are told the same answer, or to ask again in a moment."""
    door: Door = request.getfixturevalue(name)
    assert dying_at(point, lambda: door.client.post(door.path, door.body, key="once"))
    answers: list[tuple[int, bool, bytes]] = []

    def ask(_: int) -> int:
        answer = door.client.post(door.path, door.body, key="once")
        answers.append((answer.status_code, "Idempotent-Replay" in answer, answer.content))
        return answer.status_code

    # The dead one's lock may outlive it for a moment.
    until(lambda: race(16, ask)[201])
    assert {status for status, _, _ in answers} <= {201, 409}
    told = {content for status, _, content in answers if status == 201}
    assert len(told) == 1
    assert [replayed for status, replayed, _ in answers if status == 201].count(False) == 1
    assert door.effects() == EFFECTS[name]
    assert door.client.post(door.path, door.body, key="once").content in told
    assert door.effects() == EFFECTS[name]


def test_only_doors_that_ask_gateways_work_in_phases() -> None:
    """Every other keyed door commits its work and its answer together, so none of them can be done twice."""
    phased, whole = set(), set()
    for urlconf in (settings.ROOT_URLCONF, settings.TENANT_URLCONF):
        for view, _ in views_with("POST", urlconf):
            method = view.post  # type: ignore[attr-defined]
            if getattr(method, "is_idempotent", False):
                (whole if method.is_whole else phased).add(f"{view.__module__}.{view.__name__}")
    assert phased == {"shared_apps.payments.api.payments.PaymentCreate", "shared_apps.credits.api_tenant.PurchaseView"}
    assert len(whole) >= 4
