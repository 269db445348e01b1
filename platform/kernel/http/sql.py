"""Turns a queryset and an Output into one SQL statement whose rows are finished JSON texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from django.db import connection, connections
from django.db.models import QuerySet
from rest_framework import serializers

from kernel.http.serializers import Output

# JSON numbers lose digits and rupees must not: decimals travel as text, as the API document says.
_AS_TEXT = (serializers.DecimalField, serializers.DurationField)


@dataclass(frozen=True, slots=True)
class Column:
    """One value of an Output: its names from the outside in (`("branch", "name")`), its path, its field."""

    names: tuple[str, ...]
    path: str
    field: serializers.Field


@cache
def columns(output: type[Output]) -> tuple[Column, ...]:
    """The columns of an Output in its order, nested Outputs flattened."""
    return tuple(_walk(output(), (), ""))


def _walk(serializer: serializers.BaseSerializer, names: tuple[str, ...], prefix: str) -> Any:
    for name, field in serializer.fields.items():  # type: ignore[attr-defined]
        if getattr(field, "write_only", False):
            continue
        path = prefix + (field.source or name).replace(".", "__")
        if isinstance(field, serializers.Serializer):
            # `source="*"` groups columns of the same row; any other source is a join.
            yield from _walk(field, (*names, name), prefix if field.source == "*" else f"{path}__")
        elif field.source == "*":
            raise TypeError(f"{type(serializer).__qualname__}.{name} is no column; finish it with `each` of `rows`")
        else:
            yield Column(names=(*names, name), path=path, field=field)


def statement(queryset: QuerySet, output: type[Output], *, keys: Sequence[str] = ()) -> tuple[str, tuple[Any, ...]]:
    """SQL and parameters; each row is the JSON text, then each key column as text.

    The queryset's own order and limits stand. Columns are named by position, so nothing of the caller's reaches SQL.
    """
    paths, opening, closing = _frame(output, tuple(keys))
    # An impossible filter still compiles: the empty list has the same shape.
    compiler = queryset.values_list(*paths).query.get_compiler(connection=connection, elide_empty=False)
    inner, parameters = compiler.as_sql()
    return opening + inner + closing, parameters


def fetched(queryset: QuerySet, output: type[Output], *, keys: Sequence[str] = ()) -> list[tuple[str, ...]]:
    """Every row of the queryset's `statement`."""
    text, parameters = statement(queryset, output, keys=keys)
    with connections[queryset.db].cursor() as cursor:
        cursor.execute(text, parameters)
        rows: list[tuple[str, ...]] = cursor.fetchall()
    return rows


@lru_cache(maxsize=1024)
def _frame(output: type[Output], keys: tuple[str, ...]) -> tuple[tuple[str, ...], str, str]:
    """The paths to select, and the SQL around their selection."""
    wanted = columns(output)
    paths = tuple(dict.fromkeys([*(column.path for column in wanted), *keys]))
    names = {path: f"q.c{index}" for index, path in enumerate(paths)}
    picked = "".join(f", {names[key]}::text" for key in keys)
    labels = ", ".join(f"c{index}" for index in range(len(paths)))
    row = _object(wanted, names, depth=0)
    opening = f"SELECT row_to_json(o)::text{picked} FROM ("  # noqa: S608 - names are positions
    return paths, opening, f") AS q({labels}), LATERAL ({row}) AS o"


def _object(wanted: Sequence[Column], names: dict[str, str], *, depth: int) -> str:
    """`SELECT … AS "name"` of one object; nested objects are sub-selects, null when all their values are."""
    parts: list[str] = []
    done: set[str] = set()
    for column in wanted:
        name = column.names[depth]
        if name in done:
            continue
        done.add(name)
        label = connection.ops.quote_name(name)
        if len(column.names) == depth + 1:
            cast = "::text" if isinstance(column.field, _AS_TEXT) else ""
            parts.append(f"{names[column.path]}{cast} AS {label}")
            continue
        inside = [c for c in wanted if c.names[: depth + 1] == column.names[: depth + 1]]
        absent = " AND ".join(f"{names[c.path]} IS NULL" for c in inside)
        nested = _object(inside, names, depth=depth + 1)
        parts.append(f"CASE WHEN {absent} THEN NULL ELSE (SELECT row_to_json(n) FROM ({nested}) AS n) END AS {label}")  # noqa: S608
    return "SELECT " + ", ".join(parts)
