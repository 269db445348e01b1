"""Steps 5 and 6: fees are paid through the cheaper gateway, whatever callbacks and gateways do."""

from functools import partial
from typing import Any
from uuid import uuid4

from scripts.stack.days import local_today
from scripts.stack.report import Step
from scripts.story.cast import Play
from scripts.story.client import Host, until
from scripts.story.opening import gateways_open

SMALL, LARGE = 45_000, 150_000
# ₹450: Cashfree 11.51, Razorpay 10.62. ₹1,500: Cashfree 30.09, Razorpay 35.40. GST of 18 % included.
SAVED = {SMALL: 89, LARGE: 531}


def pay_cheaper(play: Play, page: Step) -> None:
    origin = f"http://{play.asha.public_id}.localhost:{play.stack.port}"
    gateways_open(play.sandbox, play.asha.owner, origin, "asha")
    payers = [s for s in play.asha.students if s["phone"]]
    play.payers = [(s, play.student(play.asha, s["phone"])) for s in payers[1:4]]
    saved = 0
    for (student, person), (amount, gateway) in zip(
        play.payers[:2], ((SMALL, "razorpay"), (LARGE, "cashfree")), strict=True
    ):
        due = due_make(play, student["id"], amount)
        payment = pay(play, person, due)
        page.check(f"₹{amount // 100}: the gateway", gateway, payment["gateway"])
        route = route_of(play, payment["id"])
        page.check(f"₹{amount // 100}: saved, paise", SAVED[amount], route["saved_paise"])
        page.check(f"₹{amount // 100}: candidates kept", 2, len(route["candidates"]))
        settled = until("the payment to settle", partial(_paid, person, payment["id"]))
        page.check(f"₹{amount // 100}: a receipt", True, bool(settled["receipt"]))
        paid = until("the due to be paid", partial(_due_paid, person, due))
        page.check(f"₹{amount // 100}: the due", "paid", paid["state"])
        saved += route["saved_paise"]
    page.figure(saved_paise=saved)
    page.check("fees saved, paise", sum(SAVED.values()), saved)


def callbacks(play: Play, page: Step) -> None:
    before = _books(play)
    (student, person), known = play.payers[0], len(play.sandbox.webhooks_idle())
    play.sandbox.webhooks("razorpay", "forge")
    payment = pay(play, person, due_make(play, student["id"], SMALL))
    forged = [one for one in play.sandbox.webhooks_idle()[known:] if one["vendor"] == "razorpay"]
    page.check("tampered callbacks", {"401"}, {str(attempt["outcome"]) for attempt in forged})
    play.sandbox.webhooks("razorpay", "normal")
    play.sandbox.webhooks_flush(copies=3, shuffle=True)
    play.sandbox.webhooks_resend(copies=3, shuffle=True)
    play.sandbox.webhooks_idle()
    until("the payment to settle", lambda: _paid(person, payment["id"]))
    until("callbacks to be worked on", lambda: _callbacks_done(play))
    counted = {name: before[name] + (SMALL if name in ("settled", "receipts") else 0) for name in before}
    page.check("true ones, three times and shuffled, count once", counted, _books(play))
    play.sandbox.refuse("cashfree")
    try:
        student, person = play.payers[2]
        payment = pay(play, person, due_make(play, student["id"], LARGE))
    finally:
        play.sandbox.accept("cashfree")
    page.check("with Cashfree down, ₹1,500 goes to", "razorpay", payment["gateway"])
    attempts = route_of(play, payment["id"])["attempts"]
    page.check("and it is kept why", ["cashfree", "razorpay"], [a["gateway"] for a in attempts])
    settled = until("the payment to settle", lambda: _paid(person, payment["id"]))
    page.check("paid", LARGE, settled["amount_paise"])


def due_make(play: Play, student: str, amount: int) -> str:
    body = {"student": student, "title": "Fee", "amount_paise": amount, "due_on": local_today().isoformat()}
    return str(play.asha.owner.post("dues", body)["id"])


def pay(play: Play, person: Host, due: str) -> dict[str, Any]:
    """Ask for a payment and complete the hosted checkout as a browser would."""
    payment: dict[str, Any] = person.post(
        "payments/create", {"purpose": "fees.due", "reference": due}, key=f"pay-{uuid4()}"
    )
    play.payer.checkout(payment["checkout"]["page"])
    return payment


def route_of(play: Play, payment: str) -> dict[str, Any]:
    found: dict[str, Any] = play.asha.owner.get(f"payments/{payment}/route")
    return found


def _paid(person: Host, payment: str) -> dict[str, Any] | None:
    found: dict[str, Any] = person.get(f"payments/{payment}")
    return found if found["state"] == "paid" else None


def _due_paid(person: Host, due: str) -> dict[str, Any] | None:
    found: dict[str, Any] = person.get(f"dues/{due}")
    return found if found["state"] == "paid" else None


def _books(play: Play) -> dict[str, Any]:
    stats = play.asha.owner.get("payments/stats")
    return {name: stats["books"][name] for name in ("settled", "receipts", "refunds", "difference")}


def _callbacks_done(play: Play) -> bool:
    return not [c for c in play.asha.owner.all("webhook-logs") if c["state"] == "received"]
