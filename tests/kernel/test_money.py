"""Money: paise are exact both ways, halves round up once, and nothing is rounded on the way in."""

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kernel.money import display, paise_of, round_paise, rupees, share

# What a bigint column holds.
PAISE = st.integers(min_value=-(2**63), max_value=2**63 - 1)
PERCENT = st.decimals(min_value=0, max_value=100, places=3)


@given(PAISE)
def test_paise_come_back_from_rupees(paise: int) -> None:
    shown = rupees(paise)
    assert shown.as_tuple().exponent == -2
    assert paise_of(shown) == paise_of(str(shown)) == paise


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_whole_rupees_are_a_hundred_paise(whole: int) -> None:
    assert paise_of(whole) == 100 * whole


@pytest.mark.parametrize(
    "amount",
    [
        "0.001",
        Decimal("10.005"),
        "1e-3",
        "NaN",
        "Infinity",
        "-Infinity",
        "1,000",
        "₹5",
        "",
        "1e27",
        "92233720368547758.08",
    ],
)
def test_what_is_no_whole_paisa_is_refused(amount: Any) -> None:
    with pytest.raises(ValueError, match="rupees"):
        paise_of(amount)


@given(st.text())
@example("100000000000000000000000000")
@example("1.00000000000000000000000000000001")
def test_no_text_is_anything_but_an_amount_or_refused(text: str) -> None:
    try:
        paise = paise_of(text)
    except ValueError:
        return
    assert rupees(paise) == Decimal(text)


@given(st.floats())
def test_a_float_is_never_money(amount: float) -> None:
    with pytest.raises(TypeError):
        paise_of(amount)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("exact", "rounded"),
    [("0.4", 0), ("0.5", 1), ("1.5", 2), ("2.5", 3), ("2.4999", 2), ("-0.5", -1), ("-0.4", 0), ("459.0", 459)],
)
def test_halves_round_away_from_zero(exact: str, rounded: int) -> None:
    assert round_paise(Decimal(exact)) == rounded


@given(st.decimals(min_value=-(10**15), max_value=10**15, places=6))
def test_rounding_is_never_off_by_more_than_half_a_paisa(exact: Decimal) -> None:
    assert abs(round_paise(exact) - exact) <= Decimal("0.5")
    assert round_paise(-exact) == -round_paise(exact)


@given(st.integers(min_value=0, max_value=10**12), PERCENT)
def test_a_share_and_the_rest_are_the_whole(paise: int, percent: Decimal) -> None:
    part = share(paise, percent)
    assert part + share(paise, 100 - percent) == paise
    assert 0 <= part <= paise


@pytest.mark.parametrize(
    ("percent", "fixed", "fee"),
    [("1.5", 300, 3009), ("2", 0, 3540)],
)
def test_a_fee_with_gst_on_1500_rupees(percent: str, fixed: int, fee: int) -> None:
    """₹1,500 by the two usual tariffs, GST of 18 % on the fee, rounded once at the end."""
    before = share(150_000, Decimal(percent)) + fixed
    assert round_paise(before + before * 18 / 100) == fee


@pytest.mark.parametrize(
    ("paise", "shown"),
    [
        (0, "₹0.00"),
        (5, "₹0.05"),
        (99_999, "₹999.99"),
        (100_000, "₹1,000.00"),
        (48_230_000, "₹4,82,300.00"),
        (1_234_567_890_12, "₹1,23,45,67,890.12"),
        (-48_230_050, "-₹4,82,300.50"),
    ],
)
def test_lakhs_and_crores(paise: int, shown: str) -> None:
    assert display(paise) == shown


@given(PAISE)
def test_what_is_shown_reads_back(paise: int) -> None:
    shown = display(paise)
    assert re.fullmatch(r"-?₹\d{1,3}(,\d{3})?\.\d\d|-?₹\d{1,2}(,\d\d)*,\d{3}\.\d\d", shown)
    assert paise_of(shown.replace("₹", "").replace(",", "")) == paise
