"""The log of callbacks of one business."""

from dataclasses import asdict
from uuid import UUID

from rest_framework import serializers
from rest_framework.response import Response

from kernel import audit
from kernel.http.errors import BadCursor
from kernel.http.request import Request
from kernel.http.schema import api
from kernel.http.views import ApiView, Input, Output
from kernel.inbox import services
from kernel.inbox.errors import CallbackUnknown, NotReplayable

STATES = ["received", "processed", "ignored", "failed", "refused"]


class CallbackOutput(Output):
    id = serializers.UUIDField()
    source = serializers.CharField()  # type: ignore[assignment]
    event = serializers.CharField(allow_blank=True)
    delivery_id = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)
    reason = serializers.CharField(allow_blank=True)
    size = serializers.IntegerField()
    received_at = serializers.DateTimeField()
    processed_at = serializers.DateTimeField(allow_null=True)


class CallbacksOutput(Output):
    results = CallbackOutput(many=True)
    next = serializers.CharField(allow_null=True)


class CallbackDetailOutput(Output):
    id = serializers.UUIDField()
    source = serializers.CharField()  # type: ignore[assignment]
    event = serializers.CharField(allow_blank=True)
    delivery_id = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)
    headers = serializers.DictField(child=serializers.CharField())
    payload = serializers.CharField()


class ReplayOutput(Output):
    job = serializers.UUIDField()


class CallbacksInput(Input):
    source = serializers.CharField(required=False, max_length=50)  # type: ignore[assignment]
    state = serializers.ChoiceField(required=False, choices=STATES)
    event = serializers.CharField(required=False, max_length=100)
    search = serializers.CharField(required=False, min_length=3, max_length=100)
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)
    cursor = serializers.CharField(required=False, max_length=50)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=200, default=50)


class CallbacksView(ApiView):
    permission = {"GET": "webhooks.view"}
    hosts = "both"

    @api(
        "Callbacks received from vendors",
        responses=CallbacksOutput,
        parameters=[CallbacksInput],
        errors=[BadCursor],
        operation_id="inbox_list",
    )
    def get(self, request: Request) -> Response:
        asked = CallbacksInput.parse_query(request)
        limit = asked.pop("limit")
        found = services.page(limit=limit + 1, before=_cursor(asked.pop("cursor", None)), filters=asked)
        following = found[limit - 1]["id"] if len(found) > limit else None
        return Response({"results": found[:limit], "next": following})


class CallbackView(ApiView):
    permission = {"GET": "webhooks.view"}
    hosts = "both"

    @api("One callback as it came", responses=CallbackDetailOutput, errors=[CallbackUnknown], operation_id="inbox_show")
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002
        callback = services.read(id)
        shown = asdict(callback)
        return Response({**shown, "payload": shown.pop("body").decode(errors="replace")})


class ReplayView(ApiView):
    permission = {"POST": "webhooks.replay"}
    hosts = "both"

    @api(
        "Work on a callback again",
        responses={202: ReplayOutput},
        errors=[CallbackUnknown, NotReplayable],
        operation_id="inbox_replay",
    )
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002
        job = services.replay(id)
        audit.record(action="webhooks.replay", subject_type="callback", subject_id=id)
        return Response({"job": job}, status=202)


def _cursor(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise BadCursor() from None
