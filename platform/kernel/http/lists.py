"""The one way of lists: the queryset says which rows, the Output which names, PostgreSQL builds the JSON."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson
from django.db import connections
from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from kernel.http import errors, export, filtering, keyset, sql
from kernel.http.actor import actor_of
from kernel.http.rendering import dumps
from kernel.http.serializers import Output

LIMIT = 50
LIMIT_MAX = 200
Each = Callable[[dict[str, Any]], dict[str, Any]]

watchers: list[Callable[[type[Output], QuerySet], None]] = []
"""Called with every Output and queryset that meet here; the test that compares names and types listens."""


def rows(
    queryset: QuerySet,
    output: type[Output],
    request: Request,
    *,
    ordering: Sequence[str] = ("-id",),
    each: Each | None = None,
) -> HttpResponseBase:
    """A page `{"results": […], "next": cursor or null}`, or with `?format=csv` the whole list streamed as CSV.

    Parameters of the address: `limit` (1–200, default 50), `cursor`, `order` (comma-separated names of the Output,
    `-` for descending), and what `@api` declares for the method that answers (`filtering.Listing`): `search`, `from` and
    `to` (a date counts whole, in the business's zone) and filters. Any other is refused. `each` changes a finished row
    where Python is needed (masks, signed links). Raises UnknownParameter, BadParameter, BadCursor.
    """
    query = request.query_params
    listing = listing_of(request)
    filtering.known(query, listing)
    queryset = filtering.apply(queryset, query, listing, actor_of(request))
    order = keyset.keys(queryset, _order(query.get("order", ""), output) or ordering)
    _watched(output, queryset)
    if query.get("format") == "csv":
        return export.answer(queryset, output, order, each)
    limit = _limit(query.get("limit", ""))
    if text := query.get("cursor"):
        queryset = keyset.after(queryset, order, text)
    found = page(queryset, output, order, limit + 1)
    shown = found[:limit]
    following = keyset.cursor(order, shown[-1][1:]) if len(found) > limit else None
    return _answer((line[0] for line in shown), following, each)


def listing_of(request: Request) -> filtering.Listing:
    """What `@api` declares for the method that answers this request."""
    method = getattr(request.parser_context["view"], str(request.method).lower())
    return getattr(method, "api_listing", filtering.Listing())


def page(queryset: QuerySet, output: type[Output], order: Sequence[keyset.Key], limit: int) -> list[tuple[str, ...]]:
    """Up to `limit` rows: the JSON text, then the key columns as text."""
    ordered = queryset.order_by(*(key.expression for key in order))[:limit]
    statement, parameters = sql.statement(ordered, output, keys=[key.path for key in order])
    with connections[queryset.db].cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def row(queryset: QuerySet, output: type[Output]) -> dict[str, Any]:
    """The one row of the queryset as a dict; raises NotFound (`http.not_found`) when there is none."""
    _watched(output, queryset)
    statement, parameters = sql.statement(queryset.order_by()[:1], output)
    with connections[queryset.db].cursor() as cursor:
        cursor.execute(statement, parameters)
        found = cursor.fetchone()
    if found is None:
        raise errors.NotFound()
    return orjson.loads(found[0])


def _answer(texts: Iterable[str], following: str | None, each: Each | None) -> HttpResponse:
    if each is None:
        results = b"[" + ",".join(texts).encode() + b"]"
    else:
        results = dumps([each(orjson.loads(text)) for text in texts])
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
