"""Host → business for every ASGI connection, before anything else looks at it."""

from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.http.request import split_domain_port

from kernel.tenancy import Business, business_by_host
from kernel.tenancy.directory import known_by_host

Scope = MutableMapping[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]


class HostMiddleware:
    """Sets `scope["business"]` (None for an unknown host).

    For sockets also `scope["cookies"]`: those of the handshake if its Origin is the very host that is asked, else
    none. A browser sends cookies wherever a page asks it to, so a foreign page must not speak as the person in front
    of it. A bearer token stays in `scope["subprotocols"]`.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] in {"http", "websocket"}:
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
            business = await _business(headers.get("host", ""))
            scope = {**scope, "business": business, "cookies": _cookies(headers)}
        await self._application(scope, receive, send)


async def _business(host: str) -> Business | None:
    name, _ = split_domain_port(host)
    is_known, business = known_by_host(name)
    if is_known:
        return business
    return await sync_to_async(_looked_up, thread_sensitive=False)(name)


def _looked_up(host: str) -> Business | None:
    try:
        return business_by_host(host)
    finally:
        close_old_connections()


def _cookies(headers: dict[str, str]) -> dict[str, str]:
    if headers.get("origin", "").partition("://")[2].lower() != headers.get("host", "").lower():
        return {}
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(headers.get("cookie", "")).items()}
    except CookieError:
        return {}
