"""The posting function: one transfer, once, never below zero, in the caller's transaction."""

import pytest
from django.db import IntegrityError, ProgrammingError, connection
from django.db.transaction import atomic

from kernel.tenancy import tenant_scope
from shared_apps.ledger import selectors, services
from shared_apps.ledger.errors import KeyReused, LedgerShort
from shared_apps.ledger.models import Account, Transfer


def pay(amount=45000, key="payment:1", **changed):
    facts = {
        "debit": "gateway:cashfree",
        "credit": "income:fees",
        "amount": amount,
        "unit": "paise",
        "key": key,
        "kind": "payment",
        "reference": "1",
    }
    return services.post(**{**facts, **changed})


def books():
    accounts = list(Account.objects.order_by("code").values_list("code", "unit", "posted", "held", "outside"))
    transfers = list(
        Transfer.objects.order_by("key").values_list("key", "debit", "credit", "amount", "phase", "pending")
    )
    return accounts, transfers


def test_a_transfer_moves_value_from_the_debited_to_the_credited_account(academy):
    with tenant_scope(academy):
        transfer = pay()
        assert books() == (
            [("gateway:cashfree", "paise", -45000, 0, True), ("income:fees", "paise", 45000, 0, False)],
            [("payment:1", "gateway:cashfree", "income:fees", 45000, "post", 0)],
        )
        assert Transfer.objects.get().id == transfer
        assert services.balance("income:fees") == 45000
        assert services.balance("income:none") == 0
        assert selectors.discrepancies() == []


def test_a_key_moves_once(academy):
    with tenant_scope(academy):
        first = pay()
        before = books()
        assert pay() == first
        assert books() == before


@pytest.mark.parametrize(
    "changed", [{"amount": 44999}, {"debit": "gateway:razorpay"}, {"credit": "income:late"}, {"kind": "refund"}]
)
def test_a_key_cannot_stand_for_another_transfer(academy, changed):
    with tenant_scope(academy):
        pay()
        before = books()[1]
        with pytest.raises(KeyReused):
            pay(**changed)
        assert books()[1] == before


def test_an_account_of_ours_never_goes_below_zero_and_the_transaction_lives_on(academy):
    with tenant_scope(academy):
        pay(100)
        before = books()
        with atomic():
            with pytest.raises(LedgerShort) as refusal:
                pay(101, key="refund:1", debit="income:fees", credit="gateway:cashfree", kind="refund")
            assert refusal.value.data == {"needed": 101, "available": 100, "account": "income:fees"}
            with pytest.raises(LedgerShort):
                pay(1, key="refund:2", debit="income:never", credit="gateway:cashfree")
            assert books() == before
            pay(100, key="refund:3", debit="income:fees", credit="gateway:cashfree", kind="refund")
        assert services.balance("income:fees") == 0
        assert services.balance("gateway:cashfree") == 0


@pytest.mark.parametrize(
    "changed",
    [{"amount": 0}, {"amount": -5}, {"unit": "rupees"}, {"credit": "gateway:cashfree"}, {"credit": "Income fees"}],
)
def test_what_no_caller_may_pass_is_refused_by_the_database(academy, changed):
    with tenant_scope(academy):
        pay()
        before = books()
        with pytest.raises(IntegrityError):
            pay(key="payment:2", **changed)
        assert books() == before


def test_both_accounts_are_in_one_unit(academy):
    with tenant_scope(academy):
        pay()
        before = books()
        with pytest.raises(IntegrityError, match="are not both in credits"):
            pay(key="payment:2", unit="credits")
        with pytest.raises(IntegrityError, match="are not both in credits"):
            pay(key="payment:2", unit="credits", debit="vendor:msg91")
        assert books() == before


def test_the_books_of_two_businesses_are_apart(academy, other_academy):
    with tenant_scope(academy):
        pay()
    with tenant_scope(other_academy):
        assert books() == ([], [])
        pay(7)
    with tenant_scope(academy):
        assert services.balance("income:fees") == 45000


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO ledger_account (code, unit, posted, held, outside) VALUES (%s, 'paise', 5, 0, false)",
        "UPDATE ledger_account SET posted = posted + 5 WHERE code = %s",
        "DELETE FROM ledger_account WHERE code = %s",
        "UPDATE ledger_transfer SET amount = 1 WHERE key = %s",
        "DELETE FROM ledger_transfer WHERE key = %s",
        "INSERT INTO ledger_transfer SELECT gen_random_uuid(), t.amount, 'post', 'x', %s, '', 0, t.at,"
        " t.credit, t.debit, NULL FROM ledger_transfer t",
        "SELECT 1 FROM ledger_account WHERE code = %s FOR UPDATE",
    ],
)
def test_a_business_cannot_write_its_books_by_hand(academy, statement):
    with tenant_scope(academy):
        pay()
        before = books()
        with pytest.raises(ProgrammingError, match="permission denied"), connection.cursor() as cursor:
            cursor.execute(statement, ["income:fees"])
        assert books() == before


def test_a_table_of_the_same_name_cannot_be_slipped_under_the_function(academy):
    with tenant_scope(academy), connection.cursor() as cursor:
        for statement in ("CREATE TEMP TABLE ledger_account (code text)", "CREATE TABLE ledger_account_2 (code text)"):
            with pytest.raises(ProgrammingError, match="permission denied"):
                cursor.execute(statement)


def test_a_difference_between_balance_and_journal_is_found(academy):
    from django.db import connections

    from kernel.tenancy.router import DDL_ALIAS
    from kernel.tenancy.scope import schema_scope

    with tenant_scope(academy):
        pay()
    with schema_scope(academy.schema), connections[DDL_ALIAS].cursor() as cursor:
        cursor.execute("UPDATE ledger_account SET posted = posted + 1, held = 1 WHERE code = %s", ["income:fees"])
    with tenant_scope(academy):
        assert selectors.discrepancies() == [selectors.Discrepancy("income:fees", 45001, 45000, 1, 0)]
