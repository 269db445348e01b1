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
from shared_apps.console import bundles as bundling
from shared_apps.console import fleet, selectors, services, support, words
from shared_apps.console.bundles import selectors as bundles
from shared_apps.console.forms import ExportForm, SupportForm, SuspendForm
from shared_apps.console.pages import offboarding
from shared_apps.console.pages.audit import shown as deeds_shown
from shared_apps.console.pages.bundle import restores_shown
from shared_apps.console.pages.carrying import carried
from shared_apps.console.pages.steps import steps_shown
from shared_apps.credits import selectors as credits
from shared_apps.plans import selectors as plans
from shared_apps.plans.errors import SubscriptionMissing
from shared_apps.tenants import selectors as tenants
from shared_apps.tenants import services as tenant_services

TRAIL, BUNDLES = 8, 5


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
    packing: ExportForm | None = None,
    refusal: DomainError | None = None,
) -> HttpResponse:
    """The page, with a form or a refusal to show when something was tried."""
    row = tenants.tenant_get(tenant_id)
    business = row.business()
    schema, packed = business.schema, _bundles(tenant_id)
    restores = restores_shown(list(bundles.restores_of(tenant_id)[:BUNDLES]))
    told = {
        **offboarding.shown(row),
        "tenant": row,
        "plan": _plan(schema),
        "steps": steps_shown(selectors.steps_of(tenant_id)),
        "hosts": [
            f"{settings.SCHEME}://{host.domain}{_port()}" for host in tenants.hosts_of(tenant_id).exclude(kind="custom")
        ],
        "domains": [(one, tenants.domain_shown(one.domain)) for one in tenants.domains_of(tenant_id)],
        "usage": tenants.usage_of(tenant_id),
        "version": fleet.version_of(schema),
        "bundles": packed,
        "restores": restores,
        "is_packing": any(one.shown in {"queued", "running"} for one in [*packed, *restores]),
        "stats": _used(business),
        "wallets": credits.wallets(schema=schema) if schema else [],
        "deeds": deeds_shown(list(selectors.trail_of(tenant_id)[:TRAIL])),
        "form": form or SuspendForm(word=row.slug),
        "why": why or SupportForm(),
        "packing": packing or ExportForm(),
        "tried": form or why or packing,
        "refusal": refusal,
        "is_open": business.is_alive,
        "is_made": business.is_made,
    }
    status = refusal.status if refusal else 422 if any(one and one.errors for one in (form, why, packing)) else 200
    return render(request, "console/tenant.html", told, status=status)


def _plan(schema: str) -> plans.PlanView | None:
    try:
        return plans.plan_of(schema)
    except SubscriptionMissing:
        return None


def _bundles(tenant_id: UUID) -> list[Any]:
    """The latest bundles, each with its state as states are named on pages."""
    rows = list(bundles.bundles_of(tenant_id)[:BUNDLES])
    for row in rows:
        row.shown = words.bundle_state(row.state)  # type: ignore[attr-defined]
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
        told = {"tenant": row, "steps": steps_shown(selectors.steps_of(tenant_id)), "is_made": is_made}
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
        row = tenants.tenant_get(tenant_id)
        form = SuspendForm(request.POST, word=row.slug)
        if not form.is_valid():
            return tenant_page(request, tenant_id, form=form)
        facts, said = {"reason": form.cleaned_data["reason"]}, _("%(name)s is suspended.") % {"name": row.name}
        return carried(request, tenant_id, tenant_services.tenant_suspend, facts, said=said, page=tenant_page)


class Reactivate(PageView):
    """Open a suspended tenant to its people again."""

    permission = {"POST": "tenants.suspend"}

    def post(self, request: PageRequest, tenant_id: UUID) -> HttpResponse:
        said = _("%(name)s is open again.") % {"name": tenants.tenant_get(tenant_id).name}
        return carried(request, tenant_id, tenant_services.tenant_reactivate, {}, said=said, page=tenant_page)


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


class Export(PageView):
    """Have everything of a tenant packed up as one bundle; the page shows how far that is."""

    permission = {"POST": "tenants.change"}

    def post(self, request: PageRequest, tenant_id: UUID) -> HttpResponse:
        form = ExportForm(request.POST)
        if not form.is_valid():
            return tenant_page(request, tenant_id, packing=form)
        said = _("It is being packed up; you may leave this page.")
        return carried(request, tenant_id, bundling.bundle_export, form.cleaned_data, said=said, page=tenant_page)


class DomainRelease(PageView):
    """Take a tenant's own domain from it."""

    permission = {"POST": "tenants.change"}

    def post(self, request: PageRequest, tenant_id: UUID, domain: UUID) -> HttpResponse:
        row = tenant_services.domain_release(tenant=tenant_id, domain=domain, because="operator")
        messages.success(request, _("%(name)s is no longer served.") % {"name": tenants.domain_shown(row.domain)})
        return redirect("page_tenant", tenant_id)
