"""Credits: what lies in stock and how long it lasts, buying, giving, every tenant's wallet, what selling brings."""

from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kernel.errors import DomainError
from kernel.http.forms import form_page, refuse
from kernel.http.pages import PageRequest, PageView
from kernel.money import grouped
from shared_apps.console import services, words
from shared_apps.console.forms import BuyForm, GiveForm
from shared_apps.credits import selectors as credits
from shared_apps.credits.errors import StockShort
from shared_apps.tenants import selectors as tenants
from shared_apps.ui import charts

A_PAGE = 25
LATEST = 6


class Credits(PageView):
    """The stock of each channel with its burn-down, the latest purchases and the margins."""

    permission = {"GET": "credits.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        told = {
            "supplies": [(one, words.channel(one.stock.channel), _flow(one)) for one in credits.supplies()],
            "bought": credits.purchases().order_by("-at", "-id")[:LATEST],
            "margins": credits.margins(),
            "prices": credits.prices().order_by("channel", "schema", "plan"),
            "channels": words.CHANNELS,
        }
        return render(request, "console/credits.html", told)


def _flow(supply: credits.Supply) -> str:
    """What left the stock day by day, as a chart."""
    total = sum(one.sold for one in supply.days)
    units = ngettext("%(n)s unit", "%(n)s units", total) % {"n": grouped(total)}
    summary = _("%(units)s left our stock in %(days)s days.") % {"units": units, "days": len(supply.days)}
    bars = [charts.Bar(date_format(one.day, "j M"), (one.sold,)) for one in supply.days]
    return charts.bars(
        bars, series=[_("Sold or given")], summary=summary, periods=_("Day"), written=charts.count, axis=charts.count
    )


class Booking:
    """What a page has with one form whose key makes a second press book nothing more."""

    template = ""

    def get(self, request: PageRequest) -> HttpResponse:
        return self.shown(request, self.form(initial={"key": uuid4().hex, **self.given(request)}))

    def post(self, request: PageRequest) -> HttpResponse:
        form = self.form(request.POST)
        if not form.is_valid():
            return self.shown(request, form)
        try:
            said = self.book(form.cleaned_data)
        except DomainError as error:
            refuse(form, error)
            return self.shown(request, form, refusal=error)
        messages.success(request, said)
        return redirect("page_credits")

    def given(self, request: PageRequest) -> dict[str, Any]:
        return {}

    def form(self, *args: Any, **options: Any) -> forms.Form:
        raise NotImplementedError

    def book(self, given: dict[str, Any]) -> str:
        raise NotImplementedError

    def shown(self, request: PageRequest, form: forms.Form, **told: Any) -> HttpResponse:
        return form_page(request, self.template, form, told)


class Buy(Booking, PageView):
    """Book what was bought from a vendor."""

    permission = {"GET": "credits.purchase", "POST": "credits.purchase"}
    template = "console/credits_buy.html"

    def form(self, *args: Any, **options: Any) -> forms.Form:
        sold = credits.vendors().filter(active=True).order_by("channel", "priority")
        offered = [(f"{one.code}:{one.channel}", f"{one.name} · {words.channel(one.channel)}") for one in sold]
        return BuyForm(*args, offered=offered, **options)

    def book(self, given: dict[str, Any]) -> str:
        vendor, channel = given["seller"].split(":")
        bought = services.credits_buy(vendor=vendor, channel=channel, units=given["units"], key=given["key"])
        return _("%(units)s units are in stock, for %(amount)s.") % {
            "units": grouped(bought.units),
            "amount": charts.money(bought.amount_paise),
        }


class Give(Booking, PageView):
    """Give a tenant units of the stock: first which tenant, then how many; what is missing is said."""

    permission = {"GET": "credits.allocate", "POST": "credits.allocate"}
    template = "console/credits_give.html"

    def given(self, request: PageRequest) -> dict[str, Any]:
        return {"tenant": request.GET.get("tenant", "")}

    def form(self, *args: Any, **options: Any) -> forms.Form:
        return GiveForm(*args, **options)

    def book(self, given: dict[str, Any]) -> str:
        tenant, units = given["tenant"], given["units"]
        services.credits_give(tenant=tenant, channel=given["channel"], units=units, key=given["key"])
        told = {"units": grouped(units), "name": tenants.tenant_get(tenant).name}
        return _("%(units)s units are in the wallet of %(name)s.") % told

    def shown(self, request: PageRequest, form: forms.Form, **told: Any) -> HttpResponse:
        chosen = _served().filter(pk=_id_in(form)).first()
        if chosen is None:
            text = request.GET.get("q", "").strip()[:80]
            page = Paginator(_served(text).order_by("name", "id"), A_PAGE).get_page(request.GET.get("page"))
            return form_page(request, "console/credits_choose.html", form, {"page": page, "text": text})
        refusal = told.get("refusal")
        short = refusal.data if isinstance(refusal, StockShort) else None
        if short:
            told["missing"] = short["needed"] - short["available"]
        stock = [(words.channel(one.channel), one.master) for one in credits.stock() if one.purchased]
        return super().shown(request, form, chosen=chosen, short=short, stock=stock, **told)


def _served(text: str = "") -> Any:
    """Tenants that have a wallet to give to."""
    return tenants.tenants_found(text=text).filter(schema_name__isnull=False)


def _id_in(form: forms.Form) -> UUID | None:
    """The tenant a form names, if it is an id at all."""
    try:
        named: UUID | None = form.fields["tenant"].clean(form["tenant"].value())
    except ValidationError:
        return None
    return named


class Wallets(PageView):
    """Every tenant's wallet: what it holds, what is under way, what was sent."""

    permission = {"GET": "credits.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        text, is_low = request.GET.get("q", "").strip()[:80], request.GET.get("low") == "1"
        found: Any = credits.wallets_low() if is_low else credits.wallets_listed()
        if text:
            found = found.filter(name__icontains=text)
        page = Paginator(found.order_by("name", "channel", "id"), A_PAGE).get_page(request.GET.get("page"))
        told = {"page": page, "text": text, "is_low": is_low, "channels": words.CHANNELS}
        return render(request, "console/wallets.html", told)
