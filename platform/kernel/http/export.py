"""Any list as CSV: streamed in chunks, each in the business's scope, safe to open in a spreadsheet."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson
from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from kernel.http import keyset, sql
from kernel.http.serializers import Output
from kernel.tenancy import business_scope, current
from kernel.tenancy.replica import reading

CHUNK = 1000
# A cell starting so is run as a formula by spreadsheets (OWASP, "CSV injection"); full-width forms count too.
_FORMULA = re.compile(r"^\s*[=+\-@\t\r\n|%＝＋－＠]")
_NUMBER = re.compile(r"[+-]?[0-9][0-9 .]*")


def answer(
    queryset: QuerySet,
    output: type[Output],
    order: Sequence[keyset.Key],
    each: Callable[[dict[str, Any]], dict[str, Any]] | None,
) -> StreamingHttpResponse:
    """The whole list as an attachment; the first line holds the Output's names, nested ones dotted."""
    name = queryset.model._meta.model_name
    return StreamingHttpResponse(
        _lines(queryset, output, order, each),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"},
    )


def _lines(
    queryset: QuerySet,
    output: type[Output],
    order: Sequence[keyset.Key],
    each: Callable[[dict[str, Any]], dict[str, Any]] | None,
) -> Iterator[bytes]:
    from kernel.http.lists import page

    # The body is streamed after the request's scope has ended, so each chunk enters it again.
    business = current()
    paths = [column.names for column in sql.columns(output)]

    def body() -> Iterator[bytes]:
        yield _csv([[".".join(names) for names in paths]])
        rest = queryset
        while True:
            with business_scope(business), reading():
                found = page(rest, output, order, CHUNK)
            records = (orjson.loads(line[0]) for line in found)
            yield _csv([_record(each(record) if each else record, paths) for record in records])
            if len(found) < CHUNK:
                return
            rest = keyset.after(queryset, order, keyset.cursor(order, found[-1][1:]))

    return body()


def _record(record: dict[str, Any], paths: Sequence[tuple[str, ...]]) -> list[str]:
    cells: list[str] = []
    for names in paths:
        value: Any = record
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        cells.append(cell(value))
    return cells


def cell(value: Any) -> str:
    """One value as a cell's text, a text that would run as a formula disarmed by an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        return "'" + text
    return text


def _csv(lines: Sequence[Sequence[str]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(lines)
    return buffer.getvalue().encode()
