"""The audit as a list."""

from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.request import Request

from kernel.audit.models import Entry
from kernel.http.lists import rows
from kernel.http.schema import api
from kernel.http.serializers import Output
from kernel.http.views import ApiView


class EntryOutput(Output):
    id = serializers.UUIDField()
    at = serializers.DateTimeField()
    actor_kind = serializers.CharField()
    actor_id = serializers.UUIDField(allow_null=True)
    action = serializers.CharField()
    subject_type = serializers.CharField()
    subject_id = serializers.CharField()
    changes = serializers.JSONField()
    request_id = serializers.CharField()
    address = serializers.CharField()


class AuditLogs(ApiView):
    permission = {"GET": "audit.view"}
    hosts = "both"

    @api(
        "List who did what",
        responses=EntryOutput(many=True),
        filters={
            "action": "action",
            "subject_type": "subject_type",
            "subject_id": "subject_id",
            "actor_id": "actor_id",
            "request_id": "request_id",
        },
        dated="at",
    )
    def get(self, request: Request) -> HttpResponseBase:
        return rows(Entry.objects.all(), EntryOutput, request)
