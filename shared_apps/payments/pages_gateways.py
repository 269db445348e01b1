"""The business's accounts at gateways: added, their keys replaced, tried, turned on and off."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.errors import DomainError
from kernel.http.forms import form_page, refuse
from kernel.http.pages import PageRequest, PageView
from kernel.http.readers import is_partial
from shared_apps.payments import selectors, services
from shared_apps.payments.forms_gateways import AccountForm, RotateForm
from shared_apps.payments.models import GatewayAccount

# What a failed test means, beside the gateway's own words.
MEANINGS = {
    "NeverReached": gettext_lazy("The gateway could not be reached. Try again in a minute."),
    "NotAuthorised": gettext_lazy("The gateway does not believe these keys. Copy them again from its dashboard."),
    "OutcomeUnknown": gettext_lazy("The gateway gave no usable answer. Try again in a minute."),
    "RateLimited": gettext_lazy("The gateway asks us to slow down. Try again in a minute."),
}


class Gateways(PageView):
    """All accounts, with what each charges and how its gateway answers."""

    permission = {"GET": "payments.gateways"}

    def get(self, request: PageRequest) -> HttpResponse:
        return gateways_page(request)


def gateways_page(request: PageRequest, *, tested: UUID | None = None, outcome: Any = None) -> HttpResponse:
    """The page; with the outcome of a test beside the account it was made for."""
    accounts = list(selectors.accounts_health().order_by("state", "gateway", "-created_at"))
    told = {"accounts": [_shown(one) for one in accounts], "tested": tested, "outcome": outcome}
    return render(request, "payments/gateways.html", told)


def _shown(account: Any) -> Any:
    """The account with what is never read whole: its key; and where its gateway is to call."""
    key = account.key_id
    account.masked = f"{key[:8]}••••{key[-4:]}" if len(key) > 14 else f"{key[:2]}••••"
    account.webhook = f"{services.home()}/api/v1/payments/webhook/{account.gateway}"
    account.resting = [one for one in account.health if one["state"] != "closed"]
    account.fee = "" if account.fee_percent is None else f"{account.fee_percent.normalize():f}"
    return account


class GatewayNew(PageView):
    """Adds an account, as the one used from now on."""

    permission = {"GET": "payments.gateways", "POST": "payments.gateways"}

    def get(self, request: PageRequest) -> HttpResponse:
        return self._page(request, AccountForm(initial={"gateway": request.GET.get("gateway", "")}))

    def post(self, request: PageRequest) -> HttpResponse:
        form = AccountForm(request.POST)
        if not form.is_valid():
            return self._page(request, form)
        try:
            account = services.account_save(**form.cleaned_data)
        except DomainError as error:
            refuse(form, error)
            return self._page(request, form)
        messages.success(request, _("%(label)s is connected. Test the connection next.") % {"label": account.label})
        return redirect("page_gateways")

    @staticmethod
    def _page(request: PageRequest, form: forms.Form) -> HttpResponse:
        return form_page(request, "payments/gateway_new.html", form)


class Gateway(PageView):
    """Replaces keys, and says what the gateway charges."""

    permission = {"GET": "payments.gateways", "POST": "payments.gateways"}

    def get(self, request: PageRequest, account: UUID) -> HttpResponse:
        row = self._row(account)
        known = {"label": row.label, "percent": row.fee_percent or Decimal(0), "fixed_paise": row.fee_fixed_paise or 0}
        return self._page(request, row, RotateForm(initial=known))

    def post(self, request: PageRequest, account: UUID) -> HttpResponse:
        row, form = self._row(account), RotateForm(request.POST)
        if not form.is_valid():
            return self._page(request, row, form)
        given = form.cleaned_data
        charges = services.Charges(given["percent"], given["fixed_paise"], row.gst_percent or Decimal(18))
        same = (row.fee_percent, row.fee_fixed_paise) == (charges.percent, charges.fixed_paise)
        try:
            services.account_change(
                account=row.id,
                label=given["label"],
                key_secret=given["key_secret"] or None,
                webhook_secret=given["webhook_secret"] or None,
                charges=None if same else charges,
            )
        except DomainError as error:
            refuse(form, error)
            return self._page(request, row, form)
        messages.success(request, _("%(label)s is saved.") % {"label": given["label"]})
        return redirect("page_gateways")

    @staticmethod
    def _row(account: UUID) -> Any:
        selectors.account_get(account)
        return _shown(selectors.accounts_health().get(id=account))

    @staticmethod
    def _page(request: PageRequest, row: Any, form: forms.Form) -> HttpResponse:
        told = {"account": row}
        return form_page(request, "payments/gateway.html", form, told)


class GatewayTest(PageView):
    """Tries whether the gateway can be reached and believes the keys; shows its own words when it does not."""

    permission = {"POST": "payments.gateways"}

    def post(self, request: PageRequest, account: UUID) -> HttpResponse:
        outcome = services.account_test(account=selectors.account_get(account))
        outcome["meaning"] = MEANINGS.get(outcome["reason"], _("The gateway refused the request."))
        if is_partial(request):
            return render(request, "payments/gateway_tested.html", {"outcome": outcome})
        return gateways_page(request, tested=account, outcome=outcome)


class GatewayState(PageView):
    """Turns an account on, and the other of its gateway off; or turns it off."""

    permission = {"POST": "payments.gateways"}

    def post(self, request: PageRequest, account: UUID) -> HttpResponse:
        row = selectors.account_get(account)
        state = GatewayAccount.State.ACTIVE if "on" in request.POST else GatewayAccount.State.OFF
        services.account_change(account=row.id, state=state)
        said = _("%(label)s is on.") if "on" in request.POST else _("%(label)s is off; what runs through it goes on.")
        messages.success(request, said % {"label": row.label})
        return redirect("page_gateways")
