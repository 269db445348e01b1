"""The choice of a gateway: cheapest by fee and GST, to the paisa, with its reasons."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import round_paise
from shared_apps.payments.router import Decision, Offer, cost, route


def cashfree(**more: Any) -> Offer:
    return Offer("cashfree", Decimal("1.5"), 300, Decimal("18"), **more)


def razorpay(**more: Any) -> Offer:
    return Offer("razorpay", Decimal("2"), 0, Decimal("18"), **more)


def choose(amount_paise: int) -> Decision:
    return route(amount_paise, [cashfree(), razorpay()])


@pytest.mark.parametrize(
    ("amount", "chosen", "cashfree_costs", "razorpay_costs", "saved"),
    [
        (150_000, "cashfree", (2550, 459, 3009), (3000, 540, 3540), 531),
        (45_000, "razorpay", (975, 176, 1151), (900, 162, 1062), 89),
        (60_000, "cashfree", (1200, 216, 1416), (1200, 216, 1416), 0),
        (59_824, "razorpay", (1197, 216, 1413), (1196, 216, 1412), 1),
        (59_825, "razorpay", (1197, 216, 1413), (1197, 215, 1412), 1),
        (100, "razorpay", (302, 54, 356), (2, 0, 2), 354),
    ],
)
def test_known_amounts(
    amount: int, chosen: str, cashfree_costs: tuple[int, ...], razorpay_costs: tuple[int, ...], saved: int
) -> None:
    decision = choose(amount)
    shown = {one.gateway: (one.fee_paise, one.gst_paise, one.total_paise) for one in decision.candidates}
    assert shown == {"cashfree": cashfree_costs, "razorpay": razorpay_costs}
    assert (decision.chosen, decision.saved_paise) == (chosen, saved)


def test_the_reasons() -> None:
    assert choose(150_000).reason == "Cashfree is the cheapest: ₹30.09 with GST against Razorpay ₹35.40."
    assert choose(60_000).reason == "The charges are equal, ₹14.16 with GST; between equals Cashfree comes first."


def test_of_equals_the_one_that_succeeds_more_often() -> None:
    decision = route(60_000, [cashfree(success=Decimal("0.900")), razorpay(success=Decimal("0.950"))])
    assert decision.chosen == "razorpay"
    assert decision.reason == "The charges are equal, ₹14.16 with GST; Razorpay succeeded more often lately."


def test_success_never_beats_a_lower_price() -> None:
    assert route(150_000, [cashfree(success=Decimal("0.1")), razorpay(success=Decimal(1))]).chosen == "cashfree"


def test_who_was_never_tried_counts_as_good() -> None:
    assert route(60_000, [cashfree(success=Decimal("0.99")), razorpay()]).chosen == "razorpay"


def test_who_cannot_be_asked_is_shown_and_not_chosen() -> None:
    decision = route(150_000, [cashfree(excluded="NeverReached"), razorpay()])
    assert (decision.chosen, decision.saved_paise) == ("razorpay", 0)
    assert [one.excluded for one in decision.candidates] == ["NeverReached", ""]
    assert decision.reason == "Razorpay is the only gateway that can be asked; it charges ₹35.40."


def test_nobody_to_ask() -> None:
    assert route(150_000, [cashfree(excluded="off")]).chosen == ""
    assert route(150_000, []).as_json() == {
        "candidates": (),
        "chosen": "",
        "saved_paise": 0,
        "reason": "No gateway can be asked.",
    }


percents = st.decimals(min_value=0, max_value=10, places=4)
offers = st.builds(
    Offer,
    gateway=st.just("cashfree"),
    percent=percents,
    fixed_paise=st.integers(0, 1000),
    gst_percent=st.sampled_from([Decimal(0), Decimal("5"), Decimal("18"), Decimal("28")]),
)


@given(amount=st.integers(1, 10**10), offer=offers)
def test_whole_paise_that_add_up(amount: int, offer: Offer) -> None:
    found = cost(amount, offer)
    exact = (Decimal(amount) * offer.percent / 100 + offer.fixed_paise) * (1 + offer.gst_percent / 100)
    assert found.total_paise == round_paise(exact)
    assert found.fee_paise + found.gst_paise == found.total_paise
    assert min(found.fee_paise, found.gst_paise) >= 0
    assert abs(found.total_paise - exact) <= Decimal("0.5")


@given(amount=st.integers(100, 10**9))
def test_the_chosen_one_is_never_dearer(amount: int) -> None:
    decision = choose(amount)
    totals = {one.gateway: one.total_paise for one in decision.candidates}
    assert totals[decision.chosen] == min(totals.values())
    assert decision.saved_paise == max(totals.values()) - min(totals.values())
    # Above and below the equal amounts the cheaper one is known without reckoning.
    if amount > 60_200:
        assert decision.chosen == "cashfree"
    if amount < 59_800:
        assert decision.chosen == "razorpay"
