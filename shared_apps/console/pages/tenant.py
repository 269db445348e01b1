"""One tenant: everything about it, its set-up watched, closed and opened, and support's way in."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from kernel.errors import DomainError
from kernel.http.pages import PageRequest, PageView
from kernel.tenancy import Business
from shared_apps.console import selectors, services, support, words
from shared_apps.console.forms import SupportForm, SuspendForm
from shared_apps.console.pages.audit import shown as deeds_shown
from shared_apps.credits import selectors as credits
from shared_apps.plans import selectors as plans
from shared_apps.plans.errors import SubscriptionMissing
from shared_apps.tenants import selectors as tenants
from shared_apps.tenants import services as tenant_services

TRAIL = 8


class Tenant(PageView):
    """Everything about one tenant."""

    permission = {"GET": "tenants.view"}

    def get(self, request: PageRequest, tenant_id: UUID) -> HttpResponse:
        return tenant_page(request, tenant_id)


def tenant_page(
    request: PageRequest,
    tenant_id: UUID,
    *,
    form: SuspendForm | None = None,
    why: SupportForm | None = None,
    refusal: DomainError | None = None,
) -> HttpResponse:
    """The page, with a form or a refusal to show when something was tried."""
    row = tenants.tenant_get(tenant_id)
    business = row.business()
    schema = business.schema
    try:
        plan = plans.plan_of(schema)
    except SubscriptionMissing:
        plan = None
    told = {
        "tenant": row,
        "plan": plan,
        "steps": steps_shown(tenant_id),
        "hosts": [f"{settings.SCHEME}://{host.domain}{_port()}" for host in tenants.hosts_of(tenant_id)],
        "stats": _used(business),
        "wallets": credits.wallets(schema=schema) if schema else [],
        "deeds": deeds_shown(list(selectors.trail_of(tenant_id)[:TRAIL])),
        "form": form or SuspendForm(slug=row.slug),
        "why": why or SupportForm(),
        "tried": form or why,
        "refusal": refusal,
        "is_open": business.is_alive,
        "is_made": business.is_made,
    }
    status = refusal.status if refusal else 422 if (form and form.errors) or (why and why.errors) else 200
    return render(request, "console/tenant.html", told, status=status)


def steps_shown(tenant_id: UUID) -> list[Any]:
    """The steps with how long each took."""
    rows = list(selectors.steps_of(tenant_id))
    for row in rows:
        taken = row.finished_at - row.started_at if row.finished_at and row.started_at else None
        row.seconds = f"{taken.total_seconds():.1f} s" if taken is not None else ""  # type: ignore[attr-defined]
    return rows


def _used(business: Business) -> dict[str, Any]:
    stats = selectors.tenant_seen(business)
    held = {one["name"]: one for one in stats["quotas"]}
    return stats | {"quotas": [held[name] | {"label": label} for name, label in words.QUOTAS.items() if name in held]}


def _port() -> str:
    return settings.DOMAIN.removeprefix(settings.BARE_DOMAIN)


class Steps(PageView):
    """How far a tenant's set-up is; asked anew by the page that shows it."""

    permission = {"GET": "tenants.view"}

    def get(self, request: PageRequest, tenant_id: UUID) -> HttpResponse:
        row = tenants.tenant_get(tenant_id)
        is_made = row.business().is_made
        told = {"tenant": row, "steps": steps_shown(tenant_id), "is_made": is_made}
        answer = render(request, "console/steps.html", told)
        if is_made:
            answer["HX-Refresh"] = "true"  # the rest of the page has something to show now
        return answer


class Again(PageView):
    """Carry on with a set-up that stopped."""

    permission = {"POST": "tenants.add"}

    def post(self, request: PageRequest, tenant_id: UUID) -> HttpResponse:
        services.tenant_provision_again(tenant=tenant_id)
        messages.success(request, _("The set-up goes on."))
        return redirect("page_tenant", tenant_id)


class Suspend(PageView):
    """Close a tenant to its people."""

    permission = {"POST": "tenants.suspend"}

    def post(self, request: PageRequest, tenant_id: UUID) -> HttpResponse:
        form = SuspendForm(request.POST, slug=tenants.tenant_get(tenant_id).slug)
        if not form.is_valid():
            return tenant_page(request, tenant_id, form=form)
        try:
            row = tenant_services.tenant_suspend(tenant=tenant_id, reason=form.cleaned_data["reason"])
        except DomainError as error:
            return tenant_page(request, tenant_id, refusal=error)
        messages.success(request, _("%(name)s is suspended.") % {"name": row.name})
        return redirect("page_tenant", tenant_id)


class Reactivate(PageView):
    """Open a suspended tenant to its people again."""

    permission = {"POST": "tenants.suspend"}

    def post(self, request: PageRequest, tenant_id: UUID) -> HttpResponse:
        try:
            row = tenant_services.tenant_reactivate(tenant=tenant_id)
        except DomainError as error:
            return tenant_page(request, tenant_id, refusal=error)
        messages.success(request, _("%(name)s is open again.") % {"name": row.name})
        return redirect("page_tenant", tenant_id)


class Support(PageView):
    """Ask to come in as the tenant's owner; the link stands on the page of the visit."""

    permission = {"POST": "tenants.support"}

    def post(self, request: PageRequest, tenant_id: UUID) -> HttpResponse:
        form = SupportForm(request.POST)
        if not form.is_valid():
            return tenant_page(request, tenant_id, why=form)
        try:
            visit = support.support_begin(tenant=tenant_id, reason=form.cleaned_data["reason"], by=request.actor)
        except DomainError as error:
            return tenant_page(request, tenant_id, refusal=error)
        return redirect("page_tenant_support", tenant_id, visit.id)


class SupportVisit(PageView):
    """One visit: its link while that is good, then whether its person is in, then that it is over."""

    permission = {"GET": "tenants.support"}

    def get(self, request: PageRequest, tenant_id: UUID, visit: UUID) -> HttpResponse:
        found = support.support_visit(tenant=tenant_id, visit=visit, by=request.actor)
        told = {"tenant": tenants.tenant_get(tenant_id), "visit": found}
        return render(request, "console/support.html", told)


class SupportEnd(PageView):
    """Send support away before its hour, whoever it is."""

    permission = {"POST": "tenants.support"}

    def post(self, request: PageRequest, tenant_id: UUID, visit: UUID) -> HttpResponse:
        support.support_stop(tenant=tenant_id, visit=visit)
        messages.success(request, _("Support is out."))
        return redirect("page_tenant", tenant_id)
