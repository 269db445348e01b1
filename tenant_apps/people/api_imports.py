"""Import of students over HTTP: send the file, or name one uploaded already; then watch, read what was refused, undo."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from kernel.http.errors import NotFound
from kernel.http.rendering import JsonParser
from kernel.http.request import Request
from kernel.http.schema import api
from kernel.http.views import ApiView, Input, Output, row, rows
from shared_apps.files import errors as file_errors
from shared_apps.files import selectors as files_read
from shared_apps.files import services as files
from tenant_apps.people import errors, imports, selectors
from tenant_apps.people.models import StudentImport
from tenant_apps.people.sheet import FIELDS

BYTES_MAX = 10 * 1024 * 1024


class ImportOutput(Output):
    id = serializers.UUIDField(help_text="Also the id of its progress at jobs/{id}.")
    file_name = serializers.CharField()
    is_dry_run = serializers.BooleanField()
    state = serializers.ChoiceField(choices=StudentImport.State.choices)
    reason = serializers.CharField(help_text="Why it failed as a whole: a code and words.")
    rows = serializers.IntegerField()
    created = serializers.IntegerField(help_text="In a dry run: how many would be.")
    refused = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class _Columns(serializers.DictField):
    """Heading → field; in a form it comes as JSON text."""

    child = serializers.ChoiceField(choices=FIELDS)

    def get_value(self, dictionary: Any) -> Any:
        return dictionary.get(self.field_name, serializers.empty)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str):
            try:
                data = json.loads(data)
            except ValueError:
                self.fail("not_a_dict", input_type="text")
        return super().to_internal_value(data)


class ImportOptions(Input):
    branch = serializers.UUIDField(required=False, help_text="For rows that name none.")
    dry_run = serializers.BooleanField(required=False, default=False)
    columns = _Columns(required=False, default=dict)


class ImportInput(ImportOptions):
    file = serializers.FileField()


class StoredImportInput(ImportOptions):
    file = serializers.UUIDField(help_text="A CSV file uploaded through files.")


class ErrorsOutput(serializers.Serializer):
    refused = serializers.IntegerField()
    url = serializers.CharField(allow_null=True, help_text="A CSV of row, field, code, what_to_do; for five minutes.")


def import_shown(request: Request, student_import: UUID) -> dict[str, Any]:
    return row(selectors.imports_visible(request.user).filter(id=student_import), ImportOutput)


class Imports(ApiView):
    permission = {"GET": "people.import", "POST": "people.import"}
    parser_classes = (JsonParser, MultiPartParser)

    @api("Imports of students", responses=ImportOutput(many=True), filters={"state": "state"})
    def get(self, request: Request) -> HttpResponseBase:
        return rows(selectors.imports_visible, ImportOutput, request)

    @api(
        "Import students from a CSV file of at most 10,000 rows and 10 MB; `dry_run` only says what would happen",
        request={"multipart/form-data": ImportInput, "application/json": StoredImportInput},
        responses={202: ImportOutput},
        errors=[errors.ImportTooLong, errors.BranchUnknown, errors.BranchNeeded, file_errors.FileMissing],
    )
    def post(self, request: Request) -> Response:
        is_form = bool(request.FILES)
        given = (ImportInput if is_form else StoredImportInput).parse(request)
        branch = branch_meant(request, given.get("branch"))
        source = upload_kept(request, given["file"]) if is_form else upload_known(request, given["file"])
        if source.size > BYTES_MAX:
            raise errors.ImportTooLong(field="file")
        started = imports.import_start(
            file=source.id,
            file_name=source.name,
            branch=branch,
            is_branch_fixed=request.user.branches is not None,
            columns=given["columns"],
            is_dry_run=given["dry_run"],
            started_by=request.user.user_id,
        )
        return Response(import_shown(request, started.id), status=202)


def branch_meant(request: Request, branch: UUID | None) -> Any:
    """Staff of some branches import into one of those; others may leave it to the rows."""
    if branch is None and request.user.branches is None:
        return None
    return selectors.branch_chosen(request.user, branch)


def upload_kept(request: Request, upload: Any) -> Any:
    """The sheet as a file of whoever sent it and nobody else: it names people of branches others may not see."""
    if upload.size > BYTES_MAX:
        raise errors.ImportTooLong(field="file")
    return files.put(
        name=upload.name or "students.csv",
        body=upload.file,
        content_type="text/csv",
        owner=request.user.user_id,
    )


def upload_known(request: Request, file: UUID) -> Any:
    found = files_read.files_visible(request.user).filter(id=file, state="stored").first()
    if found is None:
        raise file_errors.FileMissing(field="file")
    return found


class ImportDetail(ApiView):
    permission = {"GET": "people.import"}

    @api("One import", responses=ImportOutput, errors=[NotFound])
    def get(self, request: Request, student_import: UUID) -> Response:
        return Response(import_shown(request, student_import))


class ImportErrors(ApiView):
    permission = {"GET": "people.import"}

    @api("The file of refused rows", responses=ErrorsOutput, errors=[NotFound, errors.ImportNotDone])
    def get(self, request: Request, student_import: UUID) -> Response:
        found = selectors.import_get(request.user, student_import)
        if found.state in (StudentImport.State.QUEUED, StudentImport.State.RUNNING):
            raise errors.ImportNotDone
        url = files.file_link(found.errors_file_id) if found.errors_file_id else None
        return Response({"refused": found.refused, "url": url})


class ImportUndo(ApiView):
    permission = {"POST": "people.import"}

    @api(
        "Remove the students an import brought",
        responses=ImportOutput,
        errors=[NotFound, errors.ImportNotDone, errors.ImportNotUndoable],
    )
    def post(self, request: Request, student_import: UUID) -> Response:
        found = selectors.import_get(request.user, student_import)
        imports.import_undo(student_import=found.id)
        return Response(import_shown(request, found.id))
