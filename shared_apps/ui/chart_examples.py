"""The charts of the style guide, with figures made up for it."""

from typing import Any

from django.utils.translation import gettext as _

from shared_apps.ui import charts

_DAYS = (25, 31, 28, 27, 31, 34, 21, 19, 27, 32, 30, 36, 19, 13, 24, 19, 15, 13, 30, 29)
_FULL = (10, 25, 45, 62, 48, 40, 55, 92, 98, 96, 61)


def charts_shown() -> list[tuple[str, Any]]:
    """Every kind of chart, with the state of too little data."""
    bars = [
        charts.Bar(
            f"{day} Nov",
            (sold * 80_000, sold * 15_000, sold * 5_000),
            href="#main",
            before=_DAYS[day % len(_DAYS)] * 92_000,
        )
        for day, sold in enumerate(_DAYS, 1)
    ]
    series = (_("Online"), _("UPI"), _("Cash"))
    full = [[min(100, share + 3 * day) if share else None for share in _FULL] for day in range(7)]
    week = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    return [
        (
            _("Stacked bars"),
            charts.bars(bars, series=series, summary="₹4,82,300", periods=_("Day"), compared=_("Last month")),
        ),
        (
            _("Line"),
            charts.line(
                [(bar.label, bar.total) for bar in bars],
                name=_("Collected"),
                summary="₹4,82,300",
                periods=_("Day"),
                before=[bar.before or 0 for bar in bars],
                compared=_("Last month"),
            ),
        ),
        (
            _("Heatmap"),
            charts.heatmap(
                full, rows=week, columns=[str(hour) for hour in range(6, 17)], summary="Mon 14: 98 %", corner=_("Day")
            ),
        ),
        (
            _("Funnel"),
            charts.ranked(
                [charts.Row("Sent", 1_200), charts.Row("Delivered", 1_104), charts.Row("Paid", 312, href="#main")],
                summary="312 / 1,200",
                funnel=True,
            ),
        ),
        (_("Too little to draw"), charts.bars(bars[:1], series=series, summary="1 Nov", periods=_("Day"))),
    ]
