"""Money taken at the desk: booked once however it is asked for, given back there, and dead nowhere in between."""

import itertools
from collections import Counter
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kernel.errors import DomainError
from kernel.ids import uuid7
from kernel.tenancy import Business, tenant_scope
from shared_apps.ledger import selectors as ledger
from shared_apps.payments import selectors, services
from shared_apps.payments.errors import RefundTooLarge
from shared_apps.payments.models import GatewayPayment, Payment
from shared_apps.payments.purposes import Payer, Quote
from shared_apps.payments.services import desk
from tests.support.days import receipt_of
from tests.support.people import phone_make, staff
from tests.support.processes import dying_at
from tests.support.racing import race

PAYER = Payer(id=uuid7(), name="Kavya Nair", phone=phone_make())


def take(business: Business, amount: int = 45_000, *, key: str = "", method: str = "cash", **more: Any) -> Payment:
    quote = Quote(amount_paise=amount, description="Fee for May", payer=more.pop("payer", PAYER))
    with tenant_scope(business):
        return services.desk_payment_create(
            purpose="tests.thing",
            subject=more.pop("subject", "") or key or str(uuid7()),
            quote=quote,
            method=method,
            key=key or str(uuid7()),
            taken_by=None,
            **more,
        )


def books_of(business: Business) -> selectors.Books:
    with tenant_scope(business):
        assert ledger.discrepancies() == []
        return selectors.books()


def outcome(business: Business, *args: Any, **more: Any) -> str:
    try:
        return str(take(business, *args, **more).receipt)
    except DomainError as error:
        return error.code


@pytest.mark.parametrize(("method", "account"), [("cash", "cash:desk"), ("upi", "bank:desk"), ("card", "bank:desk")])
def test_taken_booked_and_receipted(academy: Business, method: str, account: str) -> None:
    payment = take(academy, 45_000, method=method, reference="" if method == "cash" else "4123 0099 1")
    assert (payment.state, payment.receipt, payment.gateway) == ("paid", receipt_of(1), "desk")
    with tenant_scope(academy):
        assert ledger.balance(account) == -45_000
        assert ledger.balance("income:tests.thing") == 45_000
        # Nobody asks a gateway about it, by the clock or by hand.
        assert services.payments_poll() == {"payments": 0, "refunds": 0, "silent": 0}
        assert services.payment_refresh(payment=payment.id).state == "paid"
    assert books_of(academy).difference == 0
    owner = staff(academy)
    shown = owner.get(f"payments/{payment.id}").json()
    assert (shown["gateway"], shown["money"]["method"]) == ("desk", method)
    assert owner.get(f"payments/{payment.id}/route").json()["attempts"] == []
    assert owner.get("payments/stats").json()["books"]["receipts"] == 45_000


def test_the_same_key_takes_once_and_for_one_thing(academy: Business) -> None:
    first = take(academy, key="once", subject="a")
    assert take(academy, key="once", subject="a").id == first.id
    for other in ({"subject": "b"}, {"subject": "a", "amount": 1}, {"subject": "a", "method": "upi", "reference": "9"}):
        assert outcome(academy, key="once", **other) == "payments.desk_key_reused"
    assert outcome(academy, key="another", subject="a") == "payments.already_paid"
    books = books_of(academy)
    assert (books.receipts, books.settled, books.difference) == (45_000, 45_000, 0)


def test_one_transfer_is_not_taken_twice(academy: Business) -> None:
    assert outcome(academy, method="upi") == "payments.desk_reference_missing"
    assert outcome(academy, method="upi", reference="t2026 11") == receipt_of(1)
    assert outcome(academy, method="upi", reference=" T202611 ") == "payments.desk_reference_used"
    assert outcome(academy, method="card", reference="T202611") == receipt_of(2)
    with tenant_scope(academy):
        assert Payment.objects.count() == 2
    assert books_of(academy).receipts == 90_000


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    takings=st.lists(
        st.tuples(
            st.sampled_from(["k1", "k2", "k3", "k4"]),
            st.integers(min_value=1, max_value=10**11),
            st.sampled_from(desk.METHODS),
            st.sampled_from(["u1", "u2"]),
        ),
        max_size=8,
    ),
    back=st.integers(min_value=0, max_value=10**11),
)
@example(takings=[("k1", 3_000_000_000, "cash", "u1")], back=2**31)  # more paise than a number of 32 bits holds
def test_books_agree_whatever_is_taken_and_given_back(
    academy: Business, takings: list[tuple[str, int, str, str]], back: int
) -> None:
    before = books_of(academy)
    run = str(uuid7())
    taken: dict[str, int] = {}
    for key, amount, method, reference in takings:
        said = outcome(
            academy, amount, key=f"{run}{key}", method=method, reference="" if method == "cash" else run + reference
        )
        if said.startswith("A/"):
            taken[key] = amount
    with tenant_scope(academy):
        given_back = 0
        for payment in Payment.objects.filter(desk_key__startswith=run):
            with suppress(RefundTooLarge):
                given_back += services.refund_request(
                    payment=payment.id, key=str(uuid7()), amount_paise=back or None
                ).amount_paise
        receipts = [one.receipt for one in Payment.objects.filter(receipt__isnull=False).order_by("receipt")]
    books = books_of(academy)
    assert books.receipts - before.receipts == sum(taken.values())
    assert books.refunds - before.refunds == given_back
    assert books.difference == 0
    # Numbers have no gaps, whatever was refused in between.
    assert [int(str(one).rsplit("/", 1)[1]) for one in receipts] == list(range(1, len(receipts) + 1))


def test_thirty_two_hands_at_one_drawer(academy: Business) -> None:
    same = race(32, lambda _: outcome(academy, key="pressed", subject="a"))
    assert same == Counter({receipt_of(1): 32})
    apart = race(32, lambda i: outcome(academy, key=f"own-{i}", subject="b"))
    assert apart == Counter({receipt_of(2): 1, "payments.already_paid": 31})
    one_slip = race(32, lambda i: outcome(academy, method="upi", reference="SLIP"))
    assert (one_slip[receipt_of(3)], one_slip["payments.desk_reference_used"]) == (1, 31)
    everyone = race(32, lambda _: outcome(academy))
    assert sorted(everyone) == [receipt_of(number) for number in range(4, 36)]
    books = books_of(academy)
    assert (books.receipts, books.difference) == (35 * 45_000, 0)


def test_two_give_back_the_same_money_at_once(academy: Business) -> None:
    payment = take(academy, 10_000)

    def back(number: int) -> str:
        with tenant_scope(academy):
            try:
                return services.refund_request(payment=payment.id, key=f"k{number}", amount_paise=6_000).state
            except DomainError as error:
                return error.code

    assert race(8, back) == Counter({"succeeded": 1, "payments.refund_too_large": 7})
    books = books_of(academy)
    assert (books.refunds, books.settled, books.difference) == (6_000, 4_000, 0)


def test_given_back_at_the_desk_whole_and_in_part(academy: Business) -> None:
    payment = take(academy, 45_000)
    owner = staff(academy)
    part = owner.post(f"payments/{payment.id}/refund", {"amount_paise": 5_000, "reason": "left"}, key="part")
    assert (part.status_code, part.json()["state"]) == (201, "succeeded")
    assert owner.get(f"payments/{payment.id}").json()["state"] == "part_refunded"
    assert owner.post(f"payments/{payment.id}/refund", {"amount_paise": 40_001}, key="more").status_code == 409
    assert owner.post(f"payments/{payment.id}/refund", {}, key="rest").json()["amount_paise"] == 40_000
    with tenant_scope(academy):
        assert ledger.balance("cash:desk") == 0
        assert Payment.objects.get().state == "refunded"
    assert books_of(academy).difference == 0


def test_a_role_gives_back_up_to_its_limit(academy: Business) -> None:
    payment = take(academy, 20_000_00)
    manager = staff(academy, "manager")
    for body in ({}, {"amount_paise": 10_000_01}):
        refused = manager.post(f"payments/{payment.id}/refund", body, key=str(uuid7()))
        assert (refused.status_code, refused.json()["code"]) == (403, "payments.refund_over_limit")
    assert books_of(academy).refunds == 0
    assert manager.post(f"payments/{payment.id}/refund", {"amount_paise": 10_000_00}, key="a").status_code == 201
    assert staff(academy).post(f"payments/{payment.id}/refund", {}, key="b").status_code == 201
    assert books_of(academy).refunds == 20_000_00


def test_who_dies_while_booking_has_taken_nothing(academy: Business) -> None:
    assert dying_at(desk.BOOKED, lambda: take(academy, key="died"))
    with tenant_scope(academy):
        assert not Payment.objects.exists()
        assert not GatewayPayment.objects.exists()
        assert ledger.balance("cash:desk") == 0
    assert take(academy, key="died").receipt == receipt_of(1)
    assert books_of(academy).difference == 0


def test_the_table_itself_refuses_desk_money_of_an_order_and_a_gateways_without(academy: Business) -> None:
    payment = take(academy)
    numbers = itertools.count()
    for gateway, method in (("cashfree", "cash"), ("desk", "cheque"), ("desk", "")):
        with tenant_scope(academy), pytest.raises(Exception, match="payments_gatewaypayment_desk"):
            GatewayPayment.objects.create(
                payment=payment,
                gateway=gateway,
                environment="desk",
                gateway_payment_id=str(next(numbers)),
                amount_paise=1,
                currency="INR",
                state="captured",
                method=method,
            )
    assert UUID(str(payment.id))
