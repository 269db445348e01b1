"""The list of payments: searched, filtered, summed for who may know sums, taken away as a sheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import xlsxwriter
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.utils.timezone import make_aware
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel import clock
from kernel.http.errors import Forbidden
from kernel.http.export import cell
from kernel.http.pages import PageRequest, PageView
from kernel.money import rupees
from shared_apps.payments import selectors
from shared_apps.payments.models import DESK, Payment

A_PAGE = 25
MOST = 50_000
SEARCHED = ("payer_name", "receipt", "reference", "winner__gateway_payment_id", "attempts__gateway_order_id")
# What the chips offer: a name for several states.
GROUPS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "paid": (gettext_lazy("Paid"), ("paid", "part_refunded")),
    "pending": (gettext_lazy("Pending"), ("created", "pending", "authorised")),
    "failed": (gettext_lazy("Not paid"), ("failed", "cancelled", "expired")),
    "refunded": (gettext_lazy("Refunded"), ("refunded", "part_refunded")),
}
METHODS = ("cash", "upi", "card", "netbanking", "wallet")
GATEWAYS = (DESK, "cashfree", "razorpay")


class Payments(PageView):
    """What is asked of the list stands in the address; the same address with `as` gives the sheet."""

    permission = {"GET": "payments.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        if request.actor.kind == "student":
            raise Forbidden
        asked = Asked(request)
        found = asked.of(selectors.payments_visible(request.actor).select_related("winner"))
        told = {
            "asked": asked,
            "groups": GROUPS,
            "methods": METHODS,
            "gateways": GATEWAYS,
            "page": Paginator(found.order_by("-id"), A_PAGE).get_page(request.GET.get("page")),
            "unmatched": selectors.payments_visible(request.actor).filter(flagged=True).count(),
        }
        if request.actor.can("payments.books"):
            sums = found.order_by().aggregate(
                received=Sum("amount_paise", filter=Q(state__in=Payment.RECEIPTED), default=0),
                returned=Sum("refunded_paise", default=0),
                count=Count("id", filter=Q(state__in=Payment.RECEIPTED)),
            )
            told |= {"sums": sums, "net": sums["received"] - sums["returned"]}
        return render(request, "payments/list.html", told)


class PaymentsSheet(PageView):
    """The list as CSV or XLSX, for roles that see the books; up to a page nobody reads to its end."""

    permission = {"GET": "payments.books"}
    throttled_per_minute = 20

    def get(self, request: PageRequest) -> HttpResponse:
        found = Asked(request).of(selectors.payments_visible(request.actor).select_related("winner"))
        lines = _lines(found.order_by("-id")[:MOST])
        if request.GET.get("as") == "xlsx":
            kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
            return _file(_xlsx(lines), kind, "payments.xlsx")
        buffer = io.StringIO()
        csv.writer(buffer).writerows([cell(value) for value in line] for line in lines)
        return _file(buffer.getvalue().encode(), "text/csv; charset=utf-8", "payments.csv")


class Asked:
    """What the address asks of the list; anything it cannot mean is left aside."""

    def __init__(self, request: PageRequest) -> None:
        given = request.GET
        self.text = given.get("q", "").strip()[:80].replace("\x00", "")
        self.state = given.get("state", "") if given.get("state") in GROUPS else ""
        self.method = given.get("method", "") if given.get("method") in METHODS else ""
        self.gateway = given.get("gateway", "") if given.get("gateway") in GATEWAYS else ""
        self.flagged = given.get("flagged") == "1"
        self.since, self.until = _day(given.get("from", "")), _day(given.get("to", ""))

    @property
    def is_filtered(self) -> bool:
        """Whether anything is asked for."""
        return any((self.text, self.state, self.method, self.gateway, self.flagged, self.since, self.until))

    def of(self, payments: QuerySet[Payment]) -> QuerySet[Payment]:
        """The payments asked for."""
        if self.text:
            payments = payments.filter(
                id__in=payments.order_by()
                .filter(Q.create([(f"{one}__icontains", self.text) for one in SEARCHED], Q.OR))
                .values("id")
            )
        if self.state:
            payments = payments.filter(state__in=GROUPS[self.state][1])
        if self.method:
            payments = payments.filter(winner__method__iexact=self.method)
        if self.gateway:
            payments = payments.filter(gateway=self.gateway)
        if self.flagged:
            payments = payments.filter(flagged=True)
        if self.since:
            payments = payments.filter(created_at__gte=_moment(self.since))
        if self.until:
            payments = payments.filter(created_at__lt=_moment(self.until + timedelta(days=1)))
        return payments


def _lines(found: QuerySet[Payment]) -> Iterator[list[Any]]:
    yield [
        *(_("Receipt"), _("Day"), _("Student"), _("For"), _("State"), _("Amount, ₹"), _("Given back, ₹")),
        *(_("Method"), _("Through"), _("Gateway's number"), _("Fee, ₹"), _("GST on it, ₹"), _("Our number")),
    ]
    for one in found.iterator(chunk_size=1000):
        money = one.winner
        yield [
            one.receipt or "",
            f"{(one.paid_at or one.created_at).astimezone(clock.zone()):%Y-%m-%d %H:%M}",
            one.payer_name,
            one.description,
            one.state,
            float(rupees(one.amount_paise)),
            float(rupees(one.refunded_paise)),
            money.method if money else "",
            one.gateway,
            money.gateway_payment_id if money else "",
            float(rupees(money.fee_paise or 0)) if money else 0,
            float(rupees(money.tax_paise or 0)) if money else 0,
            one.reference,
        ]


def _xlsx(lines: Iterator[list[Any]]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True})
    for number, line in enumerate(lines):
        sheet.write_row(number, 0, line, bold if number == 0 else None)
    sheet.freeze_panes(1, 0)
    sheet.autofit()
    book.close()
    return buffer.getvalue()


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    return HttpResponse(content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _moment(day: date) -> datetime:
    return make_aware(datetime.combine(day, time.min), clock.zone())
