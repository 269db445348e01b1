"""Many at once: no deadlock, nothing twice, nothing below zero."""

from collections import Counter
from functools import partial

from kernel.tenancy import tenant_scope
from shared_apps.ledger import selectors, services
from shared_apps.ledger.errors import LedgerShort
from tests.support.racing import racing


def move(academy, debit, credit, amount, key):
    with tenant_scope(academy):
        services.post(debit=debit, credit=credit, amount=amount, unit="paise", key=key, kind="move", reference="")
        return "moved"


def lying(academy, *codes):
    with tenant_scope(academy):
        assert selectors.discrepancies() == []
        return tuple(services.balance(code) for code in codes)


def test_transfers_in_both_directions_never_wait_on_each_other(academy):
    move(academy, "opening", "wallet:left", 100, "left")
    move(academy, "opening", "wallet:right", 100, "right")

    def one(index, round_):
        debit, credit = ("wallet:left", "wallet:right") if index % 2 else ("wallet:right", "wallet:left")
        return move(academy, debit, credit, 3, f"across {round_} {index}")

    with racing(32) as round_of:
        for round_ in range(5):
            assert round_of(partial(one, round_=round_)) == Counter({"moved": 32})
            assert lying(academy, "wallet:left", "wallet:right") == (100, 100)


def test_the_first_transfers_of_a_business_open_each_account_once(academy):
    def one(index, round_):
        return move(academy, f"gateway:first:{round_}", f"income:first:{round_}", 10, f"first {round_} {index}")

    with racing(32) as round_of:
        for round_ in range(5):
            assert round_of(partial(one, round_=round_)) == Counter({"moved": 32})
            assert lying(academy, f"gateway:first:{round_}", f"income:first:{round_}") == (-320, 320)


def test_the_last_ten_are_spent_by_ten(academy):
    def one(index, round_):
        return move(academy, "wallet:last", "income:last", 1, f"last {round_} {index}")

    with racing(32) as round_of:
        for round_ in range(20):
            move(academy, "opening", "wallet:last", 10, f"opening {round_}")
            assert round_of(partial(one, round_=round_)) == Counter({"moved": 10, LedgerShort: 22})
            assert lying(academy, "wallet:last", "income:last") == (0, 10 * (round_ + 1))


def test_one_key_moves_once(academy):
    def one(index, round_):
        return move(academy, "wallet:key", "income:key", 10, f"same {round_}")

    with racing(32) as round_of:
        for round_ in range(20):
            move(academy, "opening", "wallet:key", 10, f"opening {round_}")
            assert round_of(partial(one, round_=round_)) == Counter({"moved": 32})
            assert lying(academy, "wallet:key", "income:key") == (0, 10 * (round_ + 1))
