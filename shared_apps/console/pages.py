"""The operator's pages: how things stand, the tenants, a new one, and everything about one."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.errors import DomainError
from kernel.http.forms import refuse
from kernel.http.pages import SIGNED_IN, PageRequest, PageView
from shared_apps.console import selectors, services
from shared_apps.console.forms import KINDS, STATES, NewTenantForm, SuspendForm
from shared_apps.credits import selectors as credits
from shared_apps.plans import selectors as plans
from shared_apps.plans.errors import SubscriptionMissing
from shared_apps.tenants import selectors as tenants
from shared_apps.tenants import services as tenant_services

A_PAGE = 25
TRAIL = 8
DEEDS = {
    "tenants.request": gettext_lazy("Asked for"),
    "tenants.provision": gettext_lazy("Set-up began"),
    "tenants.open": gettext_lazy("Opened"),
    "tenants.edit": gettext_lazy("Changed"),
    "tenants.suspend": gettext_lazy("Suspended"),
    "tenants.reactivate": gettext_lazy("Reactivated"),
}
QUOTAS = {
    "students": gettext_lazy("Students"),
    "libraries": gettext_lazy("Libraries"),
    "staff": gettext_lazy("Staff"),
    "storage_mb": gettext_lazy("Storage in MB"),
}


class Home(PageView):
    """What needs the operator, then the figures, then who came last."""

    permission = {"GET": SIGNED_IN}

    def get(self, request: PageRequest) -> HttpResponse:
        told: dict[str, Any] = {}
        if request.actor.can("tenants.view"):
            told = {"figures": selectors.figures(), "latest": tenants.tenants().order_by("-id")[:6]}
        return render(request, "console/home.html", told)


class Tenants(PageView):
    """Every tenant; what is searched and filtered stands in the address."""

    permission = {"GET": "tenants.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        text = request.GET.get("q", "").strip()[:80]
        state, kind = request.GET.get("state", ""), request.GET.get("kind", "")
        found = tenants.tenants_found(text=text, state=state, kind=kind).order_by("-id")
        told = {
            "page": Paginator(found, A_PAGE).get_page(request.GET.get("page")),
            "text": text,
            "state": state,
            "kind": kind,
            "states": STATES,
            "kinds": KINDS,
            "is_filtered": bool(text or state or kind),
        }
        return render(request, "console/tenants.html", told)


class NewTenant(PageView):
    """Asks for a tenant; its set-up begins at once and is watched on its page."""

    permission = {"GET": "tenants.add", "POST": "tenants.add"}

    def get(self, request: PageRequest) -> HttpResponse:
        return self._shown(request, NewTenantForm(plans=self._plans(request)))

    def post(self, request: PageRequest) -> HttpResponse:
        form = NewTenantForm(request.POST, plans=self._plans(request))
        if not form.is_valid():
            return self._shown(request, form)
        try:
            tenant = services.tenant_create(**form.cleaned_data)
        except DomainError as error:
            refuse(form, error)
            return self._shown(request, form)
        return redirect("page_tenant", tenant.id)

    @staticmethod
    def _plans(request: PageRequest) -> list[tuple[str, str]]:
        offered = plans.plans(request.actor).filter(public=True).order_by("position")
        return [(plan.code, plan.name) for plan in offered]

    @staticmethod
    def _shown(request: PageRequest, form: NewTenantForm) -> HttpResponse:
        told = {"form": form, "domain": f".{settings.BARE_DOMAIN}"}
        return render(request, "console/new_tenant.html", told, status=422 if form.errors else 200)


class Slug(PageView):
    """Whether an address is free, said while it is typed."""

    permission = {"GET": "tenants.add"}

    def get(self, request: PageRequest) -> HttpResponse:
        slug = request.GET.get("slug", "").strip()[:60]
        refusal = tenants.slug_refusal(slug) if slug else None
        others = tenants.slug_suggestions(slug) if refusal and refusal.status == 409 else []
        told = {"slug": slug, "refusal": refusal, "others": others, "domain": settings.BARE_DOMAIN}
        return render(request, "console/slug.html", told)


class Tenant(PageView):
    """Everything about one tenant."""

    permission = {"GET": "tenants.view"}

    def get(self, request: PageRequest, tenant_id: UUID) -> HttpResponse:
        return tenant_page(request, tenant_id)


def tenant_page(
    request: PageRequest, tenant_id: UUID, *, form: SuspendForm | None = None, refusal: DomainError | None = None
) -> HttpResponse:
    """The page, with a form or a refusal to show when something was tried."""
    row = tenants.tenant_get(tenant_id)
    schema = row.schema_name or ""
    try:
        plan = plans.plan_of(schema)
    except SubscriptionMissing:
        plan = None
    told = {
        "tenant": row,
        "plan": plan,
        "steps": steps_shown(tenant_id),
        "hosts": [f"{settings.SCHEME}://{host.domain}{_port()}" for host in tenants.hosts_of(tenant_id)],
        "stats": _used(tenant_id),
        "wallets": credits.wallets(schema=schema) if schema else [],
        "trail": [(DEEDS.get(one.action, one.action), one) for one in selectors.trail_of(tenant_id)[:TRAIL]],
        "form": form or SuspendForm(slug=row.slug),
        "is_tried": form is not None,
        "refusal": refusal,
        "is_open": row.business().is_alive,
        "is_made": row.state not in {"requested", "provisioning"},
    }
    status = refusal.status if refusal else 422 if form and form.errors else 200
    return render(request, "console/tenant.html", told, status=status)


def steps_shown(tenant_id: UUID) -> list[Any]:
    """The steps with how long each took."""
    rows = list(selectors.steps_of(tenant_id))
    for row in rows:
        taken = row.finished_at - row.started_at if row.finished_at and row.started_at else None
        row.seconds = f"{taken.total_seconds():.1f} s" if taken is not None else ""  # type: ignore[attr-defined]
    return rows


def _used(tenant_id: UUID) -> dict[str, Any]:
    stats = selectors.tenant_stats(tenant_id)
    held = {one["name"]: one for one in stats["quotas"]}
    return stats | {"quotas": [held[name] | {"label": label} for name, label in QUOTAS.items() if name in held]}


def _port() -> str:
    return settings.DOMAIN.removeprefix(settings.BARE_DOMAIN)


class Steps(PageView):
    """How far a tenant's set-up is; asked anew by the page that shows it."""

    permission = {"GET": "tenants.view"}

    def get(self, request: PageRequest, tenant_id: UUID) -> HttpResponse:
        row = tenants.tenant_get(tenant_id)
        is_made = row.state not in {"requested", "provisioning"}
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
