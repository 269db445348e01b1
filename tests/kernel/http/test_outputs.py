"""Every Output and the JSON PostgreSQL makes of its queryset say the same: names, JSON types, and what may be null.

Each view that reads is called, on both kinds of host, by a caller who may do everything; whatever reaches `rows` or
`row` there is compiled and compared with the types PostgreSQL itself gives the columns. No row needs to exist.
"""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import RequestFactory
from django.urls import get_resolver
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication

from kernel.http import sql
from kernel.http.actor import Actor
from kernel.http.views import ApiView
from kernel.observe import context
from kernel.tenancy import business_scope
from shared_apps.accounts.roles import permissions_of, roles_of
from tests.support.outputs import compared, differences


def views_that_read(urlconf: str) -> list[tuple[type[ApiView], dict[str, Any]]]:
    """Every view with a GET and arguments its address could carry."""
    values = {"uuid": uuid4(), "int": 7, "str": "none", "slug": "none", "path": "none"}

    def walk(patterns: Any, prefix: str) -> Any:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if hasattr(pattern, "url_patterns"):
                yield from walk(pattern.url_patterns, route)
            elif "GET" in getattr(getattr(pattern.callback, "cls", None), "permission", {}):
                arguments = {name: values[kind or "str"] for kind, name in re.findall(r"<(?:(\w+):)?(\w+)>", route)}
                yield pattern.callback.cls, arguments

    return list(walk(get_resolver(urlconf).url_patterns, ""))


def test_every_output_is_what_postgresql_makes(academy, platform):
    """Lists below another thing's id answer 404 here; they are compared where a test reads them (tests/conftest.py)."""
    with compared() as met:
        for business, urlconf, kinds in (
            (academy, settings.TENANT_URLCONF, ("staff", "student")),
            (platform, settings.ROOT_URLCONF, ("admin",)),
        ):
            for view, arguments in views_that_read(urlconf):
                for kind in kinds:
                    _called(view, arguments, business, kind)
    listed = {
        answered.child.__class__
        for urlconf in (settings.TENANT_URLCONF, settings.ROOT_URLCONF)
        for view, arguments in views_that_read(urlconf)
        if isinstance(answered := getattr(view.get, "api_responses", None), serializers.ListSerializer)  # type: ignore[attr-defined]
        and not arguments
    }
    assert listed
    assert sorted(output.__qualname__ for output in listed - {output for output, _ in met}) == []


def _called(view: type[ApiView], arguments: dict[str, Any], business: Any, kind: str) -> Any:
    everything = frozenset().union(*(permissions_of((role,)) for role in roles_of(platform=business.is_platform)))
    opened = frozenset(view.permission.values())
    profile = uuid4()
    actor = Actor(
        kind=kind,  # type: ignore[arg-type]
        user_id=uuid4(),
        sign_in=uuid4(),
        students=frozenset({profile}) if kind == "student" else frozenset(),
        student=profile if kind == "student" else None,
        permissions=everything | opened,
    )

    class Known(BaseAuthentication):
        def authenticate(self, request: Any) -> Any:
            return actor, None

    request = RequestFactory().get("/", headers={"Host": "localhost"})
    request.business = business  # type: ignore[attr-defined]
    with business_scope(business), context.work():
        return view.as_view(authentication_classes=(Known,))(request, **arguments)


@pytest.fixture
def wrong(academy):
    """Outputs that promise what their columns are not."""
    from kernel.audit.models import Entry
    from kernel.http.serializers import Output

    class Wrong(Output):
        id = serializers.IntegerField()
        at = serializers.BooleanField()
        actor_id = serializers.UUIDField()
        changes = serializers.CharField()
        action = serializers.Field()

    with business_scope(academy):
        yield Wrong, Entry.objects.all()


def test_a_wrong_output_would_be_found(wrong):
    output, queryset = wrong
    assert [line.split(".Wrong.", 1)[1] for line in differences(output, queryset)] == [
        "id: PostgreSQL makes uuid, wanted ['number']",
        "at: PostgreSQL makes string, wanted ['boolean']",
        "actor_id: may be null and does not say so",
        "changes: PostgreSQL makes json, wanted ['string', 'uuid']",
        "action: Field cannot be made by PostgreSQL",
    ]


def test_a_value_that_is_no_column_is_refused(academy):
    from kernel.audit.models import Entry
    from kernel.http.serializers import Output

    class Computed(Output):
        label = serializers.SerializerMethodField()

    with business_scope(academy), pytest.raises(TypeError, match=r"Computed\.label is no column"):
        sql.statement(Entry.objects.all(), Computed)
