"""Long lists on pages: a slice from the newest on, and the whole of one as a file."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from kernel import audit
from kernel.http import export, keyset
from kernel.http.serializers import Output

A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Slice:
    """Some rows, newest first; `next` is the id after which older ones follow, empty at the end."""

    rows: list[Any]
    next: str
    is_first: bool


def newest(queryset: QuerySet, before: str, *, size: int = A_PAGE) -> Slice:
    """A slice of rows whose ids grow with time; an id that is none counts as the beginning."""
    try:
        start = UUID(before) if before else None
    except ValueError:
        start = None
    found = list((queryset.filter(id__lt=start) if start else queryset).order_by("-id")[: size + 1])
    return Slice(found[:size], str(found[size - 1].id) if len(found) > size else "", start is None)


def exported(
    queryset: QuerySet,
    output: type[Output],
    *,
    action: str,
    asked: dict[str, str],
    each: Callable[..., Any] | None = None,
) -> StreamingHttpResponse:
    """The whole list as CSV; that it was taken, and by what it was cut, is noted first."""
    cut = {name: [None, value] for name, value in asked.items() if value}
    audit.record(action=action, subject_type="list", subject_id=queryset.model._meta.label_lower, changes=cut)
    return export.answer(queryset, output, keyset.keys(queryset, ("-id",)), each)
