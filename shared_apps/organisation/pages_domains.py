"""The page of a business's own domains: what to set, how each stands, checked on demand and followed live."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from kernel.errors import DomainError
from kernel.http.forms import form_page, refuse
from kernel.http.pages import PageRequest, PageView
from shared_apps.organisation import domains
from shared_apps.organisation.forms import DomainForm


class Domains(PageView):
    """All of them, and the form for another."""

    permission = {"GET": "domains.view", "POST": "domains.change"}

    def get(self, request: PageRequest) -> HttpResponse:
        return domains_page(request, DomainForm())

    def post(self, request: PageRequest) -> HttpResponse:
        form = DomainForm(request.POST)
        if not form.is_valid():
            return domains_page(request, form)
        try:
            domains.domain_add(domain=form.cleaned_data["domain"])
        except DomainError as error:
            refuse(form, error)
            return domains_page(request, form)
        messages.success(request, _("Set the two records now. We look for them by ourselves."))
        return redirect("page_domains")


def domains_page(request: PageRequest, form: DomainForm) -> HttpResponse:
    rows, closed_by = domains.domains(), domains.closed_by()
    told = {
        "domains": rows,
        "closed_by": closed_by,
        "is_closed": closed_by is not None,
        "is_looking": any(row.is_asked for row in rows),
        "scheme": settings.SCHEME,
        "bare": settings.BARE_DOMAIN,
    }
    return form_page(request, "organisation/domains.html", form, told)


class DomainCheck(PageView):
    """Have one looked at now; the page shows it when it was."""

    permission = {"POST": "domains.change"}
    throttled_per_minute = 10

    def post(self, request: PageRequest, domain_id: UUID) -> HttpResponse:
        domains.domain_ask(domain_id=domain_id)
        return redirect("page_domains")


class DomainRemove(PageView):
    """Give one up."""

    permission = {"POST": "domains.change"}

    def post(self, request: PageRequest, domain_id: UUID) -> HttpResponse:
        domains.domain_remove(domain_id=domain_id)
        messages.success(request, _("The domain is removed; nobody reaches you by it any more."))
        return redirect("page_domains")
