"""Each request is served in the scope of the business its host names."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port

from kernel.errors import DomainError
from kernel.http.problems import problem_response
from kernel.tenancy.business import UNMADE_STATES, Business
from kernel.tenancy.directory import business_by_host
from kernel.tenancy.scope import business_scope


class HostUnknown(DomainError):
    """No business has this host."""

    code = "tenancy.host_unknown"
    status = 404
    title = "There is nothing at this address"
    action = "Check the address; it is the name your academy or library gave you."


class NotReady(DomainError):
    """The tenant is still being made."""

    code = "tenancy.not_ready"
    status = 503
    title = "This address is being set up"
    action = "Try again in a minute."
    headers = {"Retry-After": "5"}


class Suspended(DomainError):
    """The tenant is suspended: only what its state allows is served."""

    code = "tenancy.suspended"
    status = 403
    title = "This account is suspended"
    action = "Its owner can sign in to settle the platform's invoice and export data. Students: please ask them."


class Closed(DomainError):
    """The tenant has left the platform."""

    code = "tenancy.closed"
    status = 410
    title = "This academy or library is no longer here"
    action = "Ask its owner where it has gone."


_GONE = {"offboarding", "deleted"}


class BusinessMiddleware:
    """Finds the business by host, enters its scope for the request, and answers for states that serve nobody.

    A view opens itself to a suspended tenant's people with `when_suspended = True`. Exports pass here; the API's views
    give them to staff alone.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in settings.HOSTLESS_PATHS:
            return self.get_response(request)
        host, _ = split_domain_port(request.get_host())
        business = business_by_host(host)
        if business is None or business.state in _GONE | UNMADE_STATES:
            return problem_response(_refusal(business), request)
        request.business = business  # type: ignore[attr-defined]
        request.urlconf = settings.ROOT_URLCONF if business.is_platform else settings.TENANT_URLCONF
        with business_scope(business):
            return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        business = getattr(request, "business", None)
        if business is None or business.is_alive:
            return None
        view_class = getattr(view, "cls", None) or getattr(view, "view_class", None)
        if getattr(view_class or view, "when_suspended", False) or is_export(request):
            return None
        return problem_response(Suspended(), request)


def is_export(request: HttpRequest) -> bool:
    """Whether a list is asked for as a file: a suspended tenant's staff may still take their data along."""
    return request.method == "GET" and request.GET.get("format") == "csv"


def _refusal(business: Business | None) -> DomainError:
    if business is None:
        return HostUnknown()
    return NotReady() if business.state in UNMADE_STATES else Closed()
