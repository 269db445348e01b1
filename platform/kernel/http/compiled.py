"""Queries asked again and again: put into SQL once a process, planned by PostgreSQL once a connection.

Django takes longer to build and compile such a query than PostgreSQL to answer it, and PostgreSQL longer to plan it
(measured: 0.31 of 0.35 ms for the one every signed-in request begins with). So a query is compiled with marks where the
values of a request belong, and each request only puts its values in their places. The text names no schema: the scope's
search path does, and PostgreSQL plans a prepared statement anew when the path is another than it was planned for.
"""

from collections.abc import Callable, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, router
from django.db.models import Model, QuerySet
from django.utils import timezone, translation

from kernel import clock
from kernel.http import sql
from kernel.http.actor import Actor
from kernel.http.serializers import Output
from kernel.tenancy.errors import ScopeMissing

# What stands for values until a request brings them; no row has such an id, and nothing happened at that moment.
IDS = tuple(UUID(int=number) for number in range(1, 17))
ASKED = tuple(UUID(int=number) for number in range(101, 105))
MOMENT = datetime(1, 1, 1, tzinfo=UTC)
_MARKS: frozenset[Any] = frozenset({*IDS, *ASKED, MOMENT})
# What a text may be compiled with for good. Anything else, a list or a moment of today, may be a request's own.
_CONSTANT = (str, int, float, UUID, type(None))


@dataclass(frozen=True, slots=True)
class Asker:
    """Whoever asks with the same rights over as many branches and students, in one zone and one language.

    Days and texts among the parameters go by the latter.
    """

    actor: Actor
    zone: str
    language: str | None


@dataclass(frozen=True, slots=True)
class Compiled:
    """One query of a model: its text, its parameters, and where among them which mark stands."""

    model: type[Model]
    text: str
    parameters: tuple[Any, ...]
    places: tuple[tuple[int, Any], ...]

    def rows(self, values: Mapping[Any, Any]) -> list[tuple[str, ...]]:
        """Every row, with `values` in the places of their marks: the JSON text, then the key columns as text."""
        parameters = list(self.parameters)
        for place, mark in self.places:
            parameters[place] = values[mark]
        return fetched(self.text, parameters, using=router.db_for_read(self.model))


def fetched(text: str, parameters: Any, *, using: str = DEFAULT_DB_ALIAS) -> list[tuple[str, ...]]:
    """Every row of a statement that is asked again and again.

    For statements of which there are few and that give text alone: PostgreSQL refuses a prepared one whose columns have
    changed their type, as a migration may do under a process that serves.
    """
    connection: Any = connections[using]
    rows: list[tuple[str, ...]] = connection.rows_of(text, parameters)
    return rows


def asked(actor: Actor, select: Callable[..., QuerySet], output: type[Output], *ids: UUID) -> list[tuple[str, ...]]:
    """The JSON texts of `select(actor, *ids)`, a function of a module that goes by nothing but these."""
    asker, values = marked(actor)
    known = _asked(asker, select, output, len(ids)) if asker else None
    if known is None:
        return sql.fetched(select(actor, *ids), output)
    return known.rows({**values, **dict(zip(ASKED, ids, strict=False))})


@lru_cache(maxsize=1024)
def _asked(asker: Asker, select: Callable[..., QuerySet], output: type[Output], count: int) -> Compiled | None:
    queryset = unscoped(asker, select, *ASKED[:count])
    return None if queryset is None else compiled(queryset, output)


def unscoped(asker: Asker, select: Callable[..., QuerySet], *ids: UUID) -> QuerySet | None:
    """What `select(actor, *ids)` gives outside any scope; None when it asks whose request this is, or asks the database."""

    def selected() -> QuerySet:
        with clock.in_zone(asker.zone) as zone, timezone.override(zone), translation.override(asker.language):
            return select(asker.actor, *ids)

    try:
        return Context().run(selected)
    except ScopeMissing:
        return None


def compiled(queryset: QuerySet, output: type[Output], *, keys: Sequence[str] = ()) -> Compiled | None:
    """The queryset compiled for good; None when more than marks and constants went into it."""
    text, parameters = sql.statement(queryset, output, keys=keys)
    if not all(isinstance(one, _CONSTANT) or _is_mark(one) for one in parameters):
        return None
    places = tuple((place, one) for place, one in enumerate(parameters) if _is_mark(one))
    return Compiled(queryset.model, text, tuple(parameters), places)


def _is_mark(value: Any) -> bool:
    return isinstance(value, UUID | datetime) and value in _MARKS


def marked(actor: Actor) -> tuple[Asker | None, Mapping[UUID, UUID]]:
    """The actor with marks for all ids, here, and what they stand for; None for one with too many, or for support."""
    return _marked(actor, clock.zone().key, translation.get_language())


@lru_cache(maxsize=4096)
def _marked(actor: Actor, zone: str, language: str | None) -> tuple[Asker | None, Mapping[UUID, UUID]]:
    own = (actor.user_id, actor.sign_in, *sorted(actor.branches or ()), *sorted(actor.students), actor.student)
    ids = dict.fromkeys(one for one in own if one is not None)
    if actor.support is not None or len(ids) > len(IDS):
        return None, {}
    mark = dict(zip(ids, IDS, strict=False))
    shown = replace(
        actor,
        user_id=actor.user_id and mark[actor.user_id],
        sign_in=actor.sign_in and mark[actor.sign_in],
        branches=None if actor.branches is None else frozenset(mark[one] for one in actor.branches),
        students=frozenset(mark[one] for one in actor.students),
        student=actor.student and mark[actor.student],
    )
    return Asker(shown, zone, language), MappingProxyType({one: real for real, one in mark.items()})
