"""Compares an Output with the JSON PostgreSQL makes of its queryset: names, JSON types, and what may be null."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from rest_framework import serializers

from kernel.http import keyset, lists, sql
from kernel.tenancy import business_scope, current, platform_business
from tests.support.tenants import tenant_make

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


@contextmanager
def compared() -> Iterator[dict[tuple[type, str], Any]]:
    """Compare, at the end, whatever met in `rows` and `row` inside the block; raises AssertionError naming each difference.

    Gives what has met so far, by Output and model. The comparison needs no rows and is made in a fresh tenant.
    """
    met: dict[tuple[type, str], tuple[Any, Any, bool]] = {}

    def meet(output: Any, queryset: Any) -> None:
        met.setdefault((output, queryset.model.__qualname__), (output, queryset, current().is_platform))

    lists.watchers.append(meet)
    try:
        yield met
    finally:
        lists.watchers.remove(meet)
    found: list[str] = []
    tenant = tenant_make() if met else None
    for output, queryset, is_platform in met.values():
        with business_scope(platform_business() if is_platform else tenant):
            found += differences(output, queryset)
    assert sorted(found) == []


def differences(output: Any, queryset: Any) -> list[str]:
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
