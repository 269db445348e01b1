"""Closing a tenant for good, on its page: the danger zone, how far it has come, and the way back while there is one."""

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.errors import DomainError
from kernel.http.pages import PageRequest, PageView
from shared_apps.console import offboarding as machine
from shared_apps.console.forms import ConfirmForm, reason_field
from shared_apps.console.models import Offboarding
from shared_apps.console.pages.carrying import carried
from shared_apps.console.pages.steps import steps_shown
from shared_apps.tenants import selectors as tenants

_TEXT = {"class": "input", "autocomplete": "off"}


class OffboardForm(ConfirmForm):
    """Why a tenant is closed for good and when; its name is typed as the confirmation."""

    prefix = "offboard"
    opens = "offboard-go"
    reason = reason_field(gettext_lazy("Kept in the audit and with the last export."))
    grace_days = forms.IntegerField(
        label=gettext_lazy("Days of reading and exporting"),
        min_value=1,
        max_value=365,
        initial=lambda: settings.OFFBOARDING_GRACE_DAYS,
        widget=forms.NumberInput(_TEXT | {"inputmode": "numeric"}),
    )


class StayForm(forms.Form):
    """Why a tenant stays after all."""

    prefix = "stay"
    reason = reason_field(gettext_lazy("Kept in the audit; the owner is told that it stays."))


class DeclineForm(forms.Form):
    """Why a tenant that has not opened is turned down; nobody has anything there, so nothing more is typed."""

    prefix = "decline"
    reason = reason_field(gettext_lazy("Kept in the audit; whoever asked is told that it will not open, not why."))


def shown(
    tenant: Any,
    *,
    decline_form: DeclineForm | None = None,
    offboard_form: OffboardForm | None = None,
    stay_form: StayForm | None = None,
    refusal: DomainError | None = None,
) -> dict[str, Any]:
    """What `console/offboarding.html` tells of a tenant, for the page that includes it."""
    leaving = machine.offboarding_of(tenant.id)
    steps = steps_shown(leaving.steps.all()) if leaving else []
    is_running = leaving is not None and leaving.state == Offboarding.State.RUNNING
    return {
        "leaving": leaving,
        "leaving_steps": steps,
        "is_leaving": is_running,
        "may_stay": is_running and tenant.state == "offboarding",
        "may_decline": not tenant.business().is_made,
        "may_leave": tenant.business().is_alive or tenant.state == "suspended",
        "offboard_form": offboard_form or OffboardForm(word=tenant.name),
        "stay_form": stay_form or StayForm(),
        "decline_form": decline_form or DeclineForm(),
        "offboard_tried": offboard_form or stay_form or decline_form,
        "offboard_refusal": refusal,
    }


def _page(request: PageRequest, tenant_id: UUID, **tried: Any) -> HttpResponse:
    """The danger zone on a page of its own, with what was tried."""
    row = tenants.tenant_get(tenant_id)
    told = shown(row, **tried)
    refusal = told["offboard_refusal"]
    return render(
        request, "console/offboarding_page.html", {"tenant": row, **told}, status=refusal.status if refusal else 422
    )


class Offboard(PageView):
    """Close a tenant for good."""

    permission = {"POST": "tenants.offboard"}

    def post(self, request: PageRequest, tenant_id: UUID) -> HttpResponse:
        row = tenants.tenant_get(tenant_id)
        form = OffboardForm(request.POST, word=row.name)
        if not form.is_valid():
            return _page(request, tenant_id, offboard_form=form)
        facts = {name: form.cleaned_data[name] for name in ("reason", "grace_days")}
        said = _("%(name)s is read only from now on; its owner is told.") % {"name": row.name}
        return carried(request, tenant_id, machine.offboarding_begin, facts, said=said, page=_page)


class Decline(PageView):
    """Turn down one that has not opened."""

    permission = {"POST": "tenants.add"}

    def post(self, request: PageRequest, tenant_id: UUID) -> HttpResponse:
        row = tenants.tenant_get(tenant_id)
        form = DeclineForm(request.POST)
        if not form.is_valid():
            return _page(request, tenant_id, decline_form=form)
        said = _("%(name)s is turned down.") % {"name": row.name}
        return carried(request, tenant_id, machine.tenant_decline, form.cleaned_data, said=said, page=_page)


class Stay(PageView):
    """Stop closing it."""

    permission = {"POST": "tenants.offboard"}

    def post(self, request: PageRequest, tenant_id: UUID) -> HttpResponse:
        row = tenants.tenant_get(tenant_id)
        form = StayForm(request.POST)
        if not form.is_valid():
            return _page(request, tenant_id, stay_form=form)
        said = _("%(name)s stays; its owner is told.") % {"name": row.name}
        return carried(request, tenant_id, machine.offboarding_cancel, form.cleaned_data, said=said, page=_page)


class Again(PageView):
    """Carry on with one that stopped."""

    permission = {"POST": "tenants.offboard"}

    def post(self, request: PageRequest, tenant_id: UUID) -> HttpResponse:
        tenants.tenant_get(tenant_id)
        return carried(request, tenant_id, machine.offboarding_again, {}, said=_("The closing goes on."), page=_page)


class Steps(PageView):
    """How far it has come; asked anew by the page that shows it."""

    permission = {"GET": "tenants.view"}

    def get(self, request: PageRequest, tenant_id: UUID) -> HttpResponse:
        row = tenants.tenant_get(tenant_id)
        return render(request, "console/offboarding_steps.html", {"tenant": row, **shown(row)})
