"""Many at once: no deadlock, nothing twice, nothing below zero."""

from collections import Counter

import pytest

from kernel.tenancy import tenant_scope
from shared_apps.ledger import selectors, services
from shared_apps.ledger.errors import LedgerShort
from tests.support.racing import race


def move(academy, debit, credit, amount, key):
    with tenant_scope(academy):
        services.post(debit=debit, credit=credit, amount=amount, unit="paise", key=key, kind="move", reference="")
        return "moved"


def lying(academy, *codes):
    with tenant_scope(academy):
        assert selectors.discrepancies() == []
        return tuple(services.balance(code) for code in codes)


@pytest.mark.parametrize("round_", range(5))
def test_transfers_in_both_directions_never_wait_on_each_other(academy, round_):
    move(academy, "opening", "wallet:a", 100, "a")
    move(academy, "opening", "wallet:b", 100, "b")

    def one(index):
        debit, credit = ("wallet:a", "wallet:b") if index % 2 else ("wallet:b", "wallet:a")
        return move(academy, debit, credit, 3, str(index))

    assert race(32, one) == Counter({"moved": 32})
    assert lying(academy, "wallet:a", "wallet:b") == (100, 100)


@pytest.mark.parametrize("round_", range(5))
def test_the_first_transfers_of_a_business_open_each_account_once(academy, round_):
    assert race(32, lambda index: move(academy, "gateway:cashfree", "income:fees", 10, str(index))) == Counter(
        {"moved": 32}
    )
    assert lying(academy, "gateway:cashfree", "income:fees") == (-320, 320)


@pytest.mark.parametrize("round_", range(20))
def test_the_last_ten_are_spent_by_ten(academy, round_):
    move(academy, "opening", "wallet:a", 10, "a")
    outcomes = race(32, lambda index: move(academy, "wallet:a", "income:fees", 1, str(index)))
    assert outcomes == Counter({"moved": 10, LedgerShort: 22})
    assert lying(academy, "wallet:a", "income:fees") == (0, 10)


@pytest.mark.parametrize("round_", range(20))
def test_one_key_moves_once(academy, round_):
    move(academy, "opening", "wallet:a", 10, "a")
    assert race(32, lambda index: move(academy, "wallet:a", "income:fees", 10, "same")) == Counter({"moved": 32})
    assert lying(academy, "wallet:a", "income:fees") == (0, 10)
