"""Ordering and cursors: a page continues after the last row's values, so it neither skips nor repeats under writes."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.db.models import F, Q, QuerySet

from kernel.http import errors


@dataclass(frozen=True, slots=True)
class Key:
    """One column of the order."""

    path: str
    down: bool
    nullable: bool

    @property
    def expression(self) -> Any:
        column = F(self.path)
        if not self.nullable:
            return column.desc() if self.down else column.asc()
        return column.desc(nulls_last=True) if self.down else column.asc(nulls_last=True)


def field_at(queryset: QuerySet, path: str) -> models.Field | None:
    """The model field a path such as `branch__name` ends at, or the output field of an annotation."""
    if (annotation := queryset.query.annotations.get(path)) is not None:
        return annotation.output_field
    model: Any = queryset.model
    field: Any = None
    for part in path.split("__"):
        if part == "pk":
            field = model._meta.pk
            continue
        try:
            field = model._meta.get_field(part)
        except FieldDoesNotExist:
            # `branch_id` names the column of the foreign key `branch`.
            named = [f for f in model._meta.concrete_fields if f.attname == part]
            if not named:
                return None
            field = named[0]
        model = field.related_model or model
    return field


def keys(queryset: QuerySet, ordering: Sequence[str]) -> list[Key]:
    """The order's columns, ending in the primary key so that it is total."""
    found: list[Key] = []
    for entry in ordering:
        path = entry.removeprefix("-")
        found.append(Key(path, entry.startswith("-"), is_nullable(queryset, path)))
    if not any(key.path in {"pk", "id", queryset.model._meta.pk.name} for key in found):
        found.append(Key("pk", bool(found) and found[0].down, nullable=False))
    return found


def is_nullable(queryset: QuerySet, path: str) -> bool:
    """Whether the column at a path can be NULL; unknown counts as yes."""
    if path in queryset.query.annotations:
        return True
    model: Any = queryset.model
    for part in path.split("__"):
        if part == "pk":
            return False
        field = next((f for f in model._meta.get_fields() if part in {f.name, getattr(f, "attname", "")}), None)
        if field is None or getattr(field, "null", True):
            return True
        model = getattr(field, "related_model", None) or model
    return False


def cursor(order: Sequence[Key], values: Sequence[str | None]) -> str:
    """An opaque text naming the row the next page starts after."""
    return base64.urlsafe_b64encode(orjson.dumps([_name(order), *values])).rstrip(b"=").decode()


def after(queryset: QuerySet, order: Sequence[Key], text: str) -> QuerySet:
    """The rows behind the cursor. Raises BadCursor for a cursor of another order or of nobody's making."""
    try:
        name, *values = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, orjson.JSONDecodeError, TypeError, ValueError) as error:
        raise errors.BadCursor() from error
    known = all(value is None or isinstance(value, str) for value in values)
    if name != _name(order) or len(values) != len(order) or not known:
        raise errors.BadCursor()
    try:
        typed = [_typed(queryset, key, value) for key, value in zip(order, values, strict=True)]
        return queryset.filter(_behind(list(zip(order, typed, strict=True))))
    except (ValidationError, ValueError, TypeError, OverflowError) as error:
        raise errors.BadCursor() from error


def _typed(queryset: QuerySet, key: Key, value: str | None) -> Any:
    if value is None:
        if not key.nullable:
            raise errors.BadCursor()
        return None
    field = field_at(queryset, key.path)
    if isinstance(field, models.BooleanField):
        return value == "true"
    return field.to_python(value) if field is not None else value


def _behind(rest: list[tuple[Key, Any]]) -> Q:
    """After the first key's value, or at it and behind the remaining keys."""
    (key, value), *others = rest
    past = _past(key, value)
    if not others:
        return past if past is not None else Q(pk__in=[])
    at = Q(**{f"{key.path}__isnull": True}) if value is None else Q(**{key.path: value})
    tied = at & _behind(others)
    if past is None:
        return tied
    if key.nullable:
        return past | tied
    # The first bound alone lets the index start in the right place; the rest only settles ties.
    return Q(**{f"{key.path}__{'lte' if key.down else 'gte'}": value}) & (past | tied)


def _past(key: Key, value: Any) -> Q | None:
    if value is None:
        return None  # absent values come last: nothing lies behind them
    beyond = Q(**{f"{key.path}__{'lt' if key.down else 'gt'}": value})
    return beyond | Q(**{f"{key.path}__isnull": True}) if key.nullable else beyond


def _name(order: Sequence[Key]) -> str:
    return ",".join(("-" if key.down else "") + key.path for key in order)
