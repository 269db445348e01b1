"""Charts: whatever the figures, marks begin at zero and stay in the picture, and every figure is in words too."""

import re
from itertools import pairwise

from django.test import override_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_apps.ui import charts
from shared_apps.ui.charts import HEIGHT, Bar, Row

paise = st.integers(min_value=0, max_value=10**13)


@settings(max_examples=60, deadline=None)
@given(
    figures=st.lists(st.tuples(paise, paise, st.none() | paise), min_size=2, max_size=40),
)
def test_bars_stand_on_zero_and_below_the_top(figures: list[tuple[int, int, int | None]]) -> None:
    bars = [Bar(f"day {number}", (one, two), before=before) for number, (one, two, before) in enumerate(figures)]
    drawn = charts.bars(bars, series=("Online", "Cash"), summary="sum", periods="Day", compared="Before")
    if sum(bool(bar.total or bar.before) for bar in bars) < 2:
        assert "<svg" not in drawn.split("chart-table")[0]
        return
    heights = [float(one) for one in re.findall(r'height="([\d.]+)"/>', drawn)]
    tops = [float(one) for one in re.findall(r' y="([-\d.]+)"', drawn)]
    assert all(top >= -0.2 for top in tops)
    assert all(top + height <= HEIGHT + 0.2 for top, height in zip(tops, heights, strict=True))
    assert drawn.count("<tr>") == len(bars) + 1
    assert all(charts.money(bar.total) in drawn for bar in bars)
    assert "style=" not in drawn


@given(most=st.integers(min_value=0, max_value=10**14))
def test_an_axis_begins_at_zero_and_ends_above_the_most(most: int) -> None:
    top, ticks = charts._axis(most, str)
    assert ticks[-1].label == "0"
    assert int(ticks[0].label) == top >= most
    assert 2 <= len(ticks) <= charts.STEPS + 1
    gaps = {int(one.label) - int(two.label) for one, two in pairwise(ticks)}
    assert len(gaps) == 1


def test_too_little_is_only_a_number() -> None:
    one = charts.bars([Bar("1 Nov", (450_00,))], series=("Cash",), summary="Since yesterday.", periods="Day")
    assert "₹450" in one
    assert "two periods" in one
    assert "<svg" not in one
    assert "₹12" in charts.line([("1 Nov", 12_00)], name="Cash", summary="", periods="Day")
    assert charts.sparkline((5,)) == ""


def test_amounts_are_grouped_as_in_india_and_short_at_an_axis() -> None:
    assert charts.money(4_82_300_00) == "₹4,82,300"
    assert charts.money(-1_50) == "-₹1.50"
    assert [charts.short_money(one) for one in (0, 900_00, 40_000_00, 4_82_300_00, 1_20_00_000_00, -5_000_00)] == [
        "₹0",
        "₹900",
        "₹40k",
        "₹4.8 L",
        "₹1.2 Cr",
        "-₹5k",
    ]


def test_what_people_wrote_is_escaped_in_every_kind() -> None:
    wild = '<b onclick="x">'
    drawn = [
        charts.bars([Bar(wild, (1,)), Bar("b", (2,))], series=(wild,), summary=wild, periods=wild),
        charts.line([(wild, 1), ("b", 2)], name=wild, summary=wild, periods=wild),
        charts.heatmap([[5, None]], rows=[wild], columns=["6", wild], summary=wild, corner=wild),
        charts.ranked([Row(wild, 3, note=wild), Row("b", 1)], summary=wild, funnel=True),
    ]
    assert all("<b onclick" not in one and "&lt;b onclick" in one for one in drawn)
    with override_settings(LANGUAGE_CODE="hi"):
        assert 'd="M0 26 L50 14 L100 2"' in charts.sparkline((1, 2, 3))


def test_a_heatmap_says_what_is_nearly_full_and_what_is_closed() -> None:
    drawn = charts.heatmap([[12, 95, None]], rows=["Mon"], columns=["6", "7", "8"], summary="s", corner="Day")
    assert '<td class="heat-5"><span>95</span>' in drawn
    assert '<td class="heat-1"><span class="sr-only">12</span>' in drawn
    assert "closed" in drawn
