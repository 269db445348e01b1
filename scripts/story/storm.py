"""Steps 12 to 14: gateways that time out, a payer with two pages open, callbacks in disorder and then none at all."""

import math
from datetime import timedelta
from typing import Any
from uuid import uuid4

from scripts.stack.report import Step
from scripts.story.cast import Play
from scripts.story.client import Host, until
from scripts.story.fees import LARGE, SMALL, due_make, pay, route_of
from scripts.story.opening import GATEWAYS

COPIES, FORGED, SEED = 3, 0.05, 14
AN_HOUR = timedelta(hours=1)


def timeouts(play: Play, page: Step) -> None:
    student, person = _payer(play, 0)
    play.sandbox.fault("cashfree", "order_create", "timeout_after")
    payment = pay(play, person, due_make(play, student, LARGE))
    page.check("made without an answer: found and used", "cashfree", payment["gateway"])
    page.check("orders for it", 1, len(_orders(play, payment)))
    _settled(person, payment)
    play.sandbox.fault("cashfree", "order_create", "timeout_after")
    play.sandbox.fault("cashfree", "order_fetch", "error_500_html")
    payment = pay(play, person, due_make(play, student, LARGE))
    page.check("nobody knows: paid at", "razorpay", payment["gateway"])
    _settled(person, payment)
    orphan = until("the orphan to be ended", lambda: _ended(play, payment), patience_s=120)
    page.check("the orphan", ("cashfree", "TERMINATED"), (orphan["vendor"], orphan["state"]))
    paid = [one for order in _orders(play, payment) for one in _payments(play, order)]
    page.check("payments taken", 1, len(paid))
    page.check("difference", 0, _books(play)["difference"])


def two_pages(play: Play, page: Step) -> None:
    student, person = _payer(play, 1)
    before, due = _books(play), due_make(play, student, SMALL)
    left = person.post("payments/create", {"purpose": "fees.due", "reference": due}, key=f"left-{uuid4()}")
    page.check("the page left open", "razorpay", left["gateway"])
    asked = {"purpose": "fees.due", "reference": due, "elsewhere": True}
    other = person.post("payments/create", asked, key=f"other-{uuid4()}")
    page.check("the same payment elsewhere", (left["id"], "cashfree"), (other["id"], other["gateway"]))
    play.payer.checkout(other["checkout"]["page"])
    _settled(person, other)
    play.payer.checkout(left["checkout"]["page"])
    address = f"payments/{left['id']}/refund"
    until("the surplus to go back", lambda: _states(play.asha.owner, address) == ["succeeded"], patience_s=120)
    page.check("given back", [("surplus", SMALL)], [
        (one["kind"], one["amount_paise"]) for one in play.asha.owner.get(address)["results"]
    ])  # fmt: skip
    returned = [one for one in play.sandbox.book()["refunds"] if one["order"] == left["order"]]
    page.check("refunds at Razorpay", 1, len(returned))
    counted = {**before, "settled": before["settled"] + SMALL, "receipts": before["receipts"] + SMALL}
    page.check("counted once", counted, _books(play))


def callbacks_lost(play: Play, page: Step) -> None:
    for gateway in GATEWAYS:
        play.sandbox.webhooks(gateway, "hold")
    before, known = _books(play), len(play.sandbox.webhooks_idle())
    payments = _paid_silently(play)
    sent = play.sandbox.webhooks_flush(copies=COPIES, shuffle=True, forged=FORGED, seed=SEED)
    outcomes = [str(one["outcome"]) for one in play.sandbox.webhooks_idle()[known:]]
    forged = outcomes.count("401")
    page.figure(callbacks=sent, forged=forged)
    page.check("forged ones among them", True, 0 < forged <= math.ceil(sent * FORGED))
    # Taken among the others may be a late one of an earlier step.
    page.check("and only they are refused", len(outcomes) - forged, outcomes.count("200"))
    for person, payment in payments:
        _settled(person, payment)
    taken = 2 * (SMALL + LARGE)
    counted = {**before, "settled": before["settled"] + taken, "receipts": before["receipts"] + taken}
    page.check("each counts once", counted, _books(play))
    for gateway in GATEWAYS:
        play.sandbox.webhooks(gateway, "never")
    payments = _paid_silently(play)
    play.clock_move(AN_HOUR)
    for person, payment in payments:
        person.renew()
        _settled(person, payment)
    for gateway in GATEWAYS:
        play.sandbox.webhooks(gateway, "normal")
    counted = {**counted, "settled": counted["settled"] + taken, "receipts": counted["receipts"] + taken}
    page.check("without any, the poller brings the same", counted, _books(play))


def _payer(play: Play, index: int) -> tuple[str, Host]:
    student, person = play.payers[index]
    person.renew()
    return student["id"], person


def _paid_silently(play: Play) -> list[tuple[Host, dict[str, Any]]]:
    """Payers who pay and close the browser: nothing but a callback or the clock tells of it."""
    done = []
    for index in (0, 1):
        student, person = _payer(play, index)
        for amount in (SMALL, LARGE):
            asked = {"purpose": "fees.due", "reference": due_make(play, student, amount)}
            payment = person.post("payments/create", asked, key=f"silent-{uuid4()}")
            cashfree = payment["gateway"] == "cashfree"
            order = route_of(play, payment["id"])["attempts"][-1]["reference" if cashfree else "order"]
            play.sandbox.pay(payment["gateway"], order, "SUCCESS" if cashfree else "captured")
            done.append((person, payment))
    return done


def _settled(person: Host, payment: dict[str, Any]) -> None:
    address = f"payments/{payment['id']}"
    until("the payment to settle", lambda: person.get(address)["state"] == "paid", patience_s=120)


def _orders(play: Play, payment: dict[str, Any]) -> list[dict[str, Any]]:
    """Every order the gateways hold for a payment."""
    names = {one["reference"] for one in route_of(play, payment["id"])["attempts"]}
    return [one for one in play.sandbox.book()["orders"] if one["reference"] in names]


def _payments(play: Play, order: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in play.sandbox.book()["payments"] if one["order"] == order["id"]]


def _ended(play: Play, payment: dict[str, Any]) -> dict[str, Any] | None:
    return next((one for one in _orders(play, payment) if one["state"] == "TERMINATED"), None)


def _states(owner: Host, address: str) -> list[str]:
    return [one["state"] for one in owner.get(address)["results"]]


def _books(play: Play) -> dict[str, int]:
    books = play.asha.owner.get("payments/stats")["books"]
    return {name: books[name] for name in ("settled", "receipts", "refunds", "surplus", "difference")}
