"""The base of every API view: refuses whatever its class does not open by name."""

from http import HTTPMethod
from typing import Any, ClassVar

from django.http import HttpRequest
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.views import APIView

from kernel.errors import DomainError
from kernel.http import errors, problems, throttles
from kernel.http.actor import NOBODY, Actor
from kernel.http.idempotent import idempotent, idempotent_in_phases
from kernel.http.lists import row, rows
from kernel.http.rendering import JsonOnly, JsonParser, JsonRenderer
from kernel.http.request import Request
from kernel.http.serializers import Input, Output
from kernel.observe import context
from kernel.tenancy import current
from kernel.tenancy.middleware import refusal_to
from kernel.tenancy.states import Door

__all__ = [
    "PUBLIC",
    "SIGNED_IN",
    "Actor",
    "ApiView",
    "Input",
    "Output",
    "Request",
    "idempotent",
    "idempotent_in_phases",
    "row",
    "rows",
]

PUBLIC = "public"
"""Anyone, signed in or not; a token that does not hold is ignored."""
SIGNED_IN = "signed_in"
"""Anyone who signed in at this business."""

_METHODS = {method.lower() for method in HTTPMethod} - {"options", "trace", "connect"}


def methods_checked(cls: Any) -> None:
    """Raises TypeError where a view's `permission` and its methods do not name one another."""
    if unknown := {name for name in cls.permission if name.lower() not in _METHODS or name != name.upper()}:
        raise TypeError(f"{cls.__qualname__}.permission names no HTTP method: {sorted(unknown)}")
    closed = {name.upper() for name in _METHODS if hasattr(cls, name)} - set(cls.permission) - {"HEAD"}
    if closed:
        raise TypeError(f"{cls.__qualname__} has no permission for {sorted(closed)}")


class ApiView(APIView):
    """A view whose class opens each method with a permission: `permission = {"GET": "people.view", "POST": PUBLIC}`.

    A method without an entry does not exist (405), an entry nobody grants refuses everyone. `request.user` is an
    Actor. `hosts` tells the API document where the view answers: "tenant", "platform" or "both".
    """

    permission: ClassVar[dict[str, str]] = {}
    hosts: ClassVar[str] = "tenant"
    when_suspended: ClassVar[bool] = False
    """Whether this is served whatever the state of a made tenant (`kernel.tenancy.states`)."""
    when_read_only: ClassVar[bool] = False
    """Whether this is also served where everything is read only, though it writes."""
    door: ClassVar[Door | None] = None
    """Which door of the table this is, where it is not simply its caller's."""
    throttled_per_minute: ClassVar[int | None] = throttles.DEFAULT
    """Requests a minute for one caller; None exempts the view (callbacks of vendors)."""

    permission_classes = ()
    throttle_classes = ()
    renderer_classes = (JsonRenderer,)
    parser_classes: Any = (JsonParser,)
    content_negotiation_class = JsonOnly
    metadata_class = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        methods_checked(cls)

    @property
    def allowed_methods(self) -> list[str]:
        return sorted(name for name in self.permission if hasattr(self, name.lower()))

    def get_exception_handler(self) -> Any:
        return problems.exception_handler

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Know the caller, count the call, check the permission: in this order, so guessing tokens is counted too."""
        request.accepted_renderer = JsonRenderer()
        request.accepted_media_type = JsonRenderer.media_type
        request.version, request.versioning_scheme = None, None
        method = "GET" if request.method == "HEAD" else str(request.method)
        permission = self.permission.get(method)
        failure = self._known(request)
        throttles.count(request, per_minute=self.throttled_per_minute)
        if permission is None:
            raise errors.MethodNotAllowed()
        if (refused := refusal_to(request, self, current(), is_staff=request.user.kind == "staff")) is not None:
            raise refused
        if permission == PUBLIC:
            return
        if failure is not None:
            raise failure
        actor: Actor = request.user
        if not actor.is_authenticated:
            raise errors.NotSignedIn()
        if permission != SIGNED_IN and not actor.can(permission):
            raise errors.NotForSupport() if actor.support else errors.Forbidden(permission=permission)

    def _known(self, request: Request) -> Exception | None:
        """Set `request.user`; give the reason when the credentials shown do not hold."""
        failure: Exception | None = None
        try:
            if not isinstance(request.user, Actor):
                request.user = NOBODY
        except (AuthenticationFailed, DomainError) as error:
            failure = error
            request.user = NOBODY
        context.actor.set(request.user if request.user.is_authenticated else None)
        return failure

    def handle_exception(self, exc: Exception) -> Any:
        if (response := problems.exception_handler(exc, {})) is None:
            raise exc
        return response

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        response = super().finalize_response(request, response, *args, **kwargs)
        for name, value in getattr(request, "rate_headers", {}).items():
            response[name] = value
        return response

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        raise errors.MethodNotAllowed()
