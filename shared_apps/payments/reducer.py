"""What a fact from a gateway does to a payment: one pure function, used by callback, return page, poller and verify.

Money decides: taken money settles from any state, once, and nothing undoes that but a refund. Everything before money
is only how far the payer has come, drawn from all tries together, so facts may come in any order and any number.
"""

from dataclasses import dataclass
from enum import StrEnum

from connectors.payments.port import PaymentState
from kernel import guards

_TAKEN = frozenset({PaymentState.CAPTURED, PaymentState.REFUNDED})
_OPEN = frozenset({"created", "pending", "authorised", "failed"})


class Verdict(StrEnum):
    """What a fact means. SURPLUS is to be given back; MISMATCH is kept apart until a person has looked."""

    NOTHING = "nothing"
    PENDING = "pending"
    AUTHORISED = "authorised"
    SETTLED = "settled"
    SURPLUS = "surplus"
    MISMATCH = "mismatch"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Standing:
    """A payment before a fact. `winner` is the key of the money that settled it, `others` the states of its other
    tries, `subject_paid` whether another payment has paid for the same thing."""

    state: str
    amount_paise: int
    currency: str
    winner: str | None = None
    others: frozenset[PaymentState] = frozenset()
    subject_paid: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """One try as the gateway tells it now; `key` names it among all tries."""

    key: str
    state: PaymentState
    amount_paise: int
    currency: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The payment's state after the fact, and what the fact means."""

    state: str
    verdict: Verdict


def merge(before: PaymentState | None, told: PaymentState) -> PaymentState:
    """A try's state after it was told once more: money that was taken stays taken, whatever comes late."""
    if before is PaymentState.REFUNDED or (before is PaymentState.CAPTURED and told not in _TAKEN):
        return before
    return told


def reduce(standing: Standing, fact: Fact) -> Outcome:
    """The one way a payment moves."""
    if fact.state in _TAKEN:
        return _taken(standing, fact)
    if standing.winner is not None:
        return Outcome(standing.state, Verdict.NOTHING)
    fits = _fits(standing, fact)
    if fact.state is PaymentState.AUTHORISED:
        return Outcome("authorised", Verdict.AUTHORISED) if fits else Outcome(standing.state, Verdict.NOTHING)
    verdict = Verdict.PENDING if fact.state is PaymentState.PENDING else Verdict.FAILED
    if standing.state not in _OPEN:
        return Outcome(standing.state, verdict)
    # A failed try fails nothing: the payer may try again at the same order.
    return Outcome("authorised" if PaymentState.AUTHORISED in standing.others else "pending", verdict)


def _taken(standing: Standing, fact: Fact) -> Outcome:
    if standing.winner == fact.key:
        return Outcome(standing.state, Verdict.NOTHING)
    if not _fits(standing, fact):
        return Outcome(standing.state, Verdict.MISMATCH)
    if (standing.winner is None and not standing.subject_paid) or guards.is_off(guards.Guard.REDUCER):
        return Outcome("paid", Verdict.SETTLED)
    return Outcome(standing.state, Verdict.SURPLUS)


def _fits(standing: Standing, fact: Fact) -> bool:
    return (fact.amount_paise, fact.currency) == (standing.amount_paise, standing.currency)
