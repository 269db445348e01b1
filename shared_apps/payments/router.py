"""Which gateway is asked for an order: a pure choice by what each would charge, with the reasons kept."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from kernel.money import display, round_paise, share

# Of equally dear gateways with equal success, the earlier here.
PREFERENCE = ("cashfree", "razorpay")


@dataclass(frozen=True, slots=True)
class Offer:
    """A gateway that might be asked. `success` is its recent share of orders that brought money, None without any.

    `excluded` says why it cannot be asked now; blank: it can. One whose `circuit` is open is asked only when none is
    closed or half open.
    """

    gateway: str
    percent: Decimal
    fixed_paise: int
    gst_percent: Decimal
    success: Decimal | None = None
    excluded: str = ""
    circuit: str = "closed"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offer with what it would cost: fee and GST are whole paise that add up to the total."""

    gateway: str
    fee_paise: int
    gst_paise: int
    total_paise: int
    success: str | None
    excluded: str
    circuit: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The choice. `chosen` is blank when nobody can be asked; `saved_paise` is against the dearest that could be."""

    candidates: tuple[Candidate, ...]
    chosen: str
    saved_paise: int
    reason: str

    def as_json(self) -> dict[str, Any]:
        """What is kept with the attempt."""
        return asdict(self)


def cost(amount_paise: int, offer: Offer) -> Candidate:
    """What an offer costs for an amount. Fee plus GST is rounded half up once; the fee alone is shown rounded too."""
    fee = share(amount_paise, offer.percent) + offer.fixed_paise
    total = round_paise(fee * (100 + offer.gst_percent) / 100)
    fee_paise = round_paise(fee)
    return Candidate(
        gateway=offer.gateway,
        fee_paise=fee_paise,
        gst_paise=total - fee_paise,
        total_paise=total,
        success=None if offer.success is None else str(offer.success),
        excluded=offer.excluded,
        circuit=offer.circuit,
    )


def route(amount_paise: int, offers: Sequence[Offer]) -> Decision:
    """The cheapest by fee and GST; of equal ones that with the better recent success, then by PREFERENCE."""
    candidates = tuple(cost(amount_paise, offer) for offer in offers)
    askable = [one for one in candidates if not one.excluded]
    if not askable:
        return Decision(candidates, "", 0, "No gateway can be asked.")
    able = [one for one in askable if one.circuit != "open"] or askable
    cheapest = min(one.total_paise for one in able)
    tied = [one for one in able if one.total_paise == cheapest]
    chosen = min(tied, key=lambda one: (-_success(one), PREFERENCE.index(one.gateway)))
    dearest = max(one.total_paise for one in able)
    reason = _reason(chosen, able, tied)
    if chosen.circuit == "open":
        reason = f"No gateway answers lately; the better one is asked all the same. {reason}"
    return Decision(candidates, chosen.gateway, dearest - cheapest, reason)


def _success(candidate: Candidate) -> Decimal:
    # Who has not been tried is not held to be bad.
    return Decimal(1) if candidate.success is None else Decimal(candidate.success)


def _reason(chosen: Candidate, able: list[Candidate], tied: list[Candidate]) -> str:
    name, price = chosen.gateway.title(), display(chosen.total_paise)
    if len(able) == 1:
        return f"{name} is the only gateway that can be asked; it charges {price}."
    if len(tied) == 1:
        others = ", ".join(f"{one.gateway.title()} {display(one.total_paise)}" for one in able if one is not chosen)
        return f"{name} is the cheapest: {price} with GST against {others}."
    if len({_success(one) for one in tied}) > 1:
        return f"The charges are equal, {price} with GST; {name} succeeded more often lately."
    return f"The charges are equal, {price} with GST; between equals {name} comes first."
