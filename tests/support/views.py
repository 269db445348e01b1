"""Every API view there is, and a caller who may do everything."""

import re
from functools import cache
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import orjson
from django.conf import settings
from django.test import RequestFactory
from django.urls import get_resolver
from rest_framework.authentication import BaseAuthentication

from kernel.http.actor import Actor
from kernel.http.views import ApiView
from kernel.observe import context
from kernel.tenancy import Business, business_scope
from shared_apps.accounts.roles import permissions_of, roles_of


def urlconf_of(business: Business) -> str:
    return str(settings.ROOT_URLCONF if business.is_platform else settings.TENANT_URLCONF)


def views_with(method: str, urlconf: str) -> list[tuple[type[ApiView], dict[str, Any]]]:
    """Every view that takes the method, with arguments its address could carry."""
    values = {"uuid": uuid4(), "int": 7, "str": "none", "slug": "none", "path": "none"}

    def walk(patterns: Any, prefix: str) -> Any:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if hasattr(pattern, "url_patterns"):
                yield from walk(pattern.url_patterns, route)
                continue
            view = getattr(pattern.callback, "cls", object)
            if issubclass(view, ApiView) and method in view.permission:
                arguments = {name: values[kind or "str"] for kind, name in re.findall(r"<(?:(\w+):)?(\w+)>", route)}
                yield view, arguments

    return list(walk(get_resolver(urlconf).url_patterns, ""))


@cache
def _everything(*, platform: bool) -> frozenset[str]:
    return frozenset().union(*(permissions_of((role,)) for role in roles_of(platform=platform)))


def called(
    method: str,
    view: type[ApiView],
    arguments: dict[str, Any],
    business: Business,
    *,
    kind: str,
    body: Any = None,
    query: dict[str, str] | None = None,
) -> Any:
    """The view's answer to somebody of that kind with every permission; a fault of ours is raised, not answered."""
    profile = uuid4()
    actor = Actor(
        kind=kind,  # type: ignore[arg-type]
        user_id=uuid4(),
        sign_in=uuid4(),
        students=frozenset({profile}) if kind == "student" else frozenset(),
        student=profile if kind == "student" else None,
        permissions=_everything(platform=business.is_platform) | frozenset(view.permission.values()),
    )

    class Known(BaseAuthentication):
        def authenticate(self, request: Any) -> Any:
            return actor, None

    raw = b"" if body is None else body if isinstance(body, bytes) else orjson.dumps(body)
    headers = {"Host": "localhost", "Idempotency-Key": str(uuid4())}
    request = RequestFactory().generic(
        method, "/", raw, content_type="application/json", headers=headers, QUERY_STRING=urlencode(query or {})
    )
    request.business = business  # type: ignore[attr-defined]
    with business_scope(business), context.work():
        return view.as_view(authentication_classes=(Known,))(request, **arguments)
