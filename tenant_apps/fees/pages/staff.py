"""What staff see first: what needs them, then figures, then the day; cut to what their role is there for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kernel import clock
from kernel.http.actor import Actor
from kernel.http.pages import PageRequest
from kernel.tenancy import Business, platform_scope
from shared_apps.credits import selectors as credits_of
from shared_apps.payments import selectors as payments
from shared_apps.ui import charts
from tenant_apps.bookings import selectors as bookings
from tenant_apps.classes import selectors as classes
from tenant_apps.fees import selectors
from tenant_apps.people import selectors as people

SOON = timedelta(days=7)
RECENT = 8
NOON, EVENING = 12, 17
# From the bottom of a bar up.
SOURCES = ("online", "upi", "cash")
SOURCE_NAMES = {
    "online": gettext_lazy("Online"),
    "upi": gettext_lazy("UPI and card at the desk"),
    "cash": gettext_lazy("Cash"),
}
CHIPS = [
    ("paid", gettext_lazy("Paid")),
    ("pending", gettext_lazy("Pending")),
    ("failed", gettext_lazy("Not paid")),
]


@dataclass(frozen=True, slots=True)
class Need:
    """One line of what needs somebody."""

    tone: str
    icon: str
    title: str
    note: str
    action: str
    address: str


def home(request: PageRequest) -> HttpResponse:
    """The dashboard, for each role what it is there for."""
    actor, business, today = request.actor, request.business, clock.today()
    told: dict[str, Any] = {"hours": hours_of_day(), "today": today, "may_take": actor.can("payments.desk")}
    sums = selectors.dues_sums(actor, today=today, soon=today + SOON) if actor.can("fees.view") else None
    told["sums"] = sums
    if actor.can("people.view"):
        told["students"] = people.students_visible(actor).filter(state="active").count()
    if actor.can("payments.books"):
        told |= money_told(actor, today)
    if actor.can("payments.view"):
        visible = payments.payments_visible(actor).select_related("winner")
        told["chips"] = CHIPS
        told["recent"] = list(visible.exclude(state="created").order_by("-id")[:RECENT])
    told |= day_told(actor, business)
    if sums is None and (first := told.get("next_card")):
        # Whom money is nothing to begins with their next class; the list below has the others.
        told["cards"] = [card for card in told["cards"] if card is not first]
    told["needs"] = list(needs_of(request, sums, told))
    told["is_new"] = not told.get("students") and not told.get("recent")
    return render(request, "fees/staff_home.html", told)


def money_told(actor: Actor, today: date) -> dict[str, Any]:
    """What came in this month, day by day and by source, beside the same days of last month."""
    first = today.replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    days: dict[date, dict[str, int]] = {}
    for day, source, paise in payments.collected(actor, since=_begin(before), zone=clock.zone()):
        days.setdefault(day, {})[source] = paise

    def sum_of(day: date) -> int:
        return sum(days.get(day, {}).values())

    month = [first + timedelta(days=number) for number in range((today - first).days + 1)]
    # A month that is shorter gives its days only.
    last = [before + timedelta(days=number) for number in range((first - before).days)]
    same = last[: len(month)]
    now, then = sum(map(sum_of, month)), sum(map(sum_of, same))
    return {
        "collected": now,
        "collected_before": then,
        "change": round(100 * (now - then) / then, 1) if then else None,
        "month_before": date_format(before, "F"),
        "collected_spark": charts.sparkline([sum_of(day) for day in month]) if now else "",
        "chart": _chart(days, month, same, has_before=then > 0, name=date_format(before, "F"), sum_=now),
    }


def _chart(
    days: dict[date, dict[str, int]], month: list[date], same: list[date], *, has_before: bool, name: str, sum_: int
) -> SafeString:
    used = [one for one in SOURCES if any(one in days.get(day, {}) for day in month)]
    address = reverse("page_payments")
    bars = []
    for number, day in enumerate(month):
        before = sum(days.get(same[number], {}).values()) if has_before and number < len(same) else None
        values = tuple(max(0, days.get(day, {}).get(one, 0)) for one in used)
        bars.append(charts.Bar(date_format(day, "j M"), values, f"{address}?state=paid&from={day}&to={day}", before))
    best = max(bars, key=lambda bar: bar.total)
    told = {"sum": charts.money(sum_), "best": best.label, "amount": charts.money(best.total)}
    words = _("%(sum)s since the first of the month; the best day was %(best)s with %(amount)s.") % told
    return charts.bars(
        bars,
        series=[str(SOURCE_NAMES[one]) for one in used],
        summary=words if sum_ else _("Nothing came in yet this month."),
        periods=_("Day"),
        compared=name if has_before else "",
    )


def day_told(actor: Actor, business: Business) -> dict[str, Any]:
    """Today's classes and how full the rooms are, as far as the business has any and the role is there for them."""
    told: dict[str, Any] = {
        "teaches": business.kind in ("academy", "both"),
        "seats": business.kind in ("library", "both"),
    }
    if told["teaches"] and actor.can("classes.view"):
        told["cards"] = classes.cards_today(actor)
        told["next_card"] = next((one for one in told["cards"] if one.state in ("live", "lobby", "scheduled")), None)
    if told["seats"] and actor.can("bookings.view"):
        halls = bookings.occupancy(actor)
        seats = sum(one["seats"] - one["blocked"] for one in halls)
        taken = sum(one["taken"] + one["held"] for one in halls)
        told |= {
            "halls": halls,
            "seat_count": seats,
            "taken": taken,
            "full": round(100 * taken / seats) if seats else 0,
        }
        told["present"] = sum(one["present"] for one in halls)
    return told


def needs_of(request: PageRequest, sums: Any, told: dict[str, Any]) -> Any:
    """What wants somebody's attention, the dearest first."""
    actor = request.actor
    if sums and sums.overdue:
        note = ngettext("%(n)s fee is overdue", "%(n)s fees are overdue", sums.overdue) % {"n": sums.overdue}
        title = _("%(amount)s overdue") % {"amount": charts.money(sums.overdue_paise)}
        address = f"{reverse('page_owed')}?state=overdue"
        yield Need("bad", "circle-alert", title, note, _("Remind") if actor.can("fees.change") else _("Look"), address)
    if actor.can("payments.view"):
        flagged, failed = payments.troubles(actor, since=clock.now() - timedelta(days=1))
        address = reverse("page_payments")
        if flagged:
            title = ngettext("%(n)s payment unmatched", "%(n)s payments unmatched", flagged) % {"n": flagged}
            note = _("Money came that is not what was asked for")
            yield Need("warn", "unlink", title, note, _("Match"), f"{address}?flagged=1")
        if failed:
            title = ngettext("%(n)s payment did not go through", "%(n)s payments did not go through", failed)
            note = _("In the last day; the payers may need help")
            yield Need("warn", "circle-x", title % {"n": failed}, note, _("Look"), f"{address}?state=pending")
    if actor.can("people.import"):
        waiting = people.imports_visible(actor).filter(state="draft").count()
        if waiting:
            title = ngettext("%(n)s import waits for you", "%(n)s imports wait for you", waiting) % {"n": waiting}
            yield Need(
                "info", "file-up", title, _("Its columns are not confirmed yet"), _("Go on"), reverse("page_students")
            )
    if actor.can("credits.view"):
        for wallet in low_wallets(request.business):
            title = _("%(n)s %(channel)s credits left") % {
                "n": charts.count(wallet.available),
                "channel": wallet.channel.upper(),
            }
            note = _("Messages stop when they are used up")
            yield Need("warn", "battery-low", title, note, _("Buy"), reverse("page_credits"))
    late = [card for card in told.get("cards", []) if card.is_late]
    if late:
        title = ngettext("%(n)s class has not begun", "%(n)s classes have not begun", len(late)) % {"n": len(late)}
        yield Need("warn", "timer", title, late[0].subject, _("Look"), "#classes")


def low_wallets(business: Business) -> list[Any]:
    """The wallets of messages that were filled once and run low; they lie on the operator's side."""
    with platform_scope(on_behalf_of=business, purpose="credits.buy"):
        wallets = credits_of.wallets(schema=business.schema)
    return [one for one in wallets if one.is_low and (one.available or one.consumed)]


def hours_of_day() -> str:
    """morning, afternoon or evening, where the business is."""
    hour = timezone.localtime(clock.now()).hour
    return "morning" if hour < NOON else "afternoon" if hour < EVENING else "evening"


def _begin(day: date) -> datetime:
    return datetime.combine(day, time.min, clock.zone())
