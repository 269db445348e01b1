"""Many at once: no deadlock, nothing twice, nothing below zero."""

from collections import Counter

import pytest

from kernel.tenancy import tenant_scope
from shared_apps.ledger import selectors, services
from shared_apps.ledger.errors import LedgerShort
from tests.support.racing import race
from tests.support.tenants import tenant_make


def move(academy, debit, credit, amount, key):
    with tenant_scope(academy):
        services.post(debit=debit, credit=credit, amount=amount, unit="paise", key=key, kind="move", reference="")
        return "moved"


def lying(academy, *codes):
    with tenant_scope(academy):
        assert selectors.discrepancies() == []
        return tuple(services.balance(code) for code in codes)


@pytest.fixture(scope="module")
def academy():
    """One business for every round: each has accounts and keys of its own."""
    return tenant_make()


@pytest.mark.parametrize("round_", range(5))
def test_transfers_in_both_directions_never_wait_on_each_other(academy, round_):
    left, right = f"wallet:left:{round_}", f"wallet:right:{round_}"
    move(academy, "opening", left, 100, left)
    move(academy, "opening", right, 100, right)

    def one(index):
        debit, credit = (left, right) if index % 2 else (right, left)
        return move(academy, debit, credit, 3, f"across {round_} {index}")

    assert race(32, one) == Counter({"moved": 32})
    assert lying(academy, left, right) == (100, 100)


@pytest.mark.parametrize("round_", range(5))
def test_the_first_transfers_of_a_business_open_each_account_once(academy, round_):
    gateway, income = f"gateway:first:{round_}", f"income:first:{round_}"
    outcomes = race(32, lambda index: move(academy, gateway, income, 10, f"first {round_} {index}"))
    assert outcomes == Counter({"moved": 32})
    assert lying(academy, gateway, income) == (-320, 320)


@pytest.mark.parametrize("round_", range(20))
def test_the_last_ten_are_spent_by_ten(academy, round_):
    wallet, income = f"wallet:last:{round_}", f"income:last:{round_}"
    move(academy, "opening", wallet, 10, wallet)
    outcomes = race(32, lambda index: move(academy, wallet, income, 1, f"last {round_} {index}"))
    assert outcomes == Counter({"moved": 10, LedgerShort: 22})
    assert lying(academy, wallet, income) == (0, 10)


@pytest.mark.parametrize("round_", range(20))
def test_one_key_moves_once(academy, round_):
    wallet, income = f"wallet:key:{round_}", f"income:key:{round_}"
    move(academy, "opening", wallet, 10, wallet)
    outcomes = race(32, lambda index: move(academy, wallet, income, 10, f"same {round_}"))
    assert outcomes == Counter({"moved": 32})
    assert lying(academy, wallet, income) == (0, 10)
