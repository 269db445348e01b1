"""Each request is served in the scope of the business its host names, as far as the business's state allows."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port

from kernel.errors import DomainError
from kernel.http.problems import problem_response
from kernel.tenancy import states
from kernel.tenancy.business import Business
from kernel.tenancy.directory import business_by_host, is_behind
from kernel.tenancy.scope import business_scope
from kernel.tenancy.states import Closed, Door, NotReady, ReadOnly, Suspended

__all__ = ["BusinessMiddleware", "Closed", "HostUnknown", "NotReady", "ReadOnly", "Suspended", "refusal_to"]

_READS = frozenset({"GET", "HEAD"})


class HostUnknown(DomainError):
    """No business has this host."""

    code = "tenancy.host_unknown"
    status = 404
    title = "There is nothing at this address"
    action = "Check the address; it is the name your academy or library gave you."


class BusinessMiddleware:
    """Finds the business by host, enters its scope for the request, and answers for states that do not serve it.

    A view opens itself whatever the state of a made tenant with `when_suspended = True`, where it is read only with
    `when_read_only = True`, and names its door with `door` where that is not simply its caller's. Who calls is not known
    here yet: what is open to staff or to students passes, and the bases of views ask again.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in settings.HOSTLESS_PATHS:
            return self.get_response(request)
        business = business_by_host(_name_of(request.META.get("HTTP_HOST") or request.get_host()))
        if business is None:
            return problem_response(HostUnknown(), request)
        refused = states.nobody_is_served(business.state) or (states.Behind() if is_behind(business) else None)
        if refused is not None:
            return problem_response(refused, request)
        request.business = business  # type: ignore[attr-defined]
        request.urlconf = settings.ROOT_URLCONF if business.is_platform else settings.TENANT_URLCONF
        with business_scope(business):
            return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        business = getattr(request, "business", None)
        if business is None or business.is_alive:
            return None
        shown = getattr(view, "cls", None) or getattr(view, "view_class", None) or view
        refused = [refusal_to(request, shown, business, is_staff=one) for one in (True, False)]
        return problem_response(refused[0], request) if refused[0] and refused[1] else None


# Requests name the same few hosts: Django's regular expressions are worth as much as all else that tenancy costs.
@lru_cache(maxsize=4096)
def _name_of(host: str) -> str:
    """The name in a Host header, without its port. Raises DisallowedHost where Django does, each time."""
    request = HttpRequest()
    request.META = {"HTTP_HOST": host}
    return split_domain_port(request.get_host())[0]


def refusal_to(request: HttpRequest, view: Any, business: Business, *, is_staff: bool) -> DomainError | None:
    """Why the business's state keeps staff, or others, from this view, or None."""
    if business.is_alive or getattr(view, "when_suspended", False):
        return None
    is_api = request.path.startswith("/api/")
    own: Door | None = getattr(view, "door", None) or (Door.EXPORTS if _is_export(request) else None)
    door = own if own and is_staff else states.door_of_caller(is_api=is_api, is_staff=is_staff)
    reads = request.method in _READS or getattr(view, "when_read_only", False)
    return states.refusal(business.state, door, writes=not reads)


def _is_export(request: HttpRequest) -> bool:
    """Whether a list is asked for as a file."""
    return request.method == "GET" and request.GET.get("format") == "csv"
