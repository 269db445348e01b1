"""The base of every page for people: knows its caller by session, refuses whatever its class does not open by name."""

from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View

from kernel.errors import DomainError
from kernel.http import errors, problems, throttles
from kernel.http.actor import NOBODY, Actor
from kernel.http.readers import is_partial, language_of
from kernel.http.views import PUBLIC, SIGNED_IN, methods_checked
from kernel.observe import context
from kernel.tenancy import Business
from kernel.tenancy.middleware import refusal_to
from kernel.tenancy.states import Door

__all__ = ["PUBLIC", "SIGNED_IN", "PageRequest", "PageView", "onward", "way_back"]

if TYPE_CHECKING:

    class PageRequest(HttpRequest):
        """What `PageView` adds, told to the type checker; `has_lapsed` says that a session came and no longer counts."""

        actor: Actor
        business: Business
        has_lapsed: bool

else:
    PageRequest = HttpRequest


class PageView(View):
    """A page whose class opens each method with a permission, as `ApiView` does: `permission = {"GET": "people.view"}`.

    `request.actor` is an Actor. Who has yet to sign in is sent to do so and comes back to where they were going; other
    refusals are answered as a page. Forms are guarded by Django's CSRF middleware.
    """

    permission: ClassVar[dict[str, str]] = {}
    when_suspended: ClassVar[bool] = False
    when_read_only: ClassVar[bool] = False
    door: ClassVar[Door | None] = None
    throttled_per_minute: ClassVar[int | None] = throttles.DEFAULT

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        methods_checked(cls)

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        view: Any = super().as_view(**initkwargs)
        view.cls = cls
        return view

    def dispatch(self, request: PageRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        with language_of(request):
            try:
                return self._served(request, *args, **kwargs)
            except Exception as exc:
                error = problems.refusal(exc)
                if error is None:
                    raise
                problems.noted(error, exc)
                return problems.page(error, request)

    def _served(self, request: PageRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        method = "GET" if request.method == "HEAD" else str(request.method)
        permission = self.permission.get(method)
        sessions = import_module(settings.PAGE_SESSIONS)
        self._known(request, sessions)
        throttles.count(_counted(request), per_minute=self.throttled_per_minute)
        if permission is None:
            raise errors.MethodNotAllowed()
        if permission != PUBLIC:
            if not request.actor.is_authenticated:
                return sign_in_first(request)
            if (
                refused := refusal_to(request, self, request.business, is_staff=request.actor.kind == "staff")
            ) is not None:
                raise refused
            if permission != SIGNED_IN and not request.actor.can(permission):
                raise errors.NotForSupport() if request.actor.support else errors.Forbidden(permission=permission)
        response: HttpResponseBase = getattr(self, method.lower())(request, *args, **kwargs)
        sessions.keep(request, response)
        return response

    @staticmethod
    def _known(request: PageRequest, sessions: Any) -> None:
        request.has_lapsed = False
        try:
            request.actor = sessions.authenticate(request)
        except DomainError:
            request.actor, request.has_lapsed = NOBODY, True
        context.actor.set(request.actor if request.actor.is_authenticated else None)


def _counted(request: PageRequest) -> Any:
    """The request in the shape in which calls of the API are counted."""
    return SimpleNamespace(_request=request, user=request.actor)


def sign_in_first(request: PageRequest) -> HttpResponse:
    """To the sign-in, and from there back to where they were going."""
    query = {"next": way_back(request), **({"lapsed": "1"} if request.has_lapsed else {})}
    return onward(request, f"{reverse(settings.PAGE_SIGN_IN)}?{urlencode(query)}", status=401)


def onward(request: HttpRequest, address: str, *, status: int = 200) -> HttpResponse:
    """Send the browser on; htmx, which would follow a redirect by itself, is told to go there as a whole page."""
    if is_partial(request):
        return HttpResponse(status=status, headers={"HX-Redirect": address})
    return redirect(address)


def way_back(request: HttpRequest, default: str = "/") -> str:
    """The path on this host that the reader was at or going to; never another host, whatever a header says."""
    if request.method in {"GET", "HEAD"} and not is_partial(request):
        return local_path(request.get_full_path(), default)
    shown = urlsplit(request.headers.get("HX-Current-URL") or request.headers.get("Referer", ""))
    if shown.netloc != request.get_host():
        return default
    return local_path(f"{shown.path}?{shown.query}" if shown.query else shown.path, default)


def local_path(address: str, default: str = "/") -> str:
    """The address when it is a path of this host, else the default."""
    is_local = address.startswith("/") and url_has_allowed_host_and_scheme(address, allowed_hosts=None)
    return address if is_local else default
