"""The one way of lists: the queryset says which rows, the Output which names, PostgreSQL builds the JSON."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import orjson
from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from kernel.http import errors, export, filtering, keyset, sql
from kernel.http.actor import Actor, actor_of
from kernel.http.compiled import Asker, Compiled, compiled, marked, unscoped
from kernel.http.rendering import dumps
from kernel.http.serializers import Output

LIMIT = 50
LIMIT_MAX = 200
_OF_FIRST_PAGE = frozenset({"limit", "order"})
Each = Callable[[dict[str, Any]], dict[str, Any]]
Selector = Callable[[Actor], QuerySet]

watchers: list[Callable[[type[Output], QuerySet], None]] = []
"""Called with every Output and queryset that meet here; the test that compares names and types listens."""


def rows(
    source: QuerySet | Selector,
    output: type[Output],
    request: Request,
    *,
    ordering: Sequence[str] = ("-id",),
    each: Each | None = None,
) -> HttpResponseBase:
    """A page `{"results": […], "next": cursor or null}`, or with `?format=csv` the whole list streamed as CSV.

    `source` is a queryset, or the selector (a function of a module) that gives one for an actor and goes by nothing but
    the actor: its first page is compiled once for all who have the same rights (`kernel.http.compiled`).

    Parameters of the address: `limit` (1–200, default 50), `cursor`, `order` (comma-separated names of the Output,
    `-` for descending), and what `@api` declares for the method that answers (`filtering.Listing`): `search`, `from` and
    `to` (a date counts whole, in the business's zone) and filters. Any other is refused. `each` changes a finished row
    where Python is needed (masks, signed links). Raises UnknownParameter, BadParameter, BadCursor.
    """
    query, actor, listing = request.query_params, actor_of(request), listing_of(request)
    filtering.known(query, listing)
    order = tuple(_order(query.get("order", ""), output) or ordering)
    if callable(source):
        asker, values = marked(actor) if query.keys() <= _OF_FIRST_PAGE else (None, {})
        if asker is not None:
            limit = _limit(query.get("limit", ""))
            first, keys = _first_page(asker, source, output, order, limit + 1)
            if first is not None:
                if watchers:
                    _watched(output, source(actor))
                return _answer(first.rows(values), keys, limit, each)
        source = source(actor)
    queryset = filtering.apply(source, query, listing, actor)
    keys = keyset.keys(queryset, order)
    _watched(output, queryset)
    if query.get("format") == "csv":
        return export.answer(queryset, output, keys, each)
    limit = _limit(query.get("limit", ""))
    if text := query.get("cursor"):
        queryset = keyset.after(queryset, keys, text)
    return _answer(page(queryset, output, keys, limit + 1), keys, limit, each)


def listing_of(request: Request) -> filtering.Listing:
    """What `@api` declares for the method that answers this request."""
    method = getattr(request.parser_context["view"], str(request.method).lower())
    return getattr(method, "api_listing", filtering.Listing())


def page(queryset: QuerySet, output: type[Output], order: Sequence[keyset.Key], limit: int) -> list[tuple[str, ...]]:
    """Up to `limit` rows: the JSON text, then the key columns as text."""
    return sql.fetched(_ordered(queryset, order)[:limit], output, keys=[key.path for key in order])


def row(queryset: QuerySet, output: type[Output]) -> dict[str, Any]:
    """The one row of the queryset as a dict; raises NotFound (`http.not_found`) when there is none."""
    _watched(output, queryset)
    found = sql.fetched(queryset.order_by()[:1], output)
    if not found:
        raise errors.NotFound()
    return orjson.loads(found[0][0])


@lru_cache(maxsize=1024)
def _first_page(
    asker: Asker, selector: Selector, output: type[Output], order: tuple[str, ...], limit: int
) -> tuple[Compiled | None, Sequence[keyset.Key]]:
    """What `page` asks for the selector, compiled for all such askers, and the order's keys."""
    queryset = unscoped(asker, selector)
    if queryset is None:
        return None, ()
    keys = keyset.keys(queryset, order)
    return compiled(_ordered(queryset, keys)[:limit], output, keys=[key.path for key in keys]), keys


def _ordered(queryset: QuerySet, keys: Sequence[keyset.Key]) -> QuerySet:
    return queryset.order_by(*(key.expression for key in keys))


def _answer(found: list[tuple[str, ...]], keys: Sequence[keyset.Key], limit: int, each: Each | None) -> HttpResponse:
    """The page of up to `limit` of the rows found; one more than that says that there is another page."""
    shown = found[:limit]
    following = keyset.cursor(keys, shown[-1][1:]) if len(found) > limit else None
    if each is None:
        results = b"[" + ",".join([line[0] for line in shown]).encode() + b"]"
    else:
        results = dumps([each(orjson.loads(line[0])) for line in shown])
    body = b'{"results":' + results + b',"next":' + orjson.dumps(following) + b"}"
    return HttpResponse(body, content_type="application/json")


def _limit(text: str) -> int:
    if not text:
        return LIMIT
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= LIMIT_MAX):
        raise errors.BadParameter(f"limit is a number from 1 to {LIMIT_MAX}.", field="limit")
    return int(text)


def _order(text: str, output: type[Output]) -> list[str]:
    """`order=name,-created_at` as paths; only plain values of the Output can order."""
    if not text:
        return []
    paths = {column.names[0]: column.path for column in sql.columns(output) if filtering.can_order(column)}
    chosen: list[str] = []
    for entry in text.split(",")[:4]:
        name = entry.removeprefix("-")
        if name not in paths:
            raise errors.BadParameter(f"order takes {', '.join(sorted(paths))}.", field="order")
        chosen.append(("-" if entry.startswith("-") else "") + paths[name])
    return chosen


def _watched(output: type[Output], queryset: QuerySet) -> None:
    for watcher in watchers:
        watcher(output, queryset)
