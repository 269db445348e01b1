"""The tenants: found, taken along as a file, and a new one asked for."""

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from kernel.errors import DomainError
from kernel.http.forms import form_page, refuse
from kernel.http.pages import PageRequest, PageView
from shared_apps.console import services, words
from shared_apps.console.api import TenantOut
from shared_apps.console.forms import KINDS, STATES, NewTenantForm
from shared_apps.console.pages.lists import exported
from shared_apps.plans import selectors as plans
from shared_apps.tenants import selectors as tenants

A_PAGE = 25


class Tenants(PageView):
    """Every tenant; what is searched and filtered stands in the address."""

    permission = {"GET": "tenants.view"}

    def get(self, request: PageRequest) -> HttpResponseBase:
        text = request.GET.get("q", "").strip()[:80]
        state, kind, plan = (request.GET.get(name, "")[:40] for name in ("state", "kind", "plan"))
        order = request.GET.get("order", "") if request.GET.get("order", "") in tenants.ORDERS else ""
        found = tenants.tenants_found(text=text, state=state, kind=kind, plan=plan)
        if request.GET.get("format") == "csv":
            asked = {"q": text, "state": state, "kind": kind, "plan": plan}
            return exported(found.order_by(), TenantOut, action="tenants.export", asked=asked)
        told = {
            "page": Paginator(found.select_related("usage").order_by(*tenants.ORDERS[order]), A_PAGE).get_page(
                request.GET.get("page")
            ),
            "order": order,
            "orders": words.ORDERS,
            "text": text,
            "state": state,
            "kind": kind,
            "states": STATES,
            "kinds": KINDS,
            "plan": plan,
            "is_filtered": bool(text or state or kind or plan),
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
        told = {"domain": f".{settings.BARE_DOMAIN}"}
        return form_page(request, "console/new_tenant.html", form, told)


class Slug(PageView):
    """Whether an address is free, said while it is typed."""

    permission = {"GET": "tenants.add"}

    def get(self, request: PageRequest) -> HttpResponse:
        slug = request.GET.get("slug", "").strip()[:60]
        refusal = tenants.slug_refusal(slug) if slug else None
        others = tenants.slug_suggestions(slug) if refusal and refusal.status == 409 else []
        told = {"slug": slug, "refusal": refusal, "others": others, "domain": settings.BARE_DOMAIN}
        return render(request, "console/slug.html", told)
