"""Fees taken in person: paid once whatever races, dead nowhere in between, and online money that comes late goes back."""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kernel import jobs
from kernel.errors import DomainError
from kernel.ids import uuid7
from kernel.tenancy import Business, tenant_scope
from shared_apps.payments import selectors as payments
from shared_apps.payments.models import Payment
from tenant_apps.fees import counter, services
from tenant_apps.fees.models import Bundle, Due
from tests.payments.conftest import Till
from tests.support.days import local_today, receipt_of
from tests.support.factories.people import branch_make, student_make
from tests.support.people import staff
from tests.support.processes import dying_at
from tests.support.racing import race


@pytest.fixture
def asha_owes(academy: Business) -> tuple[Any, list[Due]]:
    who = student_make(academy, branch_make(academy), name="Asha Rao")
    with tenant_scope(academy):
        dues = [
            services.due_create(student=who.id, title=title, amount_paise=amount, due_on=local_today())
            for title, amount in (("November", 1_500_00), ("Books", 450_50), ("December", 1_500_00))
        ]
    return who, dues


def take(business: Business, who: Any, dues: list[Due], **more: Any) -> str:
    with tenant_scope(business):
        try:
            payment = counter.counter_take(
                student=who.id,
                dues=[due.id for due in dues],
                method=more.pop("method", "cash"),
                key=more.pop("key", "") or str(uuid7()),
                **more,
            )
        except DomainError as error:
            return error.code
        return str(payment.receipt)


def standing(business: Business) -> tuple[list[str], int, int]:
    """How each due stands, what was received, and what the books differ by."""
    with tenant_scope(business):
        books = payments.books()
        return list(Due.objects.order_by("id").values_list("state", flat=True)), books.receipts, books.difference


def test_several_dues_one_receipt_once(academy: Business, asha_owes: tuple[Any, list[Due]]) -> None:
    who, dues = asha_owes
    assert take(academy, who, dues[:2], key="k") == receipt_of(1)
    assert take(academy, who, dues[:2], key="k") == receipt_of(1)
    assert take(academy, who, dues[1:], key="k") == "fees.taken_differently"
    assert take(academy, who, dues[:2]) == "fees.not_open"
    assert take(academy, who, []) == "fees.nothing_chosen"
    stranger = student_make(academy, branch_make(academy))
    assert take(academy, stranger, dues[2:]) == "fees.nothing_chosen"
    # What messaging and fees hear of it changes nothing more.
    jobs.drain()
    assert standing(academy) == (["paid", "paid", "open"], 1_950_50, 0)
    with tenant_scope(academy):
        payment = Payment.objects.get()
        assert {due.payment_id for due in Due.objects.filter(state="paid")} == {payment.id}
        assert (payment.description, payment.payer_id, payment.branch) == ("November, Books", who.id, who.branch_id)


def test_two_counters_and_one_due(academy: Business, asha_owes: tuple[Any, list[Due]]) -> None:
    who, dues = asha_owes
    outcomes = race(32, lambda i: take(academy, who, dues[:2] if i % 2 else dues[1:]))
    assert outcomes == Counter({receipt_of(1): 1, "fees.not_open": 31})
    assert race(32, lambda _: take(academy, who, [dues[0], dues[2]], key="x"))["fees.not_open"] == 32
    states, received, difference = standing(academy)
    assert (states.count("paid"), difference) == (2, 0)
    assert received == 1_950_50
    with tenant_scope(academy):
        # Who was refused left nothing, not even a number in the series.
        assert Bundle.objects.count() == 1


def test_who_dies_after_taking_has_taken_once(academy: Business, asha_owes: tuple[Any, list[Due]]) -> None:
    who, dues = asha_owes
    assert dying_at(counter.TAKEN, lambda: take(academy, who, dues, key="died"))
    assert take(academy, who, dues, key="died") == receipt_of(1)
    assert standing(academy) == (["paid"] * 3, 3_450_50, 0)


def test_cash_for_what_is_being_paid_online(asha: Till) -> None:
    business = asha.business
    who = student_make(business, branch_make(business))
    with tenant_scope(business):
        due = services.due_create(student=who.id, title="May", amount_paise=45_000, due_on=local_today())
    owner = staff(business)
    made = owner.post("payments/create", {"purpose": "fees.due", "reference": str(due.id)}, key="online")
    with tenant_scope(business):
        online = Payment.objects.get(id=made.json()["id"])
    # A bank has the money set aside: not taken here as well.
    asha.pay(online, "authorized")
    with tenant_scope(business):
        Payment.objects.filter(id=online.id).update(state="authorised")
    assert take(business, who, [due]) == "fees.payment_under_way"
    with tenant_scope(business):
        Payment.objects.filter(id=online.id).update(state="pending")
    # An order merely shown does not stand in the way, and money that comes for it all the same goes back.
    assert take(business, who, [due]) == receipt_of(1)
    assert asha.refresh(online).state == "paid"
    asha.settle()
    assert asha.now_of(online).state == "refunded"
    books = asha.books()
    assert (books.receipts - books.refunds, books.difference) == (45_000, 0)
    with tenant_scope(business):
        assert UUID(str(Due.objects.get().payment_id)) == Payment.objects.get(gateway="desk").id


def test_what_is_due_long_since_is_taken_too(academy: Business) -> None:
    who = student_make(academy, branch_make(academy))
    with tenant_scope(academy):
        late = services.due_create(
            student=who.id, title="Old", amount_paise=1, due_on=local_today() - timedelta(days=400)
        )
        services.due_cancel(due=services.due_create(student=who.id, title="x", amount_paise=1, due_on=late.due_on).id)
        cancelled = Due.objects.get(title="x")
    assert take(academy, who, [cancelled]) == "fees.not_open"
    assert take(academy, who, [late], method="upi", reference="41230099") == receipt_of(1)
