"""Asking again, late money and money at two gateways: it counts once, and what came beside it goes back."""

import pytest

from connectors.payments.errors import NeverReached
from kernel.ids import uuid7
from kernel.tenancy import tenant_scope
from shared_apps.payments.errors import (
    AlreadyPaid,
    AmountChanged,
    AmountTooSmall,
    NoGateway,
    PhoneNeeded,
)
from shared_apps.payments.models import Payment
from shared_apps.payments.purposes import Payer, Quote
from shared_apps.payments.services import payment_create
from tests.payments.conftest import Till


def states(asha: Till, payment: Payment) -> list[tuple[str, str, str]]:
    return [(one.gateway, one.state, one.error) for one in asha.attempts(payment)]


def payments_of(asha: Till) -> list[Payment]:
    with tenant_scope(asha.business):
        return list(Payment.objects.all())


def payable(asha: Till) -> list[str]:
    """Orders the gateways would take money for that a payer was ever shown."""
    return [one["reference"] for one in asha.sandbox.book()["orders"] if one["state"] in {"ACTIVE", "created"}]


def test_an_order_nobody_can_find_out_about_is_never_shown_and_its_money_found(asha: Till) -> None:
    asha.sandbox.fault("cashfree", "order_create", "error_500_after")
    asha.sandbox.fault("cashfree", "order_fetch", "error_500_html")
    payment = asha.ask(150_000)
    hidden, shown = asha.attempts(payment)
    assert (hidden.state, hidden.checkout, shown.gateway) == ("create_unknown", {}, "razorpay")
    # Should it be paid all the same, it counts; the second money is surplus and goes back once.
    asha.pay(payment, attempt=shown)
    assert asha.refresh(payment).state == "paid"
    asha.pay(payment, attempt=hidden)
    for _ in range(3):
        asha.refresh(payment)
        asha.settle()
    assert [(one.kind, one.amount_paise, one.state) for one in asha.refunds(payment)] == [
        ("surplus", 150_000, "succeeded")
    ]
    books = asha.books()
    assert (books.receipts, books.refunds, books.surplus, books.settled) == (150_000, 0, 0, 150_000)
    assert books.difference == 0
    assert len(asha.sandbox.book()["refunds"]) == 1


def test_nobody_can_be_reached_then_one_can(asha: Till) -> None:
    subject = str(uuid7())
    for vendor in ("cashfree", "razorpay"):
        asha.sandbox.refuse(vendor)
    with pytest.raises(NoGateway):
        asha.ask(150_000, subject=subject)
    [payment] = payments_of(asha)
    assert payment.state == "created"
    for vendor in ("cashfree", "razorpay"):
        asha.sandbox.accept(vendor)
    again = asha.ask(150_000, subject=subject)
    assert (again.id, again.state, again.gateway) == (payment.id, "pending", "cashfree")
    assert [one.state for one in asha.attempts(payment)] == ["failed", "failed", "open"]


def test_without_an_account_there_is_no_gateway(academy, gateways) -> None:
    payer = Payer(id=uuid7(), name="Kavya", phone="+919800000001")
    with tenant_scope(academy), pytest.raises(NoGateway):
        payment_create(purpose="tests.thing", subject="x", quote=Quote(150_000, "Fee", payer))


def test_asking_again_gives_the_same_order(asha: Till) -> None:
    subject = str(uuid7())
    first, second = asha.ask(150_000, subject=subject), asha.ask(150_000, subject=subject)
    assert first.id == second.id
    assert len(asha.attempts(first)) == len(payable(asha)) == 1
    with pytest.raises(AmountChanged):
        asha.ask(150_100, subject=subject)
    asha.pay(first)
    asha.refresh(first)
    with pytest.raises(AlreadyPaid):
        asha.ask(150_000, subject=subject)


def test_what_cannot_be_asked_for(asha: Till) -> None:
    with pytest.raises(AmountTooSmall):
        asha.ask(99)
    with tenant_scope(asha.business), pytest.raises(PhoneNeeded):
        payment_create(purpose="t", subject="x", quote=Quote(100, "Fee", Payer(id=uuid7(), name="K", phone="")))
    assert payments_of(asha) == []


def test_an_expired_payment_makes_room_for_a_new_one_and_late_money_goes_back(asha: Till, clock) -> None:
    subject = str(uuid7())
    old = asha.ask(45_000, subject=subject)
    clock.move(hours=2)
    new = asha.ask(45_000, subject=subject)
    assert new.id != old.id
    assert asha.now_of(old).state == "expired"
    asha.pay(new)
    assert asha.refresh(new).state == "paid"
    # Razorpay cannot end an order: the old tab still takes money.
    asha.pay(old)
    asha.refresh(old)
    asha.settle()
    assert asha.now_of(old).state == "expired"
    assert [(one.kind, one.state) for one in asha.refunds(old)] == [("surplus", "succeeded")]
    books = asha.books()
    assert (books.receipts, books.surplus, books.difference) == (45_000, 0, 0)


def test_late_money_pays_when_nothing_else_did(asha: Till, clock) -> None:
    subject = str(uuid7())
    old = asha.ask(45_000, subject=subject)
    clock.move(hours=2)
    new = asha.ask(45_000, subject=subject)
    asha.pay(old)
    assert asha.refresh(old).state == "paid"
    asha.pay(new)
    asha.refresh(new)
    asha.settle()
    assert [one.kind for one in asha.refunds(new)] == ["surplus"]
    assert asha.books().difference == 0


def test_cashfree_is_made_unpayable_when_time_is_over(asha: Till, clock) -> None:
    payment = asha.ask(150_000)
    clock.move(minutes=61)
    assert asha.refresh(payment).state == "expired"
    [order] = asha.sandbox.book()["orders"]
    assert order["state"] in {"TERMINATED", "EXPIRED"}


def test_money_at_one_gateway_is_seen_while_the_other_is_down(asha: Till) -> None:
    asha.sandbox.fault("cashfree", "order_create", "error_500_html")
    asha.sandbox.fault("cashfree", "order_fetch", "error_500_html", times=2)
    payment = asha.ask(150_000)
    assert [(one.gateway, one.state) for one in asha.attempts(payment)] == [
        ("cashfree", "create_unknown"),
        ("razorpay", "open"),
    ]
    asha.pay(payment)
    asha.sandbox.refuse("cashfree")
    try:
        with pytest.raises(NeverReached):
            asha.refresh(payment)
    finally:
        asha.sandbox.accept("cashfree")
    with tenant_scope(asha.business):
        assert Payment.objects.get(id=payment.id).state == "paid"
    assert asha.books().difference == 0
