"""Files over HTTP: announce uploads, say when they are there, read by a signed link."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.response import Response

from kernel.http.schema import api
from kernel.http.views import SIGNED_IN, ApiView, Input, Output, Request, row, rows

from . import errors, selectors, services
from .models import File

AT_ONCE = 20


class FileOutput(Output):
    id = serializers.UUIDField()
    name = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField()
    state = serializers.ChoiceField(choices=File.State.choices)
    created_at = serializers.DateTimeField()


class Announced(Input):
    name = serializers.CharField(max_length=200)
    content_type = serializers.CharField(max_length=120)
    size = serializers.IntegerField(min_value=1, max_value=services.UPLOAD_BYTES)


class PresignInput(Input):
    files = serializers.ListField(child=Announced(), allow_empty=False, max_length=AT_ONCE)


class Upload(serializers.Serializer):
    id = serializers.UUIDField()
    url = serializers.CharField(help_text="PUT the bytes here within 15 minutes, with `content_type` as Content-Type.")
    content_type = serializers.CharField()


class PresignOutput(serializers.Serializer):
    files = Upload(many=True)


class ReadOutput(FileOutput):
    url = serializers.CharField(allow_null=True, help_text="Null until the bytes are there.")


class Files(ApiView):
    hosts = "both"
    permission = {"GET": SIGNED_IN}

    @api(
        "The files you may read",
        responses=FileOutput(many=True),
        search=("name",),
        filters={"state": "state"},
        dated="created_at",
    )
    def get(self, request: Request) -> Any:
        return rows(selectors.files_visible, FileOutput, request)


class Presign(ApiView):
    hosts = "both"
    permission = {"POST": SIGNED_IN}

    @api(
        "Announce one or many uploads; each gets an address to send its bytes to",
        request=PresignInput,
        responses={201: PresignOutput},
        errors=[errors.FileNotAllowed],
    )
    def post(self, request: Request) -> Response:
        given = PresignInput.parse(request)["files"]
        files = [services.upload_announce(**entry, owner=request.user.user_id) for entry in given]
        shown = [
            {"id": file.id, "url": services.upload_link(file=file), "content_type": file.content_type} for file in files
        ]
        return Response({"files": shown}, status=201)


class Complete(ApiView):
    hosts = "both"
    permission = {"POST": SIGNED_IN}

    @api(
        "Say that an announced upload is there",
        responses=FileOutput,
        errors=[errors.FileMissing, errors.FileDiffers, errors.StorageAway],
    )
    def post(self, request: Request, file_id: UUID) -> Response:
        file = File.objects.filter(id=file_id, owner=request.user.user_id).first()
        if file is None:
            raise errors.FileMissing
        services.upload_complete(file=file)
        return Response(row(File.objects.filter(id=file_id), FileOutput))


class OneFile(ApiView):
    hosts = "both"
    permission = {"GET": SIGNED_IN}

    @api("One file; `url` reads it for five minutes", responses=ReadOutput, errors=[errors.FileMissing])
    def get(self, request: Request, file_id: UUID) -> Response:
        file = selectors.files_visible(request.user).filter(id=file_id).first()
        if file is None:
            raise errors.FileMissing
        shown = row(File.objects.filter(id=file_id), FileOutput)
        stored = file.state == File.State.STORED
        return Response({**shown, "url": services.link_of(file=file) if stored else None})
