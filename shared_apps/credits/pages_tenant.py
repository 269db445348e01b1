"""A tenant's credits as its staff sees them: what is left, what moved, and buying more from the operator."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel import audit
from kernel.errors import DomainError
from kernel.http.forms import form_page, refuse
from kernel.http.headers import page_policy
from kernel.http.lookup import found
from kernel.http.pages import PageRequest, PageView
from kernel.ids import uuid7
from kernel.money import round_paise
from kernel.tenancy.states import Door
from shared_apps.credits import selectors, services
from shared_apps.credits.api_tenant import buyer, crossing
from shared_apps.credits.models import Channel, Order
from shared_apps.credits.services.orders import PURPOSE
from shared_apps.payments import selectors as paid

A_PAGE = 20
SIZES = (500, 1_000, 5_000, 10_000, 25_000)
CHANNELS = [(Channel.SMS.value, "SMS")]
# What a movement is, seen from the wallet, and whether it adds to it.
KINDS = {
    "allocation": (gettext_lazy("Given by the operator"), 1),
    "sale": (gettext_lazy("Bought"), 1),
    "hold": (gettext_lazy("Set aside for messages"), -1),
    "consume": (gettext_lazy("Sent"), -1),
    "release": (gettext_lazy("Given back"), 1),
}


class BuyForm(forms.Form):
    """How many; the price is the server's."""

    units = forms.IntegerField(
        label=gettext_lazy("Credits"),
        min_value=1,
        max_value=1_000_000,
        widget=forms.NumberInput({"class": "input num", "inputmode": "numeric", "list": "sizes"}),
    )
    key = forms.CharField(max_length=40, widget=forms.HiddenInput())


class Credits(PageView):
    """What is left, what moved, and the form to buy more."""

    permission = {"GET": "credits.view", "POST": "credits.purchase"}
    door = Door.PLATFORM_BILL

    def get(self, request: PageRequest) -> HttpResponse:
        return self._shown(request, BuyForm(initial={"units": 1_000, "key": str(uuid7())}))

    def post(self, request: PageRequest) -> HttpResponse:
        form = BuyForm(request.POST)
        if not form.is_valid():
            return self._shown(request, form)
        business, units = request.business, form.cleaned_data["units"]
        key = f"page:{request.actor.user_id}:{form.cleaned_data['key']}"
        try:
            payer = buyer(request.actor)
            with crossing(business):
                order = services.order_place(business=business, channel=Channel.SMS.value, units=units, key=key)
            audit.record(
                action="credits.order", subject_type="order", subject_id=order.id, changes={"units": [None, units]}
            )
            with crossing(business):
                services.order_pay(order=order, payer=payer, return_url=_here(request, order.id))
        except DomainError as error:
            refuse(form, error)
            return self._shown(request, form)
        return redirect("page_credit_pay", order.id)

    @staticmethod
    def _shown(request: PageRequest, form: forms.Form) -> HttpResponse:
        business = request.business
        with crossing(business):
            wallet = selectors.wallet(schema=business.schema, channel=Channel.SMS.value)
            price = selectors.unit_price(business=business, channel=Channel.SMS.value)
            journal = selectors.journal(schema=business.schema).filter(channel=Channel.SMS.value).order_by("-id")
            page = Paginator(journal, A_PAGE).get_page(request.GET.get("page"))
            page.object_list = [_moved(row) for row in page.object_list]
            page.paginator.count  # noqa: B018 - asked for here, inside the crossing, and kept
            orders = list(selectors.orders_of(schema=business.schema).order_by("-id")[:5])
        told = {
            "wallet": wallet,
            "price_rupees": f"{Decimal(price) / 10_000:.2f}",
            "sizes": [(size, round_paise(Decimal(size * price) / 100)) for size in SIZES],
            "page": page,
            "orders": orders,
        }
        return form_page(request, "credits/credits.html", form, told)


def _moved(row: Any) -> Any:
    row.words, sign = KINDS.get(row.kind, (row.kind, 1))
    row.units = sign * row.amount
    return row


def _here(request: PageRequest, order: UUID) -> str:
    """The order's page on the host one reads at: the session is kept there alone."""
    return f"{settings.SCHEME}://{request.get_host()}{reverse('page_credit_order', args=[order])}"


def _order(request: PageRequest, order: UUID) -> Order:
    return found(selectors.orders_of(schema=request.business.schema), id=order)


class CreditOrder(PageView):
    """How an order stands; asked anew by itself until the credits are there."""

    permission = {"GET": "credits.view"}
    door = Door.PLATFORM_BILL

    def get(self, request: PageRequest, order: UUID) -> HttpResponse:
        with crossing(request.business):
            row = _order(request, order)
            live = paid.payments_live(PURPOSE, [str(row.id)]) if row.state == Order.State.PLACED else []
        return render(request, "credits/order.html", {"order": row, "is_payable": bool(live)})


class CreditPay(PageView):
    """The way out to the gateway's page; its policy of content lets forms reach that gateway, on this page alone."""

    permission = {"GET": "credits.purchase", "POST": "credits.purchase"}
    door = Door.PLATFORM_BILL

    def get(self, request: PageRequest, order: UUID) -> HttpResponse:
        with crossing(request.business):
            row = _order(request, order)
            live = paid.payments_live(PURPOSE, [str(row.id)])
            if not live:
                return redirect("page_credit_order", row.id)
            hosted = paid.hosted_of(live[0], business=settings.PLATFORM_NAME, cancel_url=_here(request, row.id))
        told = {"order": row, "hosted": hosted, "gateway": live[0].gateway.title()}
        answer = render(request, "credits/pay.html", told)
        answer["Content-Security-Policy"] = page_policy(form_action=hosted.origins)
        return answer

    def post(self, request: PageRequest, order: UUID) -> HttpResponse:
        """Ask for the price anew, once what was asked before has lapsed."""
        with crossing(request.business):
            row = _order(request, order)
        try:
            payer = buyer(request.actor)
            with crossing(request.business):
                services.order_pay(order=row, payer=payer, return_url=_here(request, row.id))
        except DomainError as error:
            messages.warning(request, f"{_(error.title)}. {_(error.action)}")
            return redirect("page_credit_order", row.id)
        return redirect("page_credit_pay", row.id)
