"""Charts drawn by the server: SVG that follows the theme, with a sentence that says it and a table behind it.

Marks are stretched to the width there is (`preserveAspectRatio="none"`) and every word is HTML beside them, so a chart
is read on a phone and on paper alike. Nothing here knows where figures come from. Axes begin at zero, and a chart of
fewer than two periods is only its number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from kernel.money import grouped

# The plot's own units; the browser stretches them.
WIDTH, HEIGHT = 1000, 200
STEPS = 4
# On a phone every second of the named periods is left out.
NAMED = 8
LEAST_PERIODS = 2
# From here on a cell of the heatmap says its number.
HOT = 90
_CRORE, _LAKH, _THOUSAND = 1_00_00_000, 1_00_000, 1_000
_ROUND = (1, 2, 2.5, 5, 10)

Written = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Bar:
    """One period: `values` from the bottom up, one for each series; `before` is the compared period's sum."""

    label: str
    values: tuple[int, ...]
    href: str = ""
    before: int | None = None

    @property
    def total(self) -> int:
        return sum(self.values)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a chart of rows: what it is, how much, where the rows behind it are."""

    label: str
    value: int
    href: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    y: float
    label: str


def money(paise: int) -> str:
    """₹ with Indian grouping; paise only when there are some."""
    rupees, rest = divmod(abs(paise), 100)
    return f"{'-' if paise < 0 else ''}₹{grouped(rupees)}" + (f".{rest:02d}" if rest else "")


def count(number: int) -> str:
    return grouped(number)


def percent(number: int) -> str:
    return f"{number} %"


def short_money(paise: int, digits: int = 1) -> str:
    """What stands at an axis or in a tile: ₹40k, ₹4.8 L, ₹1.2 Cr."""
    rupees = abs(paise) / 100
    sign = "-" if paise < 0 else ""
    for size, name in ((_CRORE, " Cr"), (_LAKH, " L"), (_THOUSAND, "k")):
        if rupees >= size:
            return f"{sign}₹{_trimmed(rupees / size, digits)}{name}"
    return f"{sign}₹{_trimmed(rupees, digits)}"


def bars(
    given: Sequence[Bar],
    *,
    series: Sequence[str],
    summary: str,
    periods: str,
    compared: str = "",
    written: Written = money,
    axis: Written = short_money,
) -> SafeString:
    """Stacked bars, each a link when it has an address, with the compared period as a dashed line.

    `periods` heads the table's first column; `compared` names the dashed line.
    """
    told = [bar for bar in given if bar.total or bar.before]
    if len(told) < LEAST_PERIODS:
        return _number(written(sum(bar.total for bar in given)), summary)
    most = max(max(bar.total, bar.before or 0) for bar in given)
    top, ticks = _axis(most, axis)
    slot = WIDTH / len(given)
    wide = slot * 0.56
    columns = []
    for index, bar in enumerate(given):
        low, left = HEIGHT * 1.0, slot * index + (slot - wide) / 2
        parts = []
        for number, value in enumerate(bar.values):
            high = HEIGHT * value / top
            if value:
                parts.append({"x": _n(left), "y": _n(low - high), "w": _n(wide), "h": _n(high), "c": number % 4 + 1})
            low -= high
        columns.append({"bar": bar, "parts": parts, "total": written(bar.total)})
    dots = [
        (slot * index + slot / 2, HEIGHT - HEIGHT * bar.before / top)
        for index, bar in enumerate(given)
        if bar.before is not None
    ]
    return _drawn(
        "bars",
        summary=summary,
        ticks=ticks,
        columns=columns,
        slot=_n(slot),
        compared=_path(dots) if compared and len(dots) > 1 else "",
        names=_names([bar.label for bar in given]),
        legend=[(name, number % 4 + 1) for number, name in enumerate(series)] if len(series) > 1 or compared else [],
        compared_name=compared,
        periods=periods,
        head=[*series, *([_("Total")] if len(series) > 1 else []), *([compared] if compared else [])],
        rows=[(bar.label, bar.href, _cells(bar, len(series) > 1, bool(compared), written)) for bar in given],
    )


def line(
    given: Sequence[tuple[str, int]],
    *,
    name: str,
    summary: str,
    periods: str,
    before: Sequence[int] = (),
    compared: str = "",
    written: Written = money,
    axis: Written = short_money,
) -> SafeString:
    """One line over its area, with the compared period dashed."""
    if len(given) < LEAST_PERIODS:
        return _number(written(sum(value for _label, value in given)), summary)
    top, ticks = _axis(max([value for _label, value in given] + list(before)), axis)
    points = _points([value for _label, value in given], top)
    return _drawn(
        "line",
        summary=summary,
        ticks=ticks,
        line=_path(points),
        area=f"{_path(points)} L{WIDTH} {HEIGHT} L0 {HEIGHT} Z",
        compared=_path(_points(list(before), top)) if len(before) > 1 else "",
        names=_names([label for label, _value in given]),
        legend=[(name, 1)] if compared else [],
        compared_name=compared,
        periods=periods,
        head=[name, *([compared] if compared else [])],
        rows=[
            (
                label,
                "",
                [written(value), *([written(before[index]) if index < len(before) else "–"] if compared else [])],
            )
            for index, (label, value) in enumerate(given)
        ],
    )


def sparkline(values: Sequence[int]) -> SafeString:
    """A trend beside a number that says it; nothing for fewer than two periods."""
    if len(values) < LEAST_PERIODS:
        return mark_safe("")
    low, high = min(values), max(values)
    room = max(high - low, 1)
    step = 100 / (len(values) - 1)
    points = [(step * index, 26 - 24 * (value - low) / room) for index, value in enumerate(values)]
    path = _path(points)
    return mark_safe(  # noqa: S308 - numbers only
        f'<svg class="spark" viewBox="0 0 100 28" preserveAspectRatio="none" aria-hidden="true">'
        f'<path class="spark-area" d="{path} L100 28 L0 28 Z"/><path class="spark-line" d="{path}"/></svg>'
    )


def heatmap(
    cells: Sequence[Sequence[int | None]],
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    summary: str,
    corner: str,
) -> SafeString:
    """How full by two measures, in per cent, as a table that is its own chart; None is closed."""
    shown = []
    for label, values in zip(rows, cells, strict=True):
        shown.append((label, [(value, 0 if value is None else min(5, 1 + value // 20)) for value in values]))
    return _drawn("heat", summary=summary, rows=shown, columns=columns, corner=corner, hot=HOT)


def ranked(
    given: Sequence[Row],
    *,
    summary: str,
    written: Written = count,
    funnel: bool = False,
) -> SafeString:
    """Bars lying one above the other, the longest as wide as there is room; a `funnel` says how many went on."""
    most = max((row.value for row in given), default=0) or 1
    shown = []
    for index, row in enumerate(given):
        above = given[index - 1].value if index else 0
        kept = f"{round(100 * row.value / above)} %" if funnel and above else ""
        shown.append({"row": row, "w": _n(100 * row.value / most), "value": written(row.value), "kept": kept})
    return _drawn("ranked", summary=summary, rows=shown, funnel=funnel)


def _drawn(kind: str, **told: Any) -> SafeString:
    return mark_safe(  # noqa: S308 - a template of ours, which escapes
        render_to_string(f"ui/charts/{kind}.html", {"width": WIDTH, "height": HEIGHT, **told})
    )


def _number(shown: str, summary: str) -> SafeString:
    return _drawn("number", number=shown, summary=summary)


def _axis(most: int, written: Written) -> tuple[int, list[Tick]]:
    """The top of an axis from zero, and its marks from the top down: round numbers in whole units."""
    step = _step(max(most, 1) / STEPS)
    steps = max(1, -(-max(most, 1) // step))
    return steps * step, [Tick(0, written(step * number)) for number in range(steps, -1, -1)]


def _step(least: float) -> int:
    size = 1
    while size * 10 <= least:
        size *= 10
    return next(int(size * one) for one in _ROUND if size * one >= least and size * one == int(size * one))


def _names(labels: Sequence[str]) -> list[tuple[str, bool]]:
    """One for each period, blank where there is no room; and whether a phone leaves it out too."""
    every = -(-len(labels) // NAMED)
    named = range(0, len(labels), every)
    return [
        (label if index in named else "", index in named and named.index(index) % 2 == 1)
        for index, label in enumerate(labels)
    ]


def _cells(bar: Bar, has_total: bool, has_before: bool, written: Written) -> list[str]:
    cells = [written(value) for value in bar.values]
    if has_total:
        cells.append(written(bar.total))
    if has_before:
        cells.append("–" if bar.before is None else written(bar.before))
    return cells


def _points(values: Sequence[int], top: int) -> list[tuple[float, float]]:
    step = WIDTH / max(len(values) - 1, 1)
    return [(step * index, HEIGHT - HEIGHT * value / top) for index, value in enumerate(values)]


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{'L' if index else 'M'}{_n(x)} {_n(y)}" for index, (x, y) in enumerate(points))


def _n(number: float) -> str:
    """A coordinate as SVG wants it in every language."""
    return f"{number:.1f}".rstrip("0").rstrip(".")


def _trimmed(number: float, digits: int) -> str:
    return f"{number:.{digits}f}".rstrip("0").rstrip(".") if number < 100 else f"{number:.0f}"
