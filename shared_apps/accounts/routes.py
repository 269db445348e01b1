"""Every door of the API with the roles it opens to: read from the URL maps and the one table of roles."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.conf import settings

from kernel.http.views import PUBLIC, SIGNED_IN, ApiView

from .roles import PERMISSIONS, PLATFORM_ROLES, STUDENT, TENANT_ROLES

SIDES = {"public": PLATFORM_ROLES, "tenant": (*TENANT_ROLES, STUDENT)}
_PLACE = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one address on one kind of host; `pattern` is Django's, `permission` what its view asks for."""

    side: str
    method: str
    pattern: str
    permission: str

    @property
    def path(self) -> str:
        """The address as people write it: users/{user_id}."""
        return _PLACE.sub(r"{\1}", self.pattern).removeprefix("api/v1/")

    @property
    def is_open(self) -> bool:
        """Whether nobody needs to be signed in."""
        return self.permission == PUBLIC

    def opens_to(self, role: str) -> bool:
        return self.permission in (PUBLIC, SIGNED_IN) or role in PERMISSIONS.get(self.permission, ())


def routes(side: str) -> list[Route]:
    """Every route of the public host, or of a tenant's; by path, then method."""
    module = settings.ROOT_URLCONF if side == "public" else settings.TENANT_URLCONF
    return sorted(_walk(side, import_module(module).urlpatterns, ""), key=lambda route: (route.path, route.method))


def _walk(side: str, patterns: Any, before: str) -> Iterator[Route]:
    for pattern in patterns:
        address = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _walk(side, pattern.url_patterns, address)
            continue
        view = getattr(pattern.callback, "cls", None)
        if isinstance(view, type) and issubclass(view, ApiView):
            for method, permission in view.permission.items():
                yield Route(side, method, address, permission)


def table() -> str:
    """The page docs/roles.md: who may what, for both kinds of host."""
    parts = [_HEAD]
    for side, title in (("public", "The public host"), ("tenant", "A tenant's host")):
        roles = SIDES[side]
        parts.append(f"\n## {title}\n\n| route | permission | {' | '.join(roles)} |\n|---|---|{':-:|' * len(roles)}\n")
        for route in routes(side):
            cells = " | ".join("✓" if route.opens_to(role) else "" for role in roles)
            parts.append(f"| `{route.method} {route.path}` | {route.permission} | {cells} |\n")
    return "".join(parts)


_HEAD = """# Roles and routes

Written by `manage.py roles_table` from the URL maps and `shared_apps/accounts/roles.py`; a test compares this page with
them and tries every cell. Without ✓ the answer is 403, without a sign-in 401; `public` needs none. Below `/api/v1/`. A role
opens a door; which rows and branches are seen behind it is cut by the app, and what a plan lacks is refused there.
"""
