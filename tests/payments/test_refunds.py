"""Money going back: one refund for a key, never more than came, the books restored when it does not arrive."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.payments.errors import GatewayError
from kernel.errors import DomainError
from kernel.ids import uuid7
from kernel.tenancy import tenant_scope
from shared_apps.payments import services
from shared_apps.payments.errors import NotRefundable, RefundKeyReused, RefundTooLarge
from shared_apps.payments.models import Payment, Refund
from tests.payments.conftest import Till, deliver
from tests.support.people import staff, student
from tests.support.racing import race

AMOUNT = {"cashfree": 150_000, "razorpay": 45_000}


@pytest.fixture(params=sorted(AMOUNT))
def paid(request: pytest.FixtureRequest, asha: Till) -> Payment:
    payment = asha.ask(AMOUNT[request.param])
    asha.pay(payment)
    return asha.refresh(payment)


def ask(asha: Till, payment: Payment, amount: int | None = None, key: str = "", reason: str = "") -> Refund:
    with tenant_scope(asha.business):
        return services.refund_request(payment=payment.id, key=key or str(uuid7()), amount_paise=amount, reason=reason)


def test_in_parts_then_whole(asha: Till, paid: Payment) -> None:
    ask(asha, paid, 10_000)
    asha.settle()
    assert (asha.now_of(paid).state, asha.now_of(paid).refunded_paise) == ("part_refunded", 10_000)
    ask(asha, paid)
    asha.settle()
    now = asha.now_of(paid)
    assert (now.state, now.refunded_paise, now.current) == ("refunded", paid.amount_paise, False)
    books = asha.books()
    assert (books.settled, books.receipts, books.refunds, books.difference) == (
        0,
        paid.amount_paise,
        paid.amount_paise,
        0,
    )
    with pytest.raises(NotRefundable):
        ask(asha, paid, 1)
    asha.refresh(paid)
    assert len(asha.refunds(paid)) == 2


def test_never_more_than_came(asha: Till, paid: Payment) -> None:
    with pytest.raises(RefundTooLarge) as refused:
        ask(asha, paid, paid.amount_paise + 1)
    assert refused.value.data == {"available_paise": paid.amount_paise}
    ask(asha, paid, paid.amount_paise - 5)
    with pytest.raises(RefundTooLarge):
        ask(asha, paid, 6)
    assert len(asha.refunds(paid)) == 1


def test_a_key_is_one_refund(asha: Till, paid: Payment) -> None:
    assert ask(asha, paid, 100, "k").id == ask(asha, paid, 100, "k").id
    with pytest.raises(RefundKeyReused):
        ask(asha, paid, 200, "k")
    asha.settle()
    assert asha.now_of(paid).refunded_paise == 100


def test_case_20_thirty_two_clicks_give_back_what_there_is(asha: Till, paid: Payment) -> None:
    part = paid.amount_paise // 10

    def click(index: int) -> str:
        try:
            ask(asha, paid, part, f"{index}")
        except DomainError as error:
            return error.code
        return "refunded"

    assert race(32, click) == {"refunded": 10, "payments.refund_too_large": 22}
    asha.settle()
    assert asha.now_of(paid).refunded_paise == part * 10
    assert asha.books().difference == 0
    given_back = [one["amount_paise"] for one in asha.sandbox.book()["refunds"]]
    assert given_back == [part] * 10


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", ["timeout_after", "error_500_after", "timeout_before", "truncated", "rate_limited"])
def test_case_20_an_unclear_answer_is_asked_about_and_given_back_once(
    asha: Till, paid: Payment, fault: str, clock
) -> None:
    asha.sandbox.fault(paid.gateway, "refund_create", fault)
    refund = ask(asha, paid, 5_000)
    with tenant_scope(asha.business), pytest.raises(GatewayError):
        services.refund_send(refund=refund.id)
    assert asha.refunds(paid)[0].state == "unknown"
    assert asha.books().refunds == 0
    # Longer than who has too many requests asks us to wait.
    clock.move(seconds=8)
    asha.settle()
    [refund] = asha.refunds(paid)
    assert refund.state in ("succeeded", "pending")
    with tenant_scope(asha.business):
        services.refund_refresh(refund=refund.id)
    assert asha.now_of(paid).refunded_paise == 5_000
    assert [one["amount_paise"] for one in asha.sandbox.book()["refunds"]] == [5_000]


@pytest.mark.parametrize("fate", ["FAILED", "CANCELLED"])
def test_case_21_a_refund_that_fails_frees_the_money(asha: Till, paid: Payment, fate: str) -> None:
    if paid.gateway == "razorpay" and fate == "CANCELLED":
        # Razorpay has no such end.
        fate = "FAILED"
    refund = ask(asha, paid, 5_000, reason=fate)
    asha.settle()
    with tenant_scope(asha.business):
        services.refund_refresh(refund=refund.id)
    assert asha.refunds(paid)[0].state == fate.lower()
    assert (asha.now_of(paid).state, asha.now_of(paid).refunded_paise) == ("paid", 0)
    assert asha.books().difference == 0
    ask(asha, paid)
    asha.settle()


@pytest.mark.parametrize("fate", ["SUCCESS", "FAILED"])
def test_case_21_a_refund_on_hold_waits_and_stalls_nobody(asha: Till, fate: str, clock) -> None:
    payment, other = asha.ask(150_000), asha.ask(150_000)
    asha.pay(payment)
    asha.refresh(payment)
    asha.pay(other)
    refund = ask(asha, payment, 5_000, reason="ONHOLD")
    asha.settle()
    assert asha.refunds(payment)[0].state == "on_hold"
    assert (asha.now_of(payment).refunded_paise, asha.books().difference) == (0, 0)
    asha.sandbox.refund_move("cashfree", refund.reference, fate)
    clock.move(minutes=11)
    with tenant_scope(asha.business):
        assert services.payments_poll() == {"payments": 1, "refunds": 1, "silent": 0}
    assert asha.now_of(other).state == "paid"
    assert asha.now_of(payment).refunded_paise == (5_000 if fate == "SUCCESS" else 0)
    assert asha.books().difference == 0


def test_case_20_two_workers_ask_once(asha: Till, paid: Payment) -> None:
    refund = ask(asha, paid, 5_000)

    def work(_: int) -> str:
        with tenant_scope(asha.business):
            return services.refund_send(refund=refund.id).state

    assert set(race(8, work)) <= {"succeeded", "pending"}
    asha.settle()
    assert [one["amount_paise"] for one in asha.sandbox.book()["refunds"]] == [5_000]
    assert (asha.now_of(paid).refunded_paise, asha.books().difference) == (5_000, 0)


def test_case_21_a_refund_the_bank_returns_restores_the_books(asha: Till, paid: Payment) -> None:
    refund = ask(asha, paid)
    asha.settle()
    with tenant_scope(asha.business):
        refund = services.refund_refresh(refund=refund.id)
    assert asha.now_of(paid).state == "refunded"
    name = refund.reference if paid.gateway == "cashfree" else refund.gateway_refund_id
    asha.sandbox.refund_move(paid.gateway, name, "FAILED" if paid.gateway == "cashfree" else "failed")
    for heard in asha.heard():
        deliver(asha.business, heard)
    asha.settle()
    assert asha.refunds(paid)[0].state == "reversed"
    now, books = asha.now_of(paid), asha.books()
    assert (now.state, now.refunded_paise) == ("paid", 0)
    assert (books.settled, books.refunds, books.difference) == (paid.amount_paise, 0, 0)


def test_money_given_back_at_the_gateways_own_desk_is_booked(asha: Till) -> None:
    payment = asha.ask(45_000)
    tried = asha.pay(payment)
    asha.refresh(payment)
    asha.sandbox.payment_move("razorpay", tried, "refunded")
    assert asha.refresh(payment).state == "refunded"
    assert [(one.kind, one.amount_paise, one.state) for one in asha.refunds(payment)] == [
        ("outside", 45_000, "succeeded")
    ]
    asha.refresh(payment)
    books = asha.books()
    assert (books.settled, books.receipts, books.refunds, books.difference) == (0, 45_000, 45_000, 0)


def test_money_given_back_before_its_payment_was_ever_told_ends_alike(asha: Till) -> None:
    payment = asha.ask(45_000)
    tried = asha.pay(payment)
    asha.sandbox.payment_move("razorpay", tried, "refunded")
    assert asha.refresh(payment).state == "refunded"
    books = asha.books()
    assert (books.settled, books.receipts, books.refunds, books.difference) == (0, 45_000, 45_000, 0)


def test_by_the_door(asha: Till, paid: Payment) -> None:
    desk, teacher = staff(asha.business, "accountant"), staff(asha.business, "front_desk")
    address = f"payments/{paid.id}/refund"
    assert teacher.post(address, {}, key="a").status_code == 403
    assert student(asha.business).post(address, {}, key="a").status_code == 403
    assert desk.post(address, {}).json()["code"] == "idempotency.key_missing"
    assert desk.post(address, {"amount_paise": 0}, key="b").status_code == 400
    first = desk.post(address, {"amount_paise": 5_000, "reason": "left"}, key="c")
    assert (first.status_code, first.json()["amount_paise"], first.json()["state"]) == (201, 5_000, "requested")
    assert desk.post(address, {"amount_paise": 5_000, "reason": "left"}, key="c").json() == first.json()
    too_much = desk.post(address, {"amount_paise": paid.amount_paise}, key="d")
    assert (too_much.status_code, too_much.json()["code"]) == (409, "payments.refund_too_large")
    assert too_much.json()["available_paise"] == paid.amount_paise - 5_000
    assert staff(asha.business).post(f"payments/{uuid7()}/refund", {}, key="e").status_code == 404
    asha.settle()
    [shown] = desk.get(address).json()["results"]
    assert (shown["state"], shown["kind"]) in {("succeeded", "merchant"), ("pending", "merchant")}


@given(parts=st.lists(st.integers(1, 60_000), min_size=1, max_size=5))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_asked_back_the_books_agree(asha: Till, parts: list[int]) -> None:
    payment = asha.ask(45_000)
    asha.pay(payment)
    asha.refresh(payment)
    left = 45_000
    for part in parts:
        try:
            ask(asha, payment, part)
        except (RefundTooLarge, NotRefundable):
            assert part > left
            continue
        left -= part
    asha.settle()
    for refund in asha.refunds(payment):
        with tenant_scope(asha.business):
            services.refund_refresh(refund=refund.id)
    assert asha.now_of(payment).refunded_paise == 45_000 - left
    assert asha.books().difference == 0
