"""What an address may ask of a list: filters, search, `from` and `to`; anything else is refused."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from rest_framework import serializers

from kernel.http import errors, keyset
from kernel.http.actor import NOBODY, Actor
from kernel.http.sql import Column

Filter = str | Callable[[QuerySet, str], QuerySet]
Search = Sequence[str] | Callable[[Actor], Sequence[str]]
_OWN = frozenset({"limit", "cursor", "order", "format"})
_UNORDERED = (serializers.JSONField, serializers.ListField, serializers.DictField, serializers.ListSerializer)
_WORDS = 5
SEARCH_LENGTH = 100
_VALUES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What an address may ask of one list beside a page of it: said once, obeyed by the list, told by the document.

    `search` and `dated` are paths of columns, `search` perhaps by who asks; `filters` names lookups ("branch_id",
    "state__in" with commas) or callables of queryset and text; `params` are names the view reads itself.
    """

    search: Search = ()
    filters: Mapping[str, Filter] = field(default_factory=dict)
    dated: str = ""
    params: Sequence[str] = ()

    @property
    def names(self) -> list[str]:
        """Every parameter, in the order of the document."""
        between = ["from", "to"] if self.dated else []
        return [*self.filters, *self.params, *(["search"] if self.search else []), *between]


def known(query: Mapping[str, Any], listing: Listing) -> None:
    """Refuse a parameter nobody reads: a misspelt filter would otherwise answer with everything."""
    if not query:
        return
    allowed = _OWN.union(listing.names)
    if unknown := sorted(set(query) - allowed):
        name = unknown[0][:100]
        raise errors.UnknownParameter(f"There is no parameter {name}.", field=name, allowed=sorted(allowed))
    if query.get("format", "json") not in {"json", "csv"}:
        raise errors.BadParameter("format is json or csv.", field="format")


def apply(queryset: QuerySet, query: Mapping[str, str], listing: Listing, actor: Actor = NOBODY) -> QuerySet:
    """The queryset cut to what the address asks for; raises BadParameter naming the parameter."""
    for name, rule in listing.filters.items():
        if text := query.get(name, ""):
            try:
                queryset = rule(queryset, text) if callable(rule) else _filtered(queryset, name, rule, text)
            except (ValidationError, ValueError, TypeError, OverflowError) as error:
                raise errors.BadParameter(f"{name} does not take that value.", field=name) from error
    if listing.search and (words := _words(query.get("search", ""))):
        for word in words:
            found = Q()
            for path in listing.search(actor) if callable(listing.search) else listing.search:
                found |= Q(**{f"{path}__icontains": word})
            queryset = queryset.filter(found)
    if listing.dated:
        queryset = _between(queryset, listing.dated, query)
    return queryset


def can_order(column: Column) -> bool:
    """Whether a value of the Output can be ordered by: plain and at the top."""
    return len(column.names) == 1 and not isinstance(column.field, _UNORDERED)


def _filtered(queryset: QuerySet, name: str, lookup: str, text: str) -> QuerySet:
    path, _, last = lookup.rpartition(LOOKUP_SEP)
    many = last == "in"
    column = lookup
    if path and keyset.field_at(queryset, lookup) is None:
        column = path
    field = keyset.field_at(queryset, column)
    parts = text.split(",")[:_VALUES] if many else [text]
    values = [_value(field, part, name, lookup) for part in parts]
    return queryset.filter(**{lookup: values if many else values[0]})


def _value(field: models.Field | None, text: str, name: str, lookup: str) -> Any:
    if "\x00" in text:
        raise ValueError("NUL")
    if isinstance(field, models.BooleanField) or lookup.endswith("__isnull"):
        if text not in {"true", "false"}:
            raise ValueError(text)
        return text == "true"
    if field is None:
        return text
    if field.choices and text not in {str(value) for value, _ in field.flatchoices}:
        raise ValueError(text)
    if isinstance(field, models.ForeignKey):
        field = field.target_field
    if isinstance(field, models.DateTimeField):
        return _moment(name, text, whole_days=False)[0]
    value = field.to_python(text)
    if isinstance(field, models.IntegerField):
        field.run_validators(value)
    return value


def _words(text: str) -> list[str]:
    if len(text) > SEARCH_LENGTH or "\x00" in text:
        raise errors.BadParameter(f"search takes up to {SEARCH_LENGTH} characters.", field="search")
    return text.split()[:_WORDS]


def _between(queryset: QuerySet, column: str, query: Mapping[str, str]) -> QuerySet:
    field = keyset.field_at(queryset, column)
    whole_days = isinstance(field, models.DateField) and not isinstance(field, models.DateTimeField)
    if text := query.get("from", ""):
        start, _ = _moment("from", text, whole_days=whole_days)
        queryset = queryset.filter(**{f"{column}__gte": start})
    if text := query.get("to", ""):
        end, exact = _moment("to", text, whole_days=whole_days, end=True)
        queryset = queryset.filter(**{f"{column}__{'lte' if exact else 'lt'}": end})
    return queryset


def _moment(name: str, text: str, *, whole_days: bool, end: bool = False) -> tuple[date | datetime, bool]:
    """A date or an instant of the address, and whether an end includes it. A date stands for its whole day."""
    try:
        day = parse_date(text)
        instant = None if day else parse_datetime(text.replace(" ", "+"))
        if day is not None:
            if whole_days:
                return day, True
            opens = datetime.combine(day + timedelta(days=1 if end else 0), time.min)
            return timezone.make_aware(opens, timezone.get_current_timezone()), False
        if instant is not None and instant.tzinfo is not None and not whole_days:
            return instant, True
    except (ValueError, OverflowError):
        pass
    kind = "a date (2026-04-30)" if whole_days else "a date (2026-04-30) or an instant with its offset"
    raise errors.BadParameter(f"{name} takes {kind}.", field=name)
