"""With every callback lost, the clock alone brings payments and books to the same end."""

from collections.abc import Callable
from typing import Any

import pytest

from kernel import jobs
from kernel.ids import uuid7
from kernel.tenancy import Business, tenant_scope
from shared_apps.payments import services
from shared_apps.payments.errors import NoGateway
from shared_apps.payments.models import Payment
from tests.payments.conftest import Till, deliver


def poll(asha: Till) -> dict[str, int]:
    with tenant_scope(asha.business):
        return services.payments_poll()


def test_money_no_callback_told_of_is_found(asha: Till, clock) -> None:
    asha.sandbox.webhooks("cashfree", "never")
    asha.sandbox.webhooks("razorpay", "never")
    paid, unpaid = asha.ask(150_000), asha.ask(45_000)
    asha.pay(paid)
    assert poll(asha) == {"payments": 0, "refunds": 0, "silent": 0}
    clock.move(minutes=3)
    assert poll(asha) == {"payments": 2, "refunds": 0, "silent": 0}
    assert (asha.now_of(paid).state, asha.now_of(paid).poll_at) == ("paid", None)
    assert asha.now_of(unpaid).state == "pending"
    with tenant_scope(asha.business):
        services.refund_request(payment=paid.id, key="k", amount_paise=1_000)
    jobs.drain()
    clock.move(minutes=11)
    assert poll(asha)["refunds"] == 1
    assert asha.now_of(paid).refunded_paise == 1_000
    assert asha.books().difference == 0


def test_it_is_looked_for_in_growing_gaps_and_then_no_more(asha: Till, clock) -> None:
    payment = asha.ask(45_000)
    looked = 0
    for _ in range(8 * 24):
        clock.move(hours=1)
        looked += poll(asha)["payments"]
    now = asha.now_of(payment)
    assert (now.state, now.poll_at) == ("expired", None)
    assert 24 + 4 * 5 <= looked <= 60


def test_money_days_after_everybody_left_is_found(asha: Till, clock) -> None:
    asha.sandbox.webhooks("razorpay", "never")
    payment = asha.ask(45_000)
    clock.move(hours=3)
    poll(asha)
    assert asha.now_of(payment).state == "expired"
    asha.pay(payment)
    clock.move(days=2)
    poll(asha)
    assert asha.now_of(payment).state == "paid"
    jobs.drain()
    assert asha.books().difference == 0


def test_a_gateway_that_is_silent_ends_nothing(asha: Till, clock) -> None:
    payment = asha.ask(150_000)
    asha.pay(payment)
    clock.move(hours=2)
    asha.sandbox.refuse("cashfree")
    try:
        assert poll(asha) == {"payments": 1, "refunds": 0, "silent": 1}
    finally:
        asha.sandbox.accept("cashfree")
    assert asha.now_of(payment).state == "pending"
    clock.move(minutes=6)
    poll(asha)
    assert asha.now_of(payment).state == "paid"
    jobs.drain()


def test_an_intent_that_never_got_an_order_ends(asha: Till, clock) -> None:
    for vendor in ("cashfree", "razorpay"):
        asha.sandbox.refuse(vendor)
    with pytest.raises(NoGateway):
        asha.ask(150_000)
    for vendor in ("cashfree", "razorpay"):
        asha.sandbox.accept(vendor)
    clock.move(hours=2)
    poll(asha)
    with tenant_scope(asha.business):
        [payment] = Payment.objects.all()
    assert (payment.state, payment.poll_at, payment.current) == ("expired", None, False)


def a_day(till: Till, hear: Callable[[], None]) -> list[tuple[Any, ...]]:
    """Payers pay, fail and pay twice, money goes back; `hear` is how the business learns of it. What it knows then."""
    paid, failed, twice = till.ask(150_000), till.ask(45_000), till.ask(45_000)
    till.pay(paid)
    till.pay(failed, "failed")
    left = till.last(twice)
    with tenant_scope(till.business):
        services.payment_create(purpose="tests.thing", subject=twice.subject, quote=till.quote(45_000), elsewhere=True)
    till.pay(twice)
    till.pay(twice, attempt=left)
    hear()
    with tenant_scope(till.business):
        services.refund_request(payment=paid.id, key=str(uuid7()), amount_paise=1_000)
    jobs.drain()
    hear()
    payments = [till.now_of(one) for one in (paid, failed, twice)]
    refunds = [(one.kind, one.amount_paise, one.state) for payment in payments for one in till.refunds(payment)]
    return [(one.state, bool(one.receipt), one.refunded_paise) for one in payments] + refunds


def test_case_25_with_every_callback_lost_the_books_are_the_same(
    asha: Till, till: Callable[[Business], Till], other_academy: Business, clock
) -> None:
    gyan, told = till(other_academy), 0

    def by_callback() -> None:
        nonlocal told
        heard = asha.heard()
        for one in heard[told:]:
            assert deliver(asha.business, one) == 200
        told = len(heard)
        jobs.drain()

    def by_clock() -> None:
        for _ in range(2):
            clock.move(minutes=11)
            poll(gyan)
            jobs.drain()

    heard = a_day(asha, by_callback)
    by_callback()
    assert heard == [
        ("part_refunded", True, 1_000),
        ("pending", False, 0),
        ("paid", True, 0),
        ("merchant", 1_000, "succeeded"),
        ("surplus", 45_000, "succeeded"),
    ]
    assert a_day(gyan, by_clock) == heard
    assert gyan.books() == asha.books()
    assert gyan.books().difference == 0
