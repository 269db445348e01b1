"""Why a payment went the way it went, in one sentence a person can check, from the decision that was kept."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from kernel.money import grouped
from shared_apps.payments.models import DESK, Attempt, Payment


def sentence_of(payment: Payment, attempts: list[Attempt]) -> str:
    """The route in words; of several orders, why the last one was asked."""
    if payment.gateway == DESK:
        return _("Taken at the desk: no gateway was asked and none charges for it.")
    if not attempts:
        return _("No gateway was asked yet.")
    last = attempts[-1]
    said = _said(payment, last)
    if len(attempts) > 1:
        before = attempts[-2]
        said = f"{said} {_before(before)}"
    return said


def _said(payment: Payment, attempt: Attempt) -> str:
    decision: dict[str, Any] = attempt.route
    candidates = decision.get("candidates", [])
    chosen = next((one for one in candidates if one["gateway"] == attempt.gateway), None)
    if chosen is None:
        return _("Sent by %(gateway)s.") % {"gateway": attempt.gateway.title()}
    name, price = attempt.gateway.title(), _money(chosen["total_paise"])
    others = [one for one in candidates if one is not chosen]
    askable = [one for one in others if not one["excluded"]]
    if not askable:
        told = {"gateway": name, "price": price}
        if why := ", ".join(f"{one['gateway'].title()}: {_excluded(one['excluded'])}" for one in others):
            return _("Sent by %(gateway)s for %(price)s: no other could be asked (%(why)s).") % {**told, "why": why}
        return _("Sent by %(gateway)s for %(price)s: no other could be asked.") % told
    other = askable[0]
    told = {
        "gateway": name,
        "other": other["gateway"].title(),
        "saved": _money(abs(other["total_paise"] - chosen["total_paise"])),
        "price": price,
        "amount": _money(payment.amount_paise),
    }
    health = _health(chosen, other)
    if other["total_paise"] > chosen["total_paise"]:
        words = _("Sent by %(gateway)s: %(saved)s cheaper than %(other)s for %(amount)s; %(health)s.")
    elif other["total_paise"] < chosen["total_paise"]:
        words = _("Sent by %(gateway)s though %(other)s is %(saved)s cheaper for %(amount)s: %(health)s.")
    elif _success(chosen) > _success(other):
        words = _("Sent by %(gateway)s: both charge %(price)s for %(amount)s, and it succeeded more often lately.")
    else:
        words = _("Sent by %(gateway)s: both charge %(price)s for %(amount)s, and between equals it comes first.")
    return words % {**told, "health": health}


def _before(attempt: Attempt) -> str:
    told = {"gateway": attempt.gateway.title()}
    if attempt.error in ("NeverReached", "CircuitOpen"):
        return _("%(gateway)s was asked first and could not be reached.") % told
    if attempt.error in ("OutcomeUnknown", "Absent", "orphan"):
        return _("%(gateway)s was asked first and did not answer.") % told
    if attempt.error in ("terminated", "watched"):
        return _("The payer left the order at %(gateway)s.") % told
    return _("%(gateway)s was asked first and refused.") % told


def _health(chosen: dict[str, Any], other: dict[str, Any]) -> str:
    states = (chosen.get("circuit", "closed"), other.get("circuit", "closed"))
    if states == ("closed", "closed"):
        return _("both were well")
    ill = [one["gateway"].title() for one in (chosen, other) if one.get("circuit", "closed") != "closed"]
    if len(ill) > 1:
        return _("neither answered well lately")
    return _("%(gateway)s did not answer well lately") % {"gateway": ill[0]}


def _excluded(why: str) -> str:
    words = {
        "no active account": _("no active account"),
        "left by the payer": _("left by the payer"),
        "NeverReached": _("could not be reached"),
        "OutcomeUnknown": _("did not answer"),
        "Absent": _("did not answer"),
        "NotAuthorised": _("refused our key"),
        "RateLimited": _("asked us to wait"),
    }
    return words.get(why, why)


def _success(candidate: dict[str, Any]) -> float:
    return 1.0 if candidate.get("success") is None else float(candidate["success"])


def _money(paise: int) -> str:
    whole, rest = divmod(paise, 100)
    return f"₹{grouped(whole)}" + (f".{rest:02d}" if rest else "")
