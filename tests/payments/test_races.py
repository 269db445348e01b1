"""Everybody at once: one session to pay, one settlement, receipts without gaps, nobody's credentials at another's."""

from collections.abc import Callable

from kernel import jobs
from kernel.errors import DomainError
from kernel.ids import uuid7
from kernel.tenancy import Business, tenant_scope
from shared_apps.payments import services
from shared_apps.payments.models import Payment
from tests.payments.conftest import Till, deliver
from tests.support.racing import race


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
    for _ in range(2):
        payment = asha.ask(45_000)
        asha.pay(payment)

        def settle(index: int, payment: Payment = payment) -> str:
            with tenant_scope(asha.business):
                return services.payment_refresh(payment=payment.id).state

        assert race(32, settle) == {"paid": 32}
    jobs.drain()
    books = asha.books()
    assert (books.settled, books.receipts, books.difference) == (90_000, 90_000, 0)


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


def test_receipts_have_no_gaps_and_no_doubles(asha: Till) -> None:
    payments = [asha.ask(45_000) for _ in range(16)]
    for payment in payments:
        asha.pay(payment)

    def settle(index: int) -> str:
        with tenant_scope(asha.business):
            return str(services.payment_refresh(payment=payments[index].id).receipt)

    outcomes = race(16, settle)
    assert outcomes == {f"A/2026-27/{number:06d}": 1 for number in range(1, 17)}
    jobs.drain()


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
