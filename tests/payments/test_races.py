"""Everybody at once: one session to pay, one settlement, receipts without gaps, nobody's credentials at another's."""

import itertools
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from uuid import UUID

import pytest

from connectors.payments.port import GatewayPayment as Told
from connectors.payments.port import PaymentState
from kernel import jobs
from kernel.errors import DomainError
from kernel.ids import uuid7
from kernel.tenancy import Business, tenant_scope
from shared_apps.payments import selectors, services
from shared_apps.payments.models import Attempt, Payment, Refund
from tests.payments.conftest import Till, deliver
from tests.support.days import receipt_of
from tests.support.racing import race, racing

ROUNDS = 20
AMOUNT = 45_000


def test_thirty_two_askers_of_one_thing_get_one_order(asha: Till) -> None:
    subject, quote = str(uuid7()), asha.quote(150_000)

    def ask(_: int) -> str:
        with tenant_scope(asha.business):
            try:
                payment = services.payment_create(purpose="tests.thing", subject=subject, quote=quote)
            except DomainError as error:
                return error.code
        return str(payment.state)

    outcomes = race(32, ask)
    assert set(outcomes) <= {"pending", "payments.under_way"}
    assert outcomes["pending"] >= 1
    assert len(asha.sandbox.book()["orders"]) == 1
    with tenant_scope(asha.business):
        assert Payment.objects.count() == 1


def test_callback_return_page_poller_and_verify_at_once_settle_once(asha: Till) -> None:
    payment = asha.ask(45_000)
    asha.pay(payment)

    def settle(_: int) -> str:
        with tenant_scope(asha.business):
            return services.payment_refresh(payment=payment.id).state

    assert race(32, settle) == {"paid": 32}
    jobs.drain()
    books = asha.books()
    assert (books.settled, books.receipts, books.difference) == (45_000, 45_000, 0)


def test_two_payments_of_one_thing_paid_at_once_count_once(asha: Till, clock) -> None:
    subject = str(uuid7())
    old = asha.ask(45_000, subject=subject)
    clock.move(hours=2)
    new = asha.ask(45_000, subject=subject)
    asha.pay(old)
    asha.pay(new)

    def settle(index: int) -> str:
        with tenant_scope(asha.business):
            return services.payment_refresh(payment=(old, new)[index % 2].id).state

    outcomes = race(32, settle)
    assert set(outcomes) <= {"paid", "pending", "expired"}
    asha.settle()
    states = sorted((asha.now_of(old).state, asha.now_of(new).state))
    assert states in (["expired", "paid"], ["paid", "pending"])
    assert [one.kind for one in asha.refunds(old) + asha.refunds(new)] == ["surplus"]
    books = asha.books()
    assert (books.settled, books.receipts, books.surplus, books.difference) == (45_000, 45_000, 0, 0)


def test_case_01_fifty_copies_of_one_callback_in_parallel_count_once(asha: Till) -> None:
    payment = asha.ask(45_000)
    asha.pay(payment)
    one = asha.heard()[-1]
    assert race(50, lambda _: deliver(asha.business, one)) == {200: 50}
    jobs.drain()
    assert asha.now_of(payment).state == "paid"
    assert asha.books().settled == 45_000


class Orders:
    """Orders like one that was really made, in any number: what these races are about begins with a gateway's word."""

    def __init__(self, till: Till) -> None:
        self.business = till.business
        self.first = till.last(till.ask(AMOUNT))
        self.names = itertools.count(1)

    def make(self, count: int = 1) -> list[Attempt]:
        """Other payments, each with its order open."""
        with tenant_scope(self.business):
            payments = Payment.objects.filter(id=self.first.payment_id)
            made = [self._another(payments.get(), deepcopy(self.first)) for _ in range(count)]
            Payment.objects.bulk_create(one.payment for one in made)
            return Attempt.objects.bulk_create(made)

    def taken(self, attempt: Attempt) -> Payment:
        """Book what the gateway says once the payer has paid."""
        told = Told(
            gateway_payment_id=f"pay-{attempt.client_ref}",
            gateway_order_id=attempt.gateway_order_id,
            reference=attempt.client_ref,
            amount_paise=AMOUNT,
            currency="INR",
            state=PaymentState.CAPTURED,
            fee_paise=900,
            tax_paise=162,
            method="upi",
            reason="",
            paid_at=None,
            raw={},
        )
        with tenant_scope(self.business):
            return services.payment_apply(attempt=attempt, facts=[told])

    def _another(self, payment: Payment, attempt: Attempt) -> Attempt:
        name = next(self.names)
        payment.id, payment.subject, payment.reference = uuid7(), str(uuid7()), f"{payment.reference}-{name}"
        attempt.id, attempt.payment, attempt.client_ref = uuid7(), payment, f"{attempt.client_ref}-{name}"
        attempt.gateway_order_id += f"-{name}"
        return attempt


@pytest.fixture
def orders(academy: Business, till: Callable[[Business], Till]) -> Orders:
    return Orders(till(academy))


def test_eight_payments_told_of_four_times_each_at_once_have_receipts_without_gaps(orders: Orders) -> None:
    """Twenty rounds: callback, return page, poller and verify of eight payers all bring the same money."""
    with racing(32) as round_of:
        for round_ in range(ROUNDS):
            attempts = orders.make(8)
            receipts = round_of(lambda index, made=attempts: orders.taken(made[index % 8]).receipt)
            numbers = range(8 * round_ + 1, 8 * round_ + 9)
            assert receipts == {receipt_of(number): 4 for number in numbers}, round_
    with tenant_scope(orders.business):
        books = selectors.books()
    assert (books.settled, books.receipts, books.difference) == (8 * ROUNDS * AMOUNT, 8 * ROUNDS * AMOUNT, 0)


def test_of_32_refunds_as_many_are_promised_as_there_is_money(orders: Orders) -> None:
    def click(index: int, payment: UUID) -> str:
        with tenant_scope(orders.business):
            try:
                services.refund_request(payment=payment, key=f"{payment} {index}", amount_paise=AMOUNT // 3)
            except DomainError as error:
                return error.code
        return "promised"

    with racing(32) as round_of:
        for attempt in orders.make(ROUNDS):
            payment = orders.taken(attempt).id
            assert round_of(partial(click, payment=payment)) == {"promised": 3, "payments.refund_too_large": 29}
    with tenant_scope(orders.business):
        assert Refund.objects.count() == 3 * ROUNDS


def test_case_23_eight_threads_of_two_businesses_never_cross(
    asha: Till, till: Callable[[Business], Till], other_academy: Business
) -> None:
    tills = (asha, till(other_academy))

    def ask(index: int) -> str:
        mine = tills[index % 2]
        for number in range(10):
            # Each business has amounts of its own.
            mine.ask((150_000, 45_000)[number % 2] + index % 2)
        return mine.business.schema

    assert race(8, ask) == {one.business.schema: 4 for one in tills}
    orders = asha.sandbox.book()["orders"]
    assert len(orders) == 80
    for order in orders:
        index = 0 if order["reference"].startswith(asha.business.public_id) else 1
        assert order["account"] == tills[index].keys[order["vendor"]]
        assert order["amount_paise"] % 100 == index
