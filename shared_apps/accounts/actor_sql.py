"""The query every signed-in request begins with, put into SQL once a process instead of once a request.

Django takes several times as long to build and compile it as PostgreSQL to answer it (measured). The text is the ORM's
own; between requests only the values below change, and the schema is the scope's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

# What stands in the text for the values of a request until it is asked.
SIGN_IN, REFRESH = UUID(int=1), UUID(int=2)
NOW = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Compiled:
    """One queryset of `values()`: its text, its parameters, its columns and what makes Python of them."""

    text: str
    parameters: tuple[Any, ...]
    names: tuple[str, ...]
    converters: dict[int, Any]

    def first(self, values: dict[Any, Any]) -> dict[str, Any] | None:
        """The first row with these in the place of what stands for them, or None."""
        with connection.cursor() as cursor:
            cursor.execute(self.text, [values.get(each, each) for each in self.parameters])
            found = cursor.fetchone()
        if found is None:
            return None
        row = dict(zip(self.names, found, strict=True))
        for place, (converters, expression) in self.converters.items():
            for convert in converters:
                row[self.names[place]] = convert(row[self.names[place]], expression, connection)
        return row


@cache
def compiled(build: Callable[..., QuerySet], **shape: bool) -> Compiled:
    """What `build(**shape)` gives, compiled; `shape` is all its text depends on."""
    query = build(**shape).values()[:1].query
    compiler = query.get_compiler(connection=connection)
    text, parameters = compiler.as_sql()
    expressions = [column[0] for column in compiler.select]
    names = (*query.values_select, *query.annotation_select)
    return Compiled(text, tuple(parameters), names, compiler.get_converters(expressions))
