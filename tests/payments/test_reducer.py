"""The one way a payment moves: money settles it once, whatever comes in whatever order."""

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.payments.port import PaymentState
from shared_apps.payments.reducer import Fact, Outcome, Standing, Verdict, merge, reduce

P, A, C, F, X, R = (PaymentState(name) for name in "pending authorised captured failed cancelled refunded".split())
OPEN = Standing("pending", 1000, "INR")
PAID = replace(OPEN, state="paid", winner="one")


def fact(state: PaymentState, key: str = "one", amount: int = 1000, currency: str = "INR") -> Fact:
    return Fact(key, state, amount, currency)


@pytest.mark.parametrize(
    ("standing", "told", "outcome"),
    [
        (OPEN, fact(C), ("paid", Verdict.SETTLED)),
        (OPEN, fact(R), ("paid", Verdict.SETTLED)),
        (replace(OPEN, state="expired"), fact(C), ("paid", Verdict.SETTLED)),
        (replace(OPEN, state="failed"), fact(C), ("paid", Verdict.SETTLED)),
        (PAID, fact(C), ("paid", Verdict.NOTHING)),
        (PAID, fact(C, "two"), ("paid", Verdict.SURPLUS)),
        (replace(OPEN, subject_paid=True), fact(C), ("pending", Verdict.SURPLUS)),
        (OPEN, fact(C, amount=100), ("pending", Verdict.MISMATCH)),
        (OPEN, fact(C, currency="USD"), ("pending", Verdict.MISMATCH)),
        (PAID, fact(C, "two", amount=1), ("paid", Verdict.MISMATCH)),
        (OPEN, fact(P), ("pending", Verdict.PENDING)),
        (replace(OPEN, state="created"), fact(P), ("pending", Verdict.PENDING)),
        (replace(OPEN, state="expired"), fact(P), ("expired", Verdict.PENDING)),
        (OPEN, fact(A), ("authorised", Verdict.AUTHORISED)),
        (replace(OPEN, state="expired"), fact(A), ("authorised", Verdict.AUTHORISED)),
        (OPEN, fact(A, amount=1), ("pending", Verdict.NOTHING)),
        (OPEN, fact(F), ("pending", Verdict.FAILED)),
        (OPEN, fact(X), ("pending", Verdict.FAILED)),
        (replace(OPEN, state="expired"), fact(F), ("expired", Verdict.FAILED)),
        (replace(OPEN, state="authorised"), fact(F), ("pending", Verdict.FAILED)),
        (replace(OPEN, state="authorised", others=frozenset({A})), fact(F, "two"), ("authorised", Verdict.FAILED)),
        (PAID, fact(F), ("paid", Verdict.NOTHING)),
        (PAID, fact(P, "two"), ("paid", Verdict.NOTHING)),
        (replace(PAID, state="refunded"), fact(A, "two"), ("refunded", Verdict.NOTHING)),
    ],
)
def test_each_rule(standing: Standing, told: Fact, outcome: tuple[str, Verdict]) -> None:
    assert reduce(standing, told) == Outcome(*outcome)


@pytest.mark.parametrize(
    ("before", "told", "after"),
    [(None, P, P), (P, F, F), (F, A, A), (A, F, F), (C, F, C), (C, A, C), (C, R, R), (R, C, R), (R, F, R), (F, C, C)],
)
def test_taken_money_stays_taken(before: PaymentState | None, told: PaymentState, after: PaymentState) -> None:
    assert merge(before, told) is after


def play(facts: list[Fact]) -> tuple[str, set[str], list[Verdict]]:
    """Carry facts out as the service does: the state, the keys that hold money, the verdicts on money."""
    standing, rows, verdicts = OPEN, {}, {}
    for one in facts:
        rows[one.key] = merge(rows.get(one.key), one.state)
        told = replace(one, state=rows[one.key])
        others = frozenset(state for key, state in rows.items() if key != one.key)
        outcome = reduce(replace(standing, others=others), told)
        standing = replace(standing, state=outcome.state)
        if one.key not in verdicts and rows[one.key] in (C, R):
            verdicts[one.key] = outcome.verdict
            if outcome.verdict is Verdict.SETTLED:
                standing = replace(standing, winner=one.key)
    return standing.state, set(verdicts), sorted(verdicts.values())


keys = st.sampled_from(["one", "two", "three"])
histories = st.lists(st.builds(fact, st.sampled_from(list(PaymentState)), keys, st.just(1000)), max_size=8)


@given(histories)
def test_money_settles_exactly_once_whatever_happens(facts: list[Fact]) -> None:
    state, money, verdicts = play(facts)
    assert verdicts.count(Verdict.SETTLED) == min(1, len(money))
    assert verdicts.count(Verdict.SURPLUS) == max(0, len(money) - 1)
    assert (state == "paid") == bool(money)


@given(histories, st.lists(st.integers(0, 7), max_size=8))
def test_telling_again_changes_nothing(facts: list[Fact], again: list[int]) -> None:
    latest = {one.key: one for one in facts}
    repeated = [*facts, *(latest[facts[index].key] for index in again if index < len(facts))]
    assert play(facts) == play(repeated)


def test_every_order_of_true_facts_ends_alike() -> None:
    facts = [fact(F, "one"), fact(C, "two"), fact(P, "three"), fact(C, "four"), fact(A, "five")]
    ends = {(state, frozenset(money), tuple(verdicts)) for state, money, verdicts in map(play, permutations(facts))}
    assert ends == {("paid", frozenset({"two", "four"}), (Verdict.SETTLED, Verdict.SURPLUS))}


def test_every_order_without_money_ends_alike() -> None:
    facts = [fact(F, "one"), fact(A, "two"), fact(P, "three"), fact(X, "four")]
    assert {play(list(order))[0] for order in permutations(facts)} == {"authorised"}
