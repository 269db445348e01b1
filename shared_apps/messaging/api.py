"""Messages and notices over HTTP."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.response import Response

from kernel.http.errors import NotFound
from kernel.http.schema import api
from kernel.http.views import SIGNED_IN, ApiView, Input, Output, Request, idempotent, row, rows

from . import errors, selectors, services
from .models import Channel, Kind, Message, Notification, Priority, Template
from .services.queue import address
from .services.writing import template_find, write


class MessageOutput(Output):
    id = serializers.UUIDField()
    template = serializers.CharField()
    channel = serializers.ChoiceField(choices=Channel.choices)
    language = serializers.CharField()
    to = serializers.CharField()
    kind = serializers.ChoiceField(choices=Kind.choices)
    priority = serializers.IntegerField(help_text="0 urgent, 1 high, 2 medium, 3 low")
    state = serializers.ChoiceField(choices=Message.State.choices)
    subject = serializers.CharField()
    text = serializers.CharField(help_text="Secrets are starred out.")
    units = serializers.IntegerField(help_text="SMS segments")
    attempts = serializers.IntegerField()
    vendor_reference = serializers.CharField()
    code = serializers.CharField()
    reason = serializers.CharField()
    due = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)


class TemplateOutput(Output):
    id = serializers.UUIDField()
    name = serializers.CharField()
    channel = serializers.ChoiceField(choices=Channel.choices)
    language = serializers.CharField()
    category = serializers.CharField()
    subject = serializers.CharField()
    text = serializers.CharField()
    variables = serializers.JSONField()
    header = serializers.CharField()
    dlt_template = serializers.CharField()
    state = serializers.ChoiceField(choices=Template.State.choices)


class TemplateInput(Input):
    subject = serializers.CharField(max_length=200, required=False)
    text = serializers.CharField(max_length=10_000, required=False)


class StatsInput(Input):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # `from` is a word of the language and cannot be declared as an attribute.
        self.fields["from"] = serializers.DateTimeField(required=False)
        self.fields["to"] = serializers.DateTimeField(required=False)


class StatsLine(serializers.Serializer):
    channel = serializers.CharField()
    template = serializers.CharField()
    state = serializers.CharField()
    messages = serializers.IntegerField()
    units = serializers.IntegerField()


class StatsOutput(serializers.Serializer):
    results = StatsLine(many=True)


class TestInput(Input):
    template = serializers.CharField(max_length=40)
    channel = serializers.ChoiceField(choices=Channel.choices, default=Channel.SMS.value)
    to = serializers.CharField(max_length=254)
    language = serializers.CharField(max_length=2, required=False, default="")
    values = serializers.DictField(child=serializers.CharField(max_length=200), required=False, default=dict)


class NotificationOutput(Output):
    id = serializers.UUIDField()
    title = serializers.CharField()
    text = serializers.CharField()
    level = serializers.ChoiceField(choices=Notification.Level.choices)
    link = serializers.CharField()
    created_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)


class Log(ApiView):
    hosts = "both"
    permission = {"GET": "messages.view"}

    @api(
        "Every message and what became of it",
        responses=MessageOutput(many=True),
        search=("to", "template"),
        filters={
            "state": "state",
            "channel": "channel",
            "template": "template",
            "kind": "kind",
            "priority": "priority",
        },
        dated="created_at",
    )
    def get(self, request: Request) -> Any:
        return rows(selectors.messages_visible, MessageOutput, request)


class Templates(ApiView):
    hosts = "both"
    permission = {"GET": "messages.view"}

    @api(
        "The texts messages are made of",
        responses=TemplateOutput(many=True),
        filters={"name": "name", "channel": "channel", "language": "language", "state": "state"},
    )
    def get(self, request: Request) -> Any:
        return rows(
            selectors.templates_visible,
            TemplateOutput,
            request,
            ordering=("name", "channel", "language", "id"),
        )


class OneTemplate(ApiView):
    hosts = "both"
    permission = {"GET": "messages.view", "PATCH": "messages.change"}

    @api("One text", responses=TemplateOutput, errors=[NotFound])
    def get(self, request: Request, template_id: UUID) -> Response:
        return Response(row(selectors.templates_visible(request.user).filter(id=template_id), TemplateOutput))

    @api(
        "Change an e-mail text",
        request=TemplateInput,
        responses=TemplateOutput,
        errors=[errors.TemplateMissing, errors.TemplateInvalid, errors.TemplateRegistered],
    )
    def patch(self, request: Request, template_id: UUID) -> Response:
        services.template_change(template_id=template_id, **TemplateInput.parse(request, partial=True))
        return Response(row(selectors.templates_visible(request.user).filter(id=template_id), TemplateOutput))


class Stats(ApiView):
    hosts = "both"
    permission = {"GET": "messages.view"}

    @api("Messages and SMS segments by channel, template and state", responses=StatsOutput)
    def get(self, request: Request) -> Response:
        asked = StatsInput.parse_query(request)
        return Response({"results": selectors.message_stats(since=asked.get("from"), until=asked.get("to"))})


class Test(ApiView):
    hosts = "both"
    permission = {"POST": "messages.change"}

    @api(
        "Send one message to try a text out; an SMS costs credits as any other",
        request=TestInput,
        responses={201: MessageOutput},
        errors=[errors.TemplateMissing, errors.TemplateInvalid, errors.AddressInvalid],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = TestInput.parse(request)
        to = address(given["channel"], given["to"])
        template = template_find(given["template"], given["channel"], given["language"] or "en")
        if template is None:
            raise errors.TemplateMissing(field="template")
        write(template, given["values"])
        key = request.headers["Idempotency-Key"]
        message = services.message_queue(
            **{**given, "to": to}, key=f"test:{request.user.user_id}:{key}", priority=Priority.HIGH
        )
        return Response(row(Message.objects.filter(id=message.id), MessageOutput), status=201)


class Notifications(ApiView):
    hosts = "both"
    permission = {"GET": SIGNED_IN}

    @api(
        "Your notices",
        responses=NotificationOutput(many=True),
        filters={"level": "level", "unread": "read_at__isnull"},
        dated="created_at",
    )
    def get(self, request: Request) -> Any:
        return rows(selectors.notifications_of, NotificationOutput, request)


class NotificationRead(ApiView):
    hosts = "both"
    permission = {"POST": SIGNED_IN}

    @api("Mark one notice as read", responses=NotificationOutput, errors=[errors.NotificationMissing])
    def post(self, request: Request, notification_id: UUID) -> Response:
        services.notification_read(notification_id=notification_id, user=request.user.user_id)
        return Response(row(selectors.notifications_of(request.user).filter(id=notification_id), NotificationOutput))


class ReadAll(serializers.Serializer):
    read = serializers.IntegerField()


class NotificationsRead(ApiView):
    hosts = "both"
    permission = {"POST": SIGNED_IN}

    @api("Mark all your notices as read; answers how many were not", responses=ReadAll)
    def post(self, request: Request) -> Response:
        return Response({"read": services.notifications_read(user=request.user.user_id)})
