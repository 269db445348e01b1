"""With every callback lost, the clock alone brings payments and books to the same end."""

import pytest

from kernel import jobs
from kernel.tenancy import tenant_scope
from shared_apps.payments import services
from shared_apps.payments.errors import NoGateway
from shared_apps.payments.models import Payment
from tests.payments.conftest import Till


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
