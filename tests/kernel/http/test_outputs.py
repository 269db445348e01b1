"""Every Output and the JSON PostgreSQL makes of its queryset say the same: names, JSON types, and what may be null.

Each view that reads is called, on both kinds of host, by a caller who may do everything; whatever reaches `rows` or
`row` there is compiled and compared with the types PostgreSQL itself gives the columns. No row needs to exist.
"""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.test import RequestFactory
from django.urls import get_resolver
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication

from kernel.http import keyset, lists, sql
from kernel.http.actor import Actor
from kernel.http.views import ApiView
from kernel.tenancy import business_scope
from shared_apps.accounts.roles import permissions_of, roles_of

# JSON types by the category PostgreSQL sorts a type into (pg_type.typcategory); json itself is told by name.
_BY_CATEGORY = {"B": "boolean", "N": "number", "A": "array", "S": "string", "D": "string", "T": "string", "R": "string"}
_FIELDS: tuple[tuple[tuple[type, ...], set[str]], ...] = (
    ((serializers.BooleanField,), {"boolean"}),
    ((serializers.DecimalField, serializers.IntegerField, serializers.FloatField), {"number"}),
    ((serializers.ListField, serializers.ListSerializer, serializers.MultipleChoiceField), {"array", "json"}),
    ((serializers.DictField, serializers.JSONField, serializers.Serializer), {"json"}),
    ((serializers.UUIDField,), {"uuid"}),
    ((serializers.DateTimeField, serializers.DateField, serializers.TimeField, serializers.DurationField), {"string"}),
    ((serializers.CharField, serializers.ChoiceField), {"string", "uuid"}),
)


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


def test_every_output_is_what_postgresql_makes(academy, platform, monkeypatch):
    met: dict[tuple[type, str], Any] = {}

    def meet(output: Any, queryset: Any) -> None:
        met.setdefault((output, queryset.model.__name__), []).append(_differences(output, queryset))

    monkeypatch.setattr(lists, "watchers", [meet])
    for business, urlconf, kinds in (
        (academy, settings.TENANT_URLCONF, ("staff", "student")),
        (platform, settings.ROOT_URLCONF, ("admin",)),
    ):
        for view, arguments in views_that_read(urlconf):
            for kind in kinds:
                _called(view, arguments, business, kind)
    differences = sorted({d for found in met.values() for each in found for d in each})
    assert differences == []
    listed = {
        answered.child.__class__
        for urlconf in (settings.TENANT_URLCONF, settings.ROOT_URLCONF)
        for view, _ in views_that_read(urlconf)
        if isinstance(answered := getattr(view.get, "api_responses", None), serializers.ListSerializer)  # type: ignore[attr-defined]
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
    with business_scope(business):
        return view.as_view(authentication_classes=(Known,))(request, **arguments)


def _differences(output: Any, queryset: Any) -> list[str]:
    """Where the Output and the columns differ, in words."""
    wanted = sql.columns(output)
    statement, parameters = sql.statement(queryset.order_by()[:1], output)
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} LIMIT 0", parameters)
        names = dict.fromkeys(column.names[0] for column in wanted)
        inner = statement.replace("SELECT row_to_json(o)::text FROM", "SELECT o.* FROM", 1)
        cursor.execute(f"{inner} LIMIT 0", parameters)
        given = [column.name for column in cursor.description]
        paths = list(dict.fromkeys(column.path for column in wanted))
        plain, plain_parameters = (
            queryset.order_by()[:1]
            .values_list(*paths)
            .query.get_compiler(connection=connection, elide_empty=False)
            .as_sql()
        )
        cursor.execute(f"SELECT * FROM ({plain}) AS q LIMIT 0", plain_parameters)
        types = _json_types(cursor, [column.type_code for column in cursor.description])
    found = [] if given == list(names) else [f"{output.__qualname__}: names {given}, wanted {list(names)}"]
    by_path = dict(zip(paths, types, strict=True))
    for column in wanted:
        where = f"{output.__module__}.{output.__qualname__}.{'.'.join(column.names)}"
        allowed = next((types for kinds, types in _FIELDS if isinstance(column.field, kinds)), None)
        if allowed is None:
            found.append(f"{where}: {type(column.field).__name__} cannot be made by PostgreSQL")
        elif by_path[column.path] not in allowed and type(column.field) is not serializers.JSONField:
            found.append(f"{where}: PostgreSQL makes {by_path[column.path]}, wanted {sorted(allowed)}")
        if column.path not in queryset.query.annotations and len(column.names) == 1:
            may_be_null = keyset.is_nullable(queryset, column.path)
            if may_be_null and not column.field.allow_null:
                found.append(f"{where}: may be null and does not say so")
    return found


def _json_types(cursor: Any, codes: list[int]) -> list[str]:
    cursor.execute(
        "SELECT oid::bigint, typname, typcategory::text FROM pg_catalog.pg_type WHERE oid = ANY(%s)", [codes]
    )
    kinds = {
        oid: name if name == "uuid" else "json" if name in {"json", "jsonb"} else _BY_CATEGORY.get(category, "string")
        for oid, name, category in cursor.fetchall()
    }
    return [kinds[code] for code in codes]


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
    assert [line.split(".Wrong.", 1)[1] for line in _differences(output, queryset)] == [
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
