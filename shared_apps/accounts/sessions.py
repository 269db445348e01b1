"""How pages know their caller: a cookie of this one host, signed for this one business, standing for one sign-in."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.csrf import rotate_token

from kernel.http.actor import NOBODY, Actor
from kernel.http.pages import PageRequest

from . import services
from .errors import TokenExpired, TokenInvalid
from .selectors import actor_by_session
from .tokens import SessionToken


def name() -> str:
    """The cookie's name; over https the prefix by which browsers refuse it from any other host or path."""
    return "__Host-session" if settings.SCHEME == "https" else "session"


def authenticate(request: HttpRequest) -> Actor:
    """Who shows the cookie, NOBODY without one. Raises TokenInvalid, TokenExpired, SignedOut."""
    text = request.COOKIES.get(name(), "")
    return actor_by_session(text) if text else NOBODY


def keep(request: PageRequest, response: HttpResponseBase) -> None:
    """Let a session that is used live on; take away a cookie that no longer counts."""
    if name() in response.cookies:
        return
    if request.has_lapsed:
        forget(response)
    elif request.actor.is_authenticated and (text := services.session_renew(text=request.COOKIES[name()])):
        _put(response, text)


def begin(request: HttpRequest, response: HttpResponseBase, *, sign_in: UUID) -> None:
    """Give the browser the session of a sign-in just made. Whatever it came with ends, and so do the forms it shows."""
    end(request, because="replaced")
    _put(response, services.session_open(sign_in=sign_in))
    rotate_token(request)


def end(request: HttpRequest, *, because: str = "logout") -> None:
    """End the sign-in of the session shown, if any."""
    text = request.COOKIES.get(name(), "")
    try:
        services.sign_in_end(sign_in=services.session_sign_in(text), because=because)
    except (TokenInvalid, TokenExpired):
        return


def forget(response: HttpResponseBase) -> None:
    """Take the cookie away, and whatever the browser keeps of this host for when there is no network."""
    _put(response, "", seconds=0)
    response["Clear-Site-Data"] = '"storage"'


def _put(response: HttpResponseBase, text: str, *, seconds: int = int(SessionToken.lifetime.total_seconds())) -> None:
    response.set_cookie(
        name(), text, max_age=seconds, path="/", secure=settings.SCHEME == "https", httponly=True, samesite="Lax"
    )
