"""Owns the list of students as a file: streamed as CSV, or made as a workbook by a job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from tempfile import NamedTemporaryFile
from typing import Any, BinaryIO, cast
from uuid import UUID

import orjson
import xlsxwriter
from django.db import transaction
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from rest_framework import serializers

from kernel import audit, clock, jobs
from kernel.http import export, keyset
from kernel.http.actor import Actor
from kernel.http.lists import page
from kernel.http.serializers import Output
from kernel.ids import uuid7
from kernel.jobs.progress.services import progress_finish, progress_start, progress_update
from kernel.tenancy.replica import reading
from shared_apps.files import services as files
from tenant_apps.people.models import Student
from tenant_apps.people.search import SORTS, Search, students_searched

CHUNK = 1000
CHOSEN_MOST = 200
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Line(Output):
    """A student as a row; named like the columns of an import, so that what went out can come in again."""

    code = serializers.CharField()
    name = serializers.CharField()
    phone = serializers.CharField(source="shown_phone")
    email = serializers.CharField()
    branch = serializers.CharField(source="branch.code")
    state = serializers.CharField()
    grade = serializers.CharField()
    board = serializers.CharField()
    guardian_name = serializers.CharField()
    guardian_phone = serializers.CharField(source="shown_guardian_phone")
    guardian_relation = serializers.CharField()
    joined_on = serializers.DateField()
    tags = serializers.ListField(child=serializers.CharField())


COLUMNS = tuple(Line().fields)


def students_exported(actor: Actor, search: Search, chosen: Sequence[UUID]) -> QuerySet[Student]:
    """What goes into a file: those chosen, else all that fit the search; numbers masked as in every list."""
    found = students_searched(actor, search)
    return found.filter(id__in=list(chosen)[:CHOSEN_MOST]) if chosen else found


def csv_streamed(actor: Actor, search: Search, chosen: Sequence[UUID]) -> StreamingHttpResponse:
    """The list as CSV while it is read. Audited."""
    _noted(actor, search, chosen, "csv")
    found = students_exported(actor, search, chosen)
    return export.answer(found, Line, keyset.keys(found, [SORTS[search.sort]]), _joined)


def export_start(*, actor: Actor, search: Search, chosen: Sequence[UUID]) -> UUID:
    """Have a workbook made by a job, whose id is that of its progress. Audited."""
    work = uuid7()
    with transaction.atomic():
        _noted(actor, search, chosen, "xlsx")
        progress_start(kind="people.export", id=work)
        jobs.put(
            "people.export_run",
            work=str(work),
            query=search.query,
            chosen=[str(one) for one in list(chosen)[:CHOSEN_MOST]],
            user=str(actor.user_id),
            branches=None if actor.branches is None else [str(one) for one in sorted(actor.branches)],
            numbers=actor.can("people.phones"),
            dedupe=f"people.export_run:{work}",
        )
    return work


def export_run(*, work: UUID, actor: Actor, search: Search, chosen: Sequence[UUID]) -> int:
    """Write the workbook and keep it as a file of who asked; gives its rows. Repeated, it is written anew."""
    found = students_exported(actor, search, chosen)
    total = found.count()
    progress_update(work, done=0, total=total)
    # Between transactions: the bytes go over the network.
    with NamedTemporaryFile(suffix=".xlsx") as body:
        written = _workbook(body.name, found, work)
        body.seek(0)
        kept = files.put(
            name=f"students-{clock.today():%Y-%m-%d}.xlsx",
            body=cast(BinaryIO, body),
            content_type=XLSX,
            owner=actor.user_id,
        )
    progress_finish(work, result={"file": str(kept.id), "rows": written})
    return written


def _workbook(path: str, found: QuerySet[Student], work: UUID) -> int:
    # Rows go to the disk as they are written; texts stay texts, whatever they begin with.
    book = xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet("Students")
    head = book.add_format({"bold": True, "bottom": 1})
    sheet.set_column(0, len(COLUMNS) - 1, 18)
    sheet.freeze_panes(1, 0)
    for at, name in enumerate(COLUMNS):
        sheet.write_string(0, at, name, head)
    number = 0
    for number, record in enumerate(_records(found), 1):
        for at, name in enumerate(COLUMNS):
            sheet.write_string(number, at, str(record[name]))
        if number % CHUNK == 0:
            progress_update(work, done=number)
    book.close()
    return number


def _records(found: QuerySet[Student]) -> Iterator[dict[str, Any]]:
    order = keyset.keys(found, ["-id"])
    rest = found.order_by()
    while True:
        with reading():
            lines = page(rest, Line, order, CHUNK)
        yield from (_joined(orjson.loads(line[0])) for line in lines)
        if len(lines) < CHUNK:
            return
        rest = keyset.after(found.order_by(), order, keyset.cursor(order, lines[-1][1:]))


def _joined(record: dict[str, Any]) -> dict[str, Any]:
    return record | {"tags": "; ".join(record["tags"])}


def _noted(actor: Actor, search: Search, chosen: Sequence[UUID], kind: str) -> None:
    audit.record(
        action="people.export",
        subject_type="students",
        subject_id="chosen" if chosen else search.query[:100] or "all",
        changes={"format": ["", kind], "chosen": ["", len(chosen)], "numbers": ["", actor.can("people.phones")]},
        actor=actor,
    )
