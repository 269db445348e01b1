"""The table of roles and permissions, held against the doors: each role opens what the table says and nothing else."""

import re
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from kernel.http.views import PUBLIC, SIGNED_IN, ApiView
from kernel.tenancy import Business
from shared_apps.accounts.roles import PERMISSIONS, PLATFORM_ROLES, STUDENT, TENANT_ROLES
from tests.support.people import admin, signed_in

# Written by hand from what each role is for, so that a slip in the product's table shows.
OPEN = {
    ("GET", "users"): {"super_admin", "operations", "finance", "support", "read_only", "owner", "manager"},
    ("POST", "users"): {"super_admin", "owner", "manager"},
    ("POST", "users/invite"): {"super_admin", "owner", "manager"},
    ("GET", "roles"): {"super_admin", "operations", "finance", "support", "read_only", "owner", "manager"},
    ("GET", "audit-logs"): {"super_admin", "operations", "support", "read_only", "owner"},
}

PLACE = re.compile(r"<(\w+:)?\w+>")
SAMPLES = {"uuid:": "00000000-0000-7000-8000-000000000001", "int:": "1"}
KINDS = {STUDENT: "student"}


@pytest.mark.parametrize("role", [*PLATFORM_ROLES, *TENANT_ROLES, STUDENT])
def test_each_role_opens_what_it_should(academy: Business, role: str) -> None:
    if role in PLATFORM_ROLES:
        client = admin(role)
    else:
        client = signed_in(academy, "student" if role == STUDENT else "staff", role)
    opened = {}
    for (method, path), roles in OPEN.items():
        answer = client.call(method, path, {} if method == "POST" else None)
        # An empty body of someone who may is found wanting; who may not never gets that far.
        assert answer.status_code in {200, 400, 403}, (method, path)
        opened[method, path] = answer.status_code != 403
        assert opened[method, path] is (role in roles), (role, method, path)
    assert opened


def test_a_platform_role_means_nothing_at_a_tenant_and_the_reverse(academy: Business) -> None:
    from kernel.tenancy import tenant_scope
    from shared_apps.accounts.models import RoleAssignment

    client = signed_in(academy, "staff", "teacher")
    with tenant_scope(academy):
        RoleAssignment.objects.create(user=client.user, role="super_admin")
    body = client.get("auth/me").json()
    assert body["roles"] == ["teacher"]
    assert "tenants.add" not in body["permissions"]
    assert client.get("users").status_code == 403


def test_the_table_knows_only_known_roles() -> None:
    known = {*PLATFORM_ROLES, *TENANT_ROLES, STUDENT}
    assert {role for roles in PERMISSIONS.values() for role in roles} <= known
    assert all(roles for roles in PERMISSIONS.values())
    assert all(len(set(roles)) == len(roles) for roles in PERMISSIONS.values())


def doors(kind: str) -> list[tuple[str, type[ApiView]]]:
    """Every API view of one kind of host with an address that leads to it."""
    found: list[tuple[str, type[ApiView]]] = []

    def walk(patterns: list[Any], before: str) -> None:
        for pattern in patterns:
            route = before + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, route)
            elif isinstance(pattern, URLPattern) and issubclass(getattr(pattern.callback, "cls", object), ApiView):
                found.append((PLACE.sub(lambda m: SAMPLES.get(m[1] or "str:", "x"), route), pattern.callback.cls))

    walk(get_resolver(f"config.urls_{kind}").url_patterns, "/")
    return found


@pytest.mark.parametrize("kind", ["public", "tenant"])
def test_every_door_asks_for_a_permission_the_table_knows(kind: str) -> None:
    asked = {name: view for _, view in doors(kind) for name in view.permission.values()}
    unknown = {name: view.__qualname__ for name, view in asked.items() if name not in {*PERMISSIONS, PUBLIC, SIGNED_IN}}
    assert unknown == {}
    assert len(doors(kind)) > 20


@pytest.mark.parametrize("role", [*PLATFORM_ROLES, *TENANT_ROLES, STUDENT])
def test_every_door_is_shut_to_roles_without_its_permission(academy: Business, role: str) -> None:
    kind = "public" if role in PLATFORM_ROLES else "tenant"
    calls = [
        (method, path, permission)
        for path, view in doors(kind)
        for method, permission in view.permission.items()
        if permission in PERMISSIONS and role not in PERMISSIONS[permission]
    ]
    for index, (method, path, permission) in enumerate(calls):
        if index % 90 == 0:  # below what one caller may send in a minute
            client = admin(role) if kind == "public" else signed_in(academy, KINDS.get(role, "staff"), role)
        answer = client.call(method, path, None if method == "GET" else {})
        said = (answer.status_code, answer.json()["code"], answer.json().get("permission"))
        assert said == (403, "http.forbidden", permission), (method, path)
