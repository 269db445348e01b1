"""Why a payment went its way, in a sentence, from the decision that was kept."""

from typing import Any

from shared_apps.payments.models import Attempt, Payment
from shared_apps.payments.pages.route import sentence_of


def route(chosen: int, other: int, **more: Any) -> str:
    """The sentence for ₹1,500 sent by Cashfree at `chosen` paise when Razorpay charged `other`."""
    candidates = [
        {"gateway": "cashfree", "total_paise": chosen, "success": None, "excluded": "", "circuit": "closed"},
        {"gateway": "razorpay", "total_paise": other, "success": None, "excluded": "", "circuit": "closed"},
    ]
    candidates[0] |= more.get("first", {})
    candidates[1] |= more.get("second", {})
    attempt = Attempt(gateway="cashfree", route={"candidates": candidates, "chosen": "cashfree"})
    before = more.get("before")
    attempts = [Attempt(gateway="razorpay", error=before), attempt] if before else [attempt]
    return sentence_of(Payment(amount_paise=1_500_00, gateway="cashfree"), attempts)


def test_the_route_in_a_sentence() -> None:
    assert route(30_09, 40_59) == "Sent by Cashfree: ₹10.50 cheaper than Razorpay for ₹1,500; both were well."
    ill = route(30_09, 40_59, second={"circuit": "open"})
    assert ill.endswith("Razorpay did not answer well lately.")
    assert "though Razorpay is ₹5 cheaper" in route(35_00, 30_00, second={"circuit": "open"})
    assert "between equals it comes first" in route(30_00, 30_00)
    assert "succeeded more often lately" in route(30_00, 30_00, second={"success": "0.900"})
    alone = route(30_00, 30_00, second={"excluded": "no active account"})
    assert alone == "Sent by Cashfree for ₹30: no other could be asked (Razorpay: no active account)."
    assert "Razorpay was asked first and could not be reached." in route(30_00, 40_00, before="NeverReached")
    assert "did not answer" in route(30_00, 40_00, before="OutcomeUnknown")
    assert "The payer left the order at Razorpay." in route(30_00, 40_00, before="terminated")
    assert "and refused." in route(30_00, 40_00, before="Rejected")
    assert "neither answered well" in route(30_00, 40_00, first={"circuit": "open"}, second={"circuit": "open"})
    assert sentence_of(Payment(gateway="desk"), []).startswith("Taken at the desk")
    assert sentence_of(Payment(gateway=""), []) == "No gateway was asked yet."
