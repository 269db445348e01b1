"""Holds of the ledger itself, in any schema: set aside, settled in parts, released, never more than was held."""

import pytest
from django.db import connection

from kernel import clock
from kernel.ids import uuid7
from kernel.tenancy import tenant_scope
from shared_apps.ledger import selectors, services
from shared_apps.ledger.models import Account, Transfer


def call(phase, amount, key, hold=None, **accounts):
    """(outcome, transfer, moved, available) of one call of the posting function."""
    facts = [uuid7(), phase, accounts.get("debit"), accounts.get("credit"), amount, "paise", phase, key, "", hold]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM ledger_post(%s::uuid, %s::text, %s::text, %s::text, %s::bigint, %s::text, %s::text, %s::text,"
            " %s::text, %s::uuid, %s::timestamptz)",
            [*facts, clock.now()],
        )
        return cursor.fetchone()


@pytest.fixture
def wallet(academy):
    """A wallet with 100 paise, of which 60 are held under the key `h`; gives the hold's id."""
    with tenant_scope(academy):
        services.post(
            debit="gateway:cashfree", credit="wallet:s1", amount=100, unit="paise", key="p", kind="top-up", reference=""
        )
        outcome, hold, moved, available = call("hold", 60, "h", debit="wallet:s1", credit="income:fees")
        assert (outcome, moved, available) == ("done", 60, 100)
        yield hold
        assert selectors.discrepancies() == []


def lying(code):
    account = Account.objects.get(code=code)
    return (account.posted, account.held)


def test_a_hold_sets_aside_without_moving(wallet):
    assert (lying("wallet:s1"), lying("income:fees")) == ((100, 60), (0, 0))
    [one] = selectors.balances(prefix="wallet")
    assert (one.code, one.unit, one.available) == ("wallet:s1", "paise", 40)
    assert call("hold", 41, "h2", debit="wallet:s1", credit="income:fees")[0::3] == ("short", 40)
    assert call("post", 41, "p2", debit="wallet:s1", credit="income:fees")[0::3] == ("short", 40)


def test_parts_are_settled_and_the_rest_released(wallet):
    assert call("settle", 25, "s1", wallet)[0] == "done"
    assert call("release", 5, "r1", wallet)[0] == "done"
    assert call("settle", 31, "s2", wallet)[0::3] == ("short", 30)
    assert call("release", None, "r2", wallet)[2] == 30
    assert call("release", None, "r3", wallet)[0::3] == ("short", 0)
    assert (lying("wallet:s1"), lying("income:fees")) == ((75, 0), (25, 0))
    assert Transfer.objects.get(id=wallet).pending == 0


def test_each_key_counts_once_and_for_one_thing(wallet):
    first = call("settle", 25, "s1", wallet)
    assert call("settle", 25, "s1", wallet)[:3] == ("replayed", *first[1:3])
    assert call("settle", 24, "s1", wallet)[0] == "key_reused"
    assert call("release", 25, "s1", wallet)[0] == "key_reused"
    rest = call("release", None, "r", wallet)
    assert call("release", None, "r", wallet)[:3] == ("replayed", *rest[1:3])
    assert (lying("wallet:s1"), lying("income:fees")) == ((75, 0), (25, 0))


def test_only_a_hold_can_be_settled(wallet):
    posted = Transfer.objects.get(key="p").id
    for wrong in (posted, uuid7(), None):
        assert call("settle", 1, "x", wrong)[0] == "no_hold"
        assert call("release", None, "x", wrong)[0] == "no_hold"
    assert lying("wallet:s1") == (100, 60)


def test_nothing_is_not_an_amount(wallet):
    assert call("post", None, "x", debit="wallet:s1", credit="income:fees")[0] == "short"
    assert call("hold", None, "x", debit="wallet:s1", credit="income:fees")[0] == "short"
    assert call("settle", None, "x", wallet)[0] == "short"
    assert lying("wallet:s1") == (100, 60)
    assert [str(one) for one in Account.objects.order_by("code")] == ["gateway:cashfree", "income:fees", "wallet:s1"]
    assert str(Transfer.objects.get(key="h")) == "hold 60"
