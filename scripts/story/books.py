"""Steps 11 and 17: everything adds up, over every run of this stack: credits to the unit, money to the paisa."""

from scripts.stack.report import Step
from scripts.story.cast import Play
from scripts.story.client import until


def close(play: Play, page: Step) -> None:
    # The very look that found them settled is the one that counts: a receipt may leave a moment later.
    stock = until("messages to settle", lambda: _settled(play))
    spread = stock["master"] + stock["wallets"] + stock["held"] + stock["consumed"]
    play.report.book(
        "credits",
        purchased=stock["purchased"],
        master=stock["master"],
        wallets=stock["wallets"],
        held=stock["held"],
        consumed=stock["consumed"],
        expired=0,
        difference=stock["purchased"] - spread,
    )
    page.check("purchased = master + wallets + held + consumed", stock["purchased"], spread)
    totals = dict.fromkeys(("settled", "receipts", "refunds", "difference"), 0)
    for owner in (play.admin, play.asha.owner, play.gyan.owner):
        books = owner.get("payments/stats")["books"]
        for name in totals:
            totals[name] += books[name]
    play.report.book("paise", **totals)
    page.check("settled = receipts − refunds", totals["settled"], totals["receipts"] - totals["refunds"])
    page.check("difference", 0, totals["difference"])
    sent = [m for m in play.sandbox.book()["messages"] if m["vendor"] == "msg91"]
    page.figure(messages_at_the_vendor=len(sent))


def _settled(play: Play) -> dict[str, int] | None:
    found: dict[str, int] = next(s for s in play.admin.get("admin/credits/wallet")["channels"] if s["channel"] == "sms")
    return found if found["held"] == 0 else None
