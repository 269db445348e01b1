"""The API of the timetable and of live classes."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework import serializers

from kernel.http import etag
from kernel.http.errors import NotFound
from kernel.http.lookup import found
from kernel.http.request import Request
from kernel.http.schema import api
from kernel.http.views import ApiView, Input, Output, row, rows
from kernel.quotas import FeatureClosed
from tenant_apps.classes import errors, selectors, services
from tenant_apps.people import selectors as people
from tenant_apps.people.errors import BranchUnknown


class SlotOut(Output):
    id = serializers.UUIDField()
    subject = serializers.CharField()
    grade = serializers.CharField()
    board = serializers.CharField()
    teacher = serializers.UUIDField(source="teacher_id")
    teacher_name = serializers.CharField(source="teacher.name")
    branch = serializers.UUIDField(source="branch_id", allow_null=True)
    room = serializers.CharField()
    weekday = serializers.IntegerField()
    starts = serializers.TimeField()
    ends = serializers.TimeField()


class SlotIn(Input):
    subject = serializers.CharField(max_length=60)
    grade = serializers.CharField(max_length=20)
    board = serializers.CharField(max_length=20)
    teacher = serializers.UUIDField()
    branch = serializers.UUIDField(required=False, allow_null=True)
    room = serializers.CharField(max_length=40, required=False, allow_blank=True)
    weekday = serializers.IntegerField(min_value=0, max_value=6)
    starts = serializers.TimeField()
    ends = serializers.TimeField()


class ClassOut(Output):
    id = serializers.UUIDField()
    slot = serializers.UUIDField(source="slot_id", allow_null=True)
    title = serializers.CharField()
    subject = serializers.CharField()
    grade = serializers.CharField()
    board = serializers.CharField()
    teacher = serializers.UUIDField(source="teacher_id")
    teacher_name = serializers.CharField(source="teacher.name")
    state = serializers.CharField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    chat_seq = serializers.IntegerField()


class StartIn(Input):
    slot = serializers.UUIDField()


class EntryOut(serializers.Serializer):
    """What a browser needs to enter the room; the token is for this person and room alone."""

    provider = serializers.CharField()
    domain = serializers.CharField()
    room = serializers.CharField()
    url = serializers.CharField()
    token = serializers.CharField()
    expires_at = serializers.DateTimeField()
    app_id = serializers.CharField(allow_blank=True)
    account = serializers.CharField(allow_blank=True)
    topic = serializers.CharField()


class PresenceOut(Output):
    id = serializers.UUIDField()
    user = serializers.UUIDField(source="user_id")
    student = serializers.UUIDField(source="student_id", allow_null=True)
    name = serializers.CharField()
    part = serializers.CharField()
    joined_at = serializers.DateTimeField()
    left_at = serializers.DateTimeField(allow_null=True)


class ChatOut(Output):
    id = serializers.UUIDField()
    seq = serializers.IntegerField()
    user = serializers.UUIDField(source="user_id")
    name = serializers.CharField()
    text = serializers.CharField()
    sent_at = serializers.DateTimeField()


class TimetableView(ApiView):
    permission = {"GET": "classes.view", "POST": "classes.schedule"}

    @api(
        "List the week's hours",
        responses=SlotOut(many=True),
        filters={
            "teacher": "teacher_id",
            "grade": "grade",
            "board": "board",
            "weekday": "weekday",
            "branch": "branch_id",
        },
    )
    def get(self, request: Request) -> HttpResponseBase:
        return rows(selectors.slots_visible, SlotOut, request, ordering=("weekday", "starts", "id"))

    @api(
        "Add an hour to the timetable",
        request=SlotIn,
        responses={201: SlotOut},
        errors=[
            errors.TeacherBusy,
            errors.RoomBusy,
            errors.CohortBusy,
            errors.TeacherUnknown,
            errors.HoursInvalid,
            BranchUnknown,
        ],
    )
    def post(self, request: Request) -> HttpResponse:
        slot = services.slot_create(**_hour(request))
        return etag.answer(request, row(selectors.slots_visible(request.user).filter(id=slot.id), SlotOut), status=201)


class SlotView(ApiView):
    permission = {"GET": "classes.view", "PUT": "classes.schedule", "DELETE": "classes.schedule"}

    @api("Show an hour of the timetable", responses=SlotOut)
    def get(self, request: Request, slot_id: UUID) -> HttpResponse:
        return etag.answer(request, row(selectors.slots_visible(request.user).filter(id=slot_id), SlotOut))

    @api(
        "Move or change an hour of the timetable",
        request=SlotIn,
        responses=SlotOut,
        errors=[
            errors.TeacherBusy,
            errors.RoomBusy,
            errors.CohortBusy,
            errors.TeacherUnknown,
            errors.HoursInvalid,
            errors.SlotEnded,
            BranchUnknown,
        ],
    )
    def put(self, request: Request, slot_id: UUID) -> HttpResponse:
        slot = found(selectors.slots_visible(request.user), id=slot_id)
        services.slot_change(slot=slot, **_hour(request))
        return etag.answer(request, row(selectors.slots_visible(request.user).filter(id=slot_id), SlotOut))

    @api("Take an hour out of the timetable", responses={204: None})
    def delete(self, request: Request, slot_id: UUID) -> HttpResponse:
        slot = found(selectors.slots_visible(request.user), id=slot_id)
        services.slot_end(slot=slot)
        return HttpResponse(status=204)


class ClassesView(ApiView):
    permission = {"GET": "classes.view"}

    @api(
        "List classes",
        responses=ClassOut(many=True),
        filters={"state": "state__in", "grade": "grade", "board": "board", "teacher": "teacher_id"},
        dated="starts_at",
    )
    def get(self, request: Request) -> HttpResponseBase:
        return rows(selectors.classes_visible, ClassOut, request)


class AvailableView(ApiView):
    permission = {"GET": "classes.view"}

    @api("List the classes that can be joined now", responses=ClassOut(many=True))
    def get(self, request: Request) -> HttpResponseBase:
        live = selectors.classes_visible(request.user).filter(state="live")
        return rows(live, ClassOut, request)


class StartView(ApiView):
    permission = {"POST": "classes.start"}

    @api(
        "Start the class of an hour",
        request=StartIn,
        responses={201: ClassOut},
        errors=[
            NotFound,
            errors.NotYours,
            errors.OutsideHours,
            errors.AlreadyLive,
            errors.AlreadyHeld,
            errors.ClassCancelled,
            FeatureClosed,
        ],
    )
    def post(self, request: Request) -> HttpResponse:
        slot = found(selectors.slots_visible(request.user), id=StartIn.parse(request)["slot"], field="slot")
        live = services.class_start(actor=request.user, slot=slot)
        return etag.answer(request, _shown(request, live.id), status=201)


class ClassView(ApiView):
    permission = {"GET": "classes.view"}

    @api("Show a class", responses=ClassOut)
    def get(self, request: Request, class_id: UUID) -> HttpResponse:
        return etag.answer(request, _shown(request, class_id))


class JoinView(ApiView):
    permission = {"POST": "classes.join"}

    @api(
        "Join a live class",
        responses=EntryOut,
        errors=[
            errors.NotLive,
            errors.NotEntitled,
            errors.ProfileNeeded,
            errors.NotYours,
            errors.TakenOut,
            errors.VideoUnset,
        ],
    )
    def post(self, request: Request, class_id: UUID) -> HttpResponse:
        live = selectors.class_get(request.user, class_id)
        entry = services.class_join(actor=request.user, live_class=live)
        return etag.answer(request, {**asdict(entry), "topic": services.topic(live.id)})


class LeaveView(ApiView):
    permission = {"POST": "classes.join"}

    @api("Leave a class", responses={204: None})
    def post(self, request: Request, class_id: UUID) -> HttpResponse:
        services.class_leave(actor=request.user, live_class=selectors.class_get(request.user, class_id))
        return HttpResponse(status=204)


class EndView(ApiView):
    permission = {"POST": "classes.start"}

    @api("End a class for everyone", responses=ClassOut, errors=[errors.NotLive, errors.NotYours])
    def post(self, request: Request, class_id: UUID) -> HttpResponse:
        services.class_end(actor=request.user, live_class=selectors.class_get(request.user, class_id))
        return etag.answer(request, _shown(request, class_id))


class ParticipantsView(ApiView):
    permission = {"GET": "classes.view"}

    @api("List who is or was in a class", responses=PresenceOut(many=True))
    def get(self, request: Request, class_id: UUID) -> HttpResponseBase:
        return rows(selectors.presences_of(request.user, class_id), PresenceOut, request, ordering=("joined_at", "id"))


class ChatView(ApiView):
    permission = {"GET": "classes.view"}

    @api(
        "List what was said in a class; `after` is the last number known",
        responses=ChatOut(many=True),
        filters={"after": "seq__gt"},
    )
    def get(self, request: Request, class_id: UUID) -> HttpResponseBase:
        said = selectors.chat_of(request.user, class_id)
        return rows(said, ChatOut, request, ordering=("seq",))


def _hour(request: Request) -> dict[str, Any]:
    """What was sent of an hour, at a branch of the caller's."""
    sent = SlotIn.parse(request)
    if sent.get("branch"):
        people.branch_chosen(request.user, sent["branch"])
    return sent


def _shown(request: Request, class_id: UUID) -> dict[str, Any]:
    return row(selectors.classes_visible(request.user).filter(id=class_id), ClassOut)
