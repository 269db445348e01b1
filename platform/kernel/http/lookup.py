"""One row by what is known of it, or the refusal that there is none."""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from kernel.errors import NotFound

M = TypeVar("M", bound=Model)


def found(rows: QuerySet[M], *, field: str | None = None, **which: Any) -> M:
    """The first of `rows` with these values: found(halls_visible(actor), id=hall).

    Raises NotFound when there is none, naming the caller's `field` if the value came in one.
    """
    row = rows.filter(**which).first()
    if row is None:
        raise NotFound(field=field)
    return row
