"""Import of students as a person does it: choose a file, say what its columns are, try it, carry it out, undo it."""

from __future__ import annotations

import csv
import io
from itertools import islice
from typing import Any
from uuid import UUID

import xlsxwriter
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kernel.errors import DomainError, known_as
from kernel.http.forms import form_page, refuse, words_of
from kernel.http.pages import PageRequest, PageView
from kernel.http.readers import is_partial
from kernel.jobs.progress import tray
from shared_apps.files import services as files
from tenant_apps.people import imports, rehearsals, selectors
from tenant_apps.people.errors import ImportNotDone
from tenant_apps.people.forms import UploadForm
from tenant_apps.people.history import FIELDS as WORDS
from tenant_apps.people.models import Branch, StudentImport
from tenant_apps.people.sheet import FIELDS, records

State = StudentImport.State
LATELY = 15
REFUSED_SHOWN = 25
NAMES: dict[str, Any] = WORDS | {
    "branch": gettext_lazy("Branch code"),
    "code": gettext_lazy("Student code"),
}
SAMPLE = {
    "name": "Ananya Iyer",
    "phone": "9876543210",
    "email": "ananya@example.in",
    "branch": "",
    "grade": "11",
    "board": "CBSE",
    "guardian_name": "Lakshmi Iyer",
    "guardian_phone": "9812345678",
    "guardian_relation": "mother",
    "code": "",
    "joined_on": "2026-06-01",
    "tags": "JEE; morning",
}


def _import_get(request: PageRequest, student_import: UUID) -> StudentImport:
    """One visible import. Raises NotFound."""
    return selectors.import_get(request.actor, student_import)


class Imports(PageView):
    """Choose a file; and what was imported lately."""

    permission = {"GET": "people.import", "POST": "people.import"}

    def get(self, request: PageRequest) -> HttpResponse:
        return self._shown(request, self._form(request))

    def post(self, request: PageRequest) -> HttpResponse:
        form = self._form(request, request.POST, request.FILES)
        if not form.is_valid():
            return self._shown(request, form)
        upload, actor = form.cleaned_data["file"], request.actor
        try:
            branch = self._branch(request, form)
            row = rehearsals.import_draft(
                name=upload.name,
                body=upload.file,
                size=upload.size,
                branch=branch,
                is_branch_fixed=actor.branches is not None,
                by=actor.user_id,
            )
        except DomainError as error:
            refuse(form, error)
            return self._shown(request, form)
        return redirect("page_import", row.id)

    @staticmethod
    def _branch(request: PageRequest, form: UploadForm) -> Branch | None:
        chosen = form.chosen_branch
        if chosen is None and request.actor.branches is None:
            return None
        return selectors.branch_chosen(request.actor, chosen)

    @staticmethod
    def _form(request: PageRequest, *given: Any) -> UploadForm:
        branches = list(selectors.branches_visible(request.actor).order_by("name"))
        return UploadForm(*given, branches=branches, is_fixed=request.actor.branches is not None)

    @staticmethod
    def _shown(request: PageRequest, form: UploadForm) -> HttpResponse:
        lately = list(selectors.imports_visible(request.actor).order_by("-id")[:LATELY])
        told = {"lately": lately, "fields": [(name, NAMES[name]) for name in FIELDS]}
        return form_page(request, "people/imports.html", form, told)


class Template(PageView):
    """A file to fill in: every column with its heading, and one row to show how."""

    permission = {"GET": "people.import"}

    def get(self, request: PageRequest) -> HttpResponse:
        lines = [list(FIELDS), [SAMPLE[name] for name in FIELDS]]
        if request.GET.get("format") != "xlsx":
            text = io.StringIO()
            csv.writer(text).writerows(lines)
            return _attached(b"\xef\xbb\xbf" + text.getvalue().encode(), "students.csv", "text/csv; charset=utf-8")
        body = io.BytesIO()
        book = xlsxwriter.Workbook(body, {"in_memory": True, "strings_to_formulas": False})
        sheet, plain = book.add_worksheet("Students"), book.add_format({"num_format": "@"})
        # As text, so that no number is shortened and no day turned round.
        sheet.set_column(0, len(FIELDS) - 1, 18, plain)
        for at, line in enumerate(lines):
            for column, value in enumerate(line):
                sheet.write_string(at, column, value, plain if at else book.add_format({"bold": True}))
        book.close()
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        return _attached(body.getvalue(), "students.xlsx", kind)


def _attached(body: bytes, name: str, kind: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(body, content_type=kind, headers=headers)


class ImportPage(PageView):
    """One import as it stands: its columns and first rows, its course, what came of it."""

    permission = {"GET": "people.import"}

    def get(self, request: PageRequest, student_import: UUID) -> HttpResponse:
        return import_page(request, _import_get(request, student_import))


def import_page(request: PageRequest, row: StudentImport, *, refusal: DomainError | None = None) -> HttpResponse:
    """The page, with a refusal to show when something was tried."""
    told: dict[str, Any] = {"import": row, "refusal": words_of(refusal) if refusal else ""}
    if row.state == State.DRAFT:
        told |= _draft_told(row, columns_given(request) or row.columns)
        if is_partial(request):
            return render(request, "people/import_preview.html", told)
    else:
        told |= _course_told(row)
    answer = render(request, "people/import.html", told, status=refusal.status if refusal else 200)
    if row.state not in (State.QUEUED, State.RUNNING):
        tray.leave(request, answer, row.id)
    return answer


def columns_given(request: PageRequest) -> dict[str, str]:
    """What the page's lists say the columns are; a name nobody knows leaves the column out."""
    given = request.POST if request.method == "POST" else request.GET
    columns = {}
    for name, field in given.items():
        if name.startswith("column-") and name[7:].isdigit() and len(name) <= 10:
            columns[f"#{name[7:]}"] = str(field) if field in FIELDS else ""
    return columns


def _draft_told(row: StudentImport, columns: dict[str, str]) -> dict[str, Any]:
    preview = rehearsals.preview_of(row, columns=columns)
    taken = set(preview.fields)
    missing = [NAMES["name"]] if "name" not in taken else []
    if not {"phone", "guardian_phone"} & taken:
        missing.append(_("%(phone)s or %(guardian)s") % {"phone": NAMES["phone"], "guardian": NAMES["guardian_phone"]})
    doubled = [NAMES[field] for field in FIELDS if preview.fields.count(field) > 1]
    shown = zip(range(1, len(preview.headings) + 1), preview.headings, preview.fields, strict=True)
    rows = [
        {"row": one, "cells": [(cell, words_of(cell.problem) if cell.problem else "") for cell in one.cells]}
        | {"problem": words_of(one.problem) if one.problem else ""}
        for one in preview.rows
    ]
    return {
        "preview": preview,
        "columns": list(shown),
        "rows": rows,
        "missing": missing,
        "doubled": doubled,
        "has_no_heading": not any(preview.fields) or any(_is_value(text) for text in preview.headings),
        "fields": [(name, NAMES[name], name in {"name", "phone"}) for name in FIELDS],
    }


def _is_value(text: str) -> bool:
    """Whether a heading looks like what stands under one: a number or an address."""
    return sum(one.isdigit() for one in text) >= 7 or "@" in text


def _course_told(row: StudentImport) -> dict[str, Any]:
    code, _sep, detail = row.reason.partition(": ")
    failure = known_as(code) if row.state == State.FAILED else None
    return {
        "bad": row.refused - row.skipped,
        "is_undoable": imports.is_undoable(row) and row.created > 0,
        "undo_until": row.ended_at + imports.UNDO_WITHIN if row.ended_at else None,
        "is_troubled": row.state == State.DONE and row.refused > row.skipped,
        "refused": _refused(row),
        "failure": failure,
        "detail": detail if failure and detail != failure.title else "",
        "carried_out": StudentImport.objects.filter(rehearsal=row).first() if row.is_dry_run else None,
    }


def _refused(row: StudentImport) -> list[dict[str, Any]]:
    """The first refused rows in words, out of the file of them."""
    if row.errors_file_id is None:
        return []
    told = []
    with files.file_open(row.errors_file_id) as pieces:
        for record in islice(records(pieces), 1, REFUSED_SHOWN + 1):
            number, field, code, action = record.cells
            refusal = known_as(code)
            title = _(refusal.title) if refusal else code
            told.append({"row": number, "field": NAMES.get(field, field), "title": title, "action": _(action)})
    return told


class Check(PageView):
    """Have a draft tried: everything is looked at, nothing written."""

    permission = {"POST": "people.import"}

    def post(self, request: PageRequest, student_import: UUID) -> HttpResponse:
        row = _import_get(request, student_import)
        if row.state == State.DRAFT:
            columns = columns_given(request) or row.columns
            preview = rehearsals.preview_of(row, columns=columns)
            if preview.problem is not None:
                return import_page(request, row, refusal=preview.problem)
            rehearsals.import_rehearse(student_import=row.id, columns=rehearsals.columns_of(preview.fields))
        return _followed(request, row.id)


def _followed(request: PageRequest, work: UUID) -> HttpResponse:
    answer = redirect("page_import", work)
    tray.follow(request, answer, work)
    return answer


class CarryOut(PageView):
    """Write what a try found; pressed twice it is one import."""

    permission = {"POST": "people.import"}

    def post(self, request: PageRequest, student_import: UUID) -> HttpResponse:
        row = _import_get(request, student_import)
        try:
            written = rehearsals.import_carry_out(rehearsal=row.id, by=request.actor.user_id)
        except DomainError as error:
            return import_page(request, row, refusal=error)
        return _followed(request, written.id)


class Revise(PageView):
    """Back to the columns of a try, with the same file."""

    permission = {"POST": "people.import"}

    def post(self, request: PageRequest, student_import: UUID) -> HttpResponse:
        row = _import_get(request, student_import)
        return redirect("page_import", rehearsals.import_revise(student_import=row.id, by=request.actor.user_id).id)


class Discard(PageView):
    """Throw a draft away."""

    permission = {"POST": "people.import"}

    def post(self, request: PageRequest, student_import: UUID) -> HttpResponse:
        row = _import_get(request, student_import)
        try:
            rehearsals.import_discard(student_import=row.id)
        except DomainError as error:
            return import_page(request, row, refusal=error)
        messages.success(request, _("The file is thrown away. Nothing was imported."))
        return redirect("page_imports")


class Undo(PageView):
    """Remove the students an import brought."""

    permission = {"POST": "people.import"}

    def post(self, request: PageRequest, student_import: UUID) -> HttpResponse:
        row = _import_get(request, student_import)
        try:
            count = imports.import_undo(student_import=row.id)
        except DomainError as error:
            return import_page(request, row, refusal=error)
        said = ngettext("%(n)s student is removed again.", "%(n)s students are removed again.", count)
        messages.success(request, said % {"n": count})
        return redirect("page_import", row.id)


class ErrorsFile(PageView):
    """The file of refused rows, by an address that lasts five minutes."""

    permission = {"GET": "people.import"}

    def get(self, request: PageRequest, student_import: UUID) -> HttpResponse:
        row = _import_get(request, student_import)
        if row.errors_file_id is None:
            raise ImportNotDone
        return redirect(files.file_link(row.errors_file_id))
