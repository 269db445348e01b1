"""A process killed at any point loses no money, asks for none twice, and gives none back twice."""

import time
from collections.abc import Callable

import pytest

from kernel import crash, jobs
from kernel.ids import uuid7
from kernel.tenancy import tenant_scope
from shared_apps.payments import services
from shared_apps.payments.errors import UnderWay
from shared_apps.payments.models import Payment
from shared_apps.payments.services import desk, opening, refunds, settling
from tests.payments.conftest import Till, deliver
from tests.support.days import receipt_of
from tests.support.processes import drain_dying_at, dying_at

OPENING = (opening.INTENT, opening.PLANNED, opening.ASKED, opening.ANSWERED, opening.OPENED)
SETTLING = (settling.FETCHED, settling.BOOKED)
ENDING = (opening.LEFT, settling.CAPTURED, settling.ENDED)
REFUNDING = (refunds.ASKED, refunds.ANSWERED, refunds.BOOKED)
BY_REQUEST = (refunds.RESERVED,)
# Died at in test_desk.
AT_THE_DESK = (desk.BOOKED,)


def test_every_point_is_here() -> None:
    here = {*OPENING, *SETTLING, *ENDING, *REFUNDING, *BY_REQUEST, *AT_THE_DESK}
    assert {point for point in crash.registered() if point.startswith("payments.")} == here


def once_the_dead_let_go(ask: Callable[[], Payment]) -> Payment:
    """Ask until the server has noticed that whoever held the payment is gone."""
    deadline = time.monotonic() + 15
    while True:
        try:
            return ask()
        except UnderWay:
            assert time.monotonic() < deadline


@pytest.mark.parametrize("amount", [150_000, 45_000])
@pytest.mark.parametrize("point", OPENING)
def test_opening(asha: Till, point: str, amount: int) -> None:
    subject = str(uuid7())
    quote = asha.quote(amount)

    def ask() -> Payment:
        with tenant_scope(asha.business):
            return services.payment_create(purpose="tests.thing", subject=subject, quote=quote)

    assert dying_at(point, ask)
    payment = once_the_dead_let_go(ask)
    [attempt] = asha.attempts(payment)
    assert (payment.state, attempt.state) == ("pending", "open")
    # Exactly one order at the gateways, and it is the one shown.
    [order] = asha.sandbox.book()["orders"]
    assert order["reference"] == attempt.client_ref
    asha.pay(payment)
    assert asha.refresh(payment).state == "paid"
    assert asha.books().difference == 0


@pytest.mark.parametrize("point", [opening.ASKED, opening.ANSWERED])
def test_an_opening_nobody_came_back_to_ends_by_the_clock(asha: Till, point: str, clock) -> None:
    def ask() -> None:
        asha.ask(150_000)

    assert dying_at(point, ask)
    clock.move(minutes=70)
    with tenant_scope(asha.business):
        assert services.payments_poll() == {"payments": 1, "refunds": 0, "silent": 0}
        [payment] = Payment.objects.all()
        assert payment.state == "expired"
        assert [one.state for one in payment.attempts.all()] == ["abandoned"]


@pytest.mark.parametrize("point", SETTLING)
def test_settling(asha: Till, point: str) -> None:
    payment = asha.ask(45_000)
    asha.pay(payment)
    for heard in asha.heard():
        assert deliver(asha.business, heard) == 200
    assert drain_dying_at(point)
    jobs.drain()
    now, books = asha.now_of(payment), asha.books()
    assert (now.state, now.receipt) == ("paid", receipt_of(1))
    assert (books.settled, books.receipts, books.difference) == (45_000, 45_000, 0)
    assert len(asha.money(payment)) == 1


@pytest.mark.parametrize(("amount", "other"), [(150_000, "razorpay"), (45_000, "cashfree")])
def test_leaving_an_order_for_another_gateway(asha: Till, amount: int, other: str) -> None:
    payment = asha.ask(amount)

    def leave() -> Payment:
        with tenant_scope(asha.business):
            quote = asha.quote(amount)
            return services.payment_create(purpose="tests.thing", subject=payment.subject, quote=quote, elsewhere=True)

    assert dying_at(opening.LEFT, leave)
    assert once_the_dead_let_go(leave).id == payment.id
    old, new = asha.attempts(payment)
    assert (old.state, new.state, new.gateway) == ("abandoned", "open", other)
    asha.pay(payment)
    assert asha.refresh(payment).state == "paid"
    assert asha.books().difference == 0


def test_taking_what_a_bank_has_set_aside(asha: Till) -> None:
    payment = asha.ask(45_000)
    asha.pay(payment, "authorized")
    assert dying_at(settling.CAPTURED, lambda: asha.refresh(payment))
    for _ in range(2):
        assert asha.refresh(payment).state == "paid"
    books = asha.books()
    assert (books.settled, books.receipts, books.difference) == (45_000, 45_000, 0)
    assert len(asha.money(payment)) == 1


def test_ending_what_was_not_paid_in_its_time(asha: Till, clock) -> None:
    payment = asha.ask(150_000)
    clock.move(minutes=70)
    assert dying_at(settling.ENDED, lambda: asha.refresh(payment))
    assert asha.refresh(payment).state == "expired"
    assert [one.state for one in asha.attempts(payment)] == ["abandoned"]


@pytest.mark.parametrize("amount", [150_000, 45_000])
@pytest.mark.parametrize("point", REFUNDING)
def test_refunding(asha: Till, point: str, amount: int) -> None:
    payment = asha.ask(amount)
    asha.pay(payment)
    asha.refresh(payment)
    jobs.drain()
    with tenant_scope(asha.business):
        services.refund_request(payment=payment.id, key="once", amount_paise=5_000)
    assert drain_dying_at(point)
    asha.settle()
    assert [(one.state, one.amount_paise) for one in asha.refunds(payment)] == [("succeeded", 5_000)]
    assert [one["amount_paise"] for one in asha.sandbox.book()["refunds"]] == [5_000]
    books = asha.books()
    assert (books.refunds, books.difference) == (5_000, 0)


def test_a_refund_reserved_is_sent_by_whoever_is_left(asha: Till) -> None:
    payment = asha.ask(45_000)
    asha.pay(payment)
    asha.refresh(payment)

    def click() -> None:
        with tenant_scope(asha.business):
            services.refund_request(payment=payment.id, key="once", amount_paise=5_000)

    assert dying_at(refunds.RESERVED, click)
    click()
    asha.settle()
    assert [(one.state, one.amount_paise) for one in asha.refunds(payment)] == [("succeeded", 5_000)]
    assert asha.now_of(payment).refunded_paise == 5_000
