"""The table of roles and permissions, held against the doors: each role opens what the table says and nothing else."""

import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from kernel import quotas
from kernel.http.views import PUBLIC, SIGNED_IN, ApiView
from kernel.tenancy import Business, tenant_scope
from shared_apps.accounts.roles import PERMISSIONS, PLATFORM_ROLES, STUDENT, TENANT_ROLES
from shared_apps.accounts.routes import SIDES, Route, routes, table
from shared_apps.plans.defaults import FEATURES, LIMITS
from tests.support.people import Client, admin, anyone, signed_in

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


@pytest.mark.parametrize("side", list(SIDES))
def test_every_door_asks_for_a_permission_the_table_knows(side: str) -> None:
    asked = {route.permission: str(route) for route in routes(side)}
    assert {name: asked[name] for name in asked.keys() - {*PERMISSIONS, PUBLIC, SIGNED_IN}} == {}
    assert len(routes(side)) > 50


def test_every_view_of_the_url_maps_is_in_the_table() -> None:
    from django.urls import get_resolver

    def named(patterns: Any) -> Iterator[Any]:
        for pattern in patterns:
            yield from named(pattern.url_patterns) if hasattr(pattern, "url_patterns") else [pattern]

    for side in SIDES:
        found = named(get_resolver(f"config.urls_{side}").url_patterns)
        views = {each.callback.cls for each in found if hasattr(each.callback, "cls")}
        by_program = {view for view in views if issubclass(view, ApiView)}
        asked = {name for view in by_program for name in view.permission.values()}
        assert asked == {route.permission for route in routes(side)}
        # Pages ask for the same; some have no door for programs.
        pages = {name for view in views - by_program for name in view.permission.values()}
        assert pages <= {*PERMISSIONS, PUBLIC, SIGNED_IN}


def test_the_page_says_what_the_code_does() -> None:
    page = Path(settings.BASE_DIR) / "docs" / "roles.md"
    assert page.read_text() == table(), "run: manage.py roles_table"


def test_the_command_writes_the_page(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    settings.BASE_DIR = tmp_path
    call_command("roles_table", stdout=StringIO())
    assert (tmp_path / "docs" / "roles.md").read_text() == table()


def path_of(route: Route) -> str:
    """The route's address with made-up ids."""
    return "/" + PLACE.sub(lambda found: SAMPLES.get(found[1] or "str:", "x"), route.pattern)


def probe(client: Client, route: Route) -> tuple[int, str, str | None]:
    """What the door says to an empty try: status, code, and the permission missing."""
    answer = client.call(route.method, path_of(route), None if route.method == "GET" else {})
    if answer.status_code < 400:
        return answer.status_code, "", None
    body = answer.json()
    return answer.status_code, body["code"], body.get("permission")


@pytest.fixture
def unthrottled(settings: Any) -> None:
    settings.REQUESTS_PER_MINUTE = 1_000_000


@pytest.mark.parametrize("role", [*PLATFORM_ROLES, *TENANT_ROLES, STUDENT])
@pytest.mark.usefixtures("unthrottled")
def test_every_cell_of_the_table_holds_at_its_door(academy: Business, role: str) -> None:
    side = "public" if role in PLATFORM_ROLES else "tenant"
    with tenant_scope(academy):
        quotas.set_limits({name: quotas.Limit(1_000) for name in (*FEATURES, *LIMITS)})

    def come_in() -> Client:
        return admin(role) if side == "public" else signed_in(academy, KINDS.get(role, "staff"), role)

    client = come_in()
    tried = {True: 0, False: 0}
    for route in routes(side):
        said = probe(client, route)
        tried[route.opens_to(role)] += 1
        if not route.opens_to(role):
            assert said == (403, "http.forbidden", route.permission), route
        else:
            assert said[0] not in {401, 403}, (route, said)
            assert said[0] < 500, (route, said)
        if route.path == "auth/logout":
            client = come_in()
    assert tried[True] >= 15
    assert role in {"super_admin", "owner"} or tried[False] >= 5


@pytest.mark.parametrize("side", list(SIDES))
@pytest.mark.usefixtures("unthrottled")
def test_without_a_sign_in_every_door_but_the_open_ones_is_shut(
    academy: Business, platform: Business, side: str
) -> None:
    nobody = anyone(platform if side == "public" else academy)
    for route in routes(side):
        said = probe(nobody, route)
        if route.is_open:
            assert said[0] not in {401, 403}, (route, said)
        else:
            assert said == (401, "http.not_signed_in", None), route
