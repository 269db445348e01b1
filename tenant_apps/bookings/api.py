"""Bookings over HTTP: hold, confirm, cancel, come and go, drawn maps and how full the rooms are."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http.response import HttpResponse, HttpResponseBase
from rest_framework import serializers
from rest_framework.response import Response

from kernel.http.clients import client_ip
from kernel.http.errors import NotFound
from kernel.http.request import Request
from kernel.http.schema import api
from kernel.http.views import ApiView, Input, Output, row, rows
from tenant_apps.bookings import errors, moves, selectors, services
from tenant_apps.bookings.models import Booking
from tenant_apps.libraries import selectors as libraries
from tenant_apps.people import selectors as people
from tenant_apps.people.errors import StudentNotActive


class StudentName(Output):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()


class SeatName(Output):
    id = serializers.UUIDField()
    label = serializers.CharField()  # type: ignore[assignment]
    hall = serializers.UUIDField(source="hall_id")


class ShiftName(Output):
    id = serializers.UUIDField()
    name = serializers.CharField()


class BookingOutput(Output):
    id = serializers.UUIDField()
    seat = SeatName()
    student = StudentName()
    shift = ShiftName()
    day = serializers.DateField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    state = serializers.ChoiceField(choices=Booking.State.choices)
    hold_until = serializers.DateTimeField(allow_null=True)
    amount_paise = serializers.IntegerField()
    payment = serializers.UUIDField(source="payment_id", allow_null=True)
    reason = serializers.CharField()
    came_at = serializers.DateTimeField(allow_null=True)
    left_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


FILTERS = {
    "state": "state__in",
    "student": "student",
    "seat": "seat",
    "hall": "seat__hall",
    "library": "seat__hall__branch",
    "shift": "shift",
    "day": "day",
}


class PlaceInput(Input):
    seat = serializers.UUIDField()
    shift = serializers.UUIDField()
    day = serializers.DateField()


class HoldInput(PlaceInput):
    student = serializers.UUIDField(required=False, help_text="Left out by a student: the profile signed in for.")


class ReasonInput(Input):
    reason = serializers.CharField(max_length=200, allow_blank=True, required=False, default="")


class VisitInput(Input):
    booking = serializers.UUIDField()


class MapInput(Input):
    hall = serializers.UUIDField()
    day = serializers.DateField()
    shift = serializers.UUIDField()


class MapSeat(serializers.Serializer):
    id = serializers.UUIDField()
    label = serializers.CharField()  # type: ignore[assignment]
    row = serializers.IntegerField()
    column = serializers.IntegerField()
    seat_class = serializers.CharField()
    state = serializers.ChoiceField(choices=["free", "held", "taken", "yours", "blocked"])
    until = serializers.DateTimeField(allow_null=True)
    booking = serializers.UUIDField(allow_null=True)
    student = serializers.UUIDField(allow_null=True)


class MapOutput(serializers.Serializer):
    hall = serializers.UUIDField()
    day = serializers.DateField()
    shift = serializers.UUIDField()
    v = serializers.IntegerField(help_text="Changes told on topic seats.<hall>.<day>.<shift> count on from here.")
    seats = MapSeat(many=True)


class OccupancyInput(Input):
    library = serializers.UUIDField(required=False)


class HallOccupancy(serializers.Serializer):
    library = serializers.UUIDField()
    hall = serializers.UUIDField()
    name = serializers.CharField()
    seats = serializers.IntegerField()
    blocked = serializers.IntegerField()
    held = serializers.IntegerField()
    taken = serializers.IntegerField()
    present = serializers.IntegerField(help_text="Checked in; part of taken.")
    free = serializers.IntegerField()


class OccupancyOutput(serializers.Serializer):
    results = HallOccupancy(many=True)


def booking_shown(request: Request, booking: UUID) -> dict[str, Any]:
    return row(selectors.bookings_listed(request.user).filter(id=booking), BookingOutput)


def is_desk(request: Request) -> bool:
    return request.user.kind != "student" and request.user.can("bookings.attend")


class Bookings(ApiView):
    permission = {"GET": "bookings.view"}

    @api(
        "Bookings",
        responses=BookingOutput(many=True),
        search=("student__name", "student__code", "seat__label"),
        filters=FILTERS,
        dated="day",
    )
    def get(self, request: Request) -> HttpResponseBase:
        return rows(selectors.bookings_listed, BookingOutput, request)


class BookingHold(ApiView):
    permission = {"POST": "bookings.hold"}

    @api(
        "Keep a seat for ten minutes to pay for it; a free one is confirmed at once",
        request=HoldInput,
        responses={201: BookingOutput},
        errors=[
            NotFound,
            errors.SeatTaken,
            errors.StudentBusy,
            errors.SeatClosed,
            errors.ShiftElsewhere,
            errors.TimeOver,
            errors.TooFarAhead,
            errors.StudentNeeded,
            StudentNotActive,
        ],
    )
    def post(self, request: Request) -> Response:
        given = HoldInput.parse(request)
        libraries.seat_get(request.user, given["seat"])
        student = given.pop("student", None) or request.user.student
        if student is None:
            raise errors.StudentNeeded(field="student")
        people.student_get(request.user, student)
        booking = services.booking_hold(student=student, **given)
        return Response(booking_shown(request, booking.id), status=201)


class BookingDetail(ApiView):
    permission = {"GET": "bookings.view"}

    @api("One booking", responses=BookingOutput, errors=[NotFound])
    def get(self, request: Request, booking: UUID) -> Response:
        return Response(booking_shown(request, booking))


class BookingConfirm(ApiView):
    permission = {"POST": "bookings.change"}

    @api(
        "Make a held seat the student's; what costs money is confirmed by its payment, or by the desk",
        responses=BookingOutput,
        errors=[NotFound, errors.PaymentNeeded, errors.HoldOver, errors.NotNow],
    )
    def post(self, request: Request, booking: UUID) -> Response:
        found = selectors.booking_get(request.user, booking)
        services.booking_confirm(booking=found.id, by_desk=is_desk(request))
        return Response(booking_shown(request, booking))


class BookingCancel(ApiView):
    permission = {"POST": "bookings.change"}

    @api("Give a seat back", request=ReasonInput, responses=BookingOutput, errors=[NotFound, errors.NotNow])
    def post(self, request: Request, booking: UUID) -> Response:
        found = selectors.booking_get(request.user, booking)
        services.booking_cancel(booking=found.id, by_desk=is_desk(request), **ReasonInput.parse(request))
        return Response(booking_shown(request, booking))


class BookingReschedule(ApiView):
    permission = {"POST": "bookings.attend"}

    @api(
        "Seat a booking elsewhere, or at another time; what was agreed to be paid stays",
        request=PlaceInput,
        responses=BookingOutput,
        errors=[
            NotFound,
            errors.NotNow,
            errors.HoldOver,
            errors.SeatTaken,
            errors.StudentBusy,
            errors.SeatClosed,
            errors.ShiftElsewhere,
            errors.TimeOver,
            errors.TooFarAhead,
            StudentNotActive,
        ],
    )
    def post(self, request: Request, booking: UUID) -> Response:
        given = PlaceInput.parse(request)
        found = selectors.booking_get(request.user, booking)
        libraries.seat_get(request.user, given["seat"])
        moves.booking_move(booking=found.id, **given)
        return Response(booking_shown(request, booking))


class CheckIn(ApiView):
    permission = {"POST": "bookings.attend"}

    @api("Let a student in", request=VisitInput, responses=BookingOutput, errors=[NotFound, errors.NotNow])
    def post(self, request: Request) -> Response:
        found = selectors.booking_get(request.user, VisitInput.parse(request)["booking"])
        services.booking_check_in(
            booking=found.id,
            ip=client_ip(request._request) or None,
            device=request.headers.get("User-Agent", ""),
        )
        return Response(booking_shown(request, found.id))


class CheckOut(ApiView):
    permission = {"POST": "bookings.attend"}

    @api("Let a student go", request=VisitInput, responses=BookingOutput, errors=[NotFound, errors.NotNow])
    def post(self, request: Request) -> Response:
        found = selectors.booking_get(request.user, VisitInput.parse(request)["booking"])
        services.booking_check_out(booking=found.id)
        return Response(booking_shown(request, found.id))


class Visits(ApiView):
    permission = {"GET": "bookings.view"}

    @api("Who came and went", responses=BookingOutput(many=True), filters=FILTERS, dated="came_at")
    def get(self, request: Request) -> HttpResponseBase:
        return rows(selectors.bookings_listed(request.user).filter(came_at__isnull=False), BookingOutput, request)


class Availability(ApiView):
    permission = {"GET": "libraries.view"}

    @api(
        "A room's seats in a shift of a day, with the map's version",
        responses=MapOutput,
        errors=[NotFound, errors.ShiftElsewhere],
        parameters=[MapInput],
    )
    def get(self, request: Request) -> HttpResponse:
        told = selectors.seat_map_json(request.user, **MapInput.parse_query(request))
        return HttpResponse(told, content_type="application/json")


class RealtimeOccupancy(ApiView):
    permission = {"GET": "libraries.view"}

    @api("How full each room is now", responses=OccupancyOutput, parameters=[OccupancyInput])
    def get(self, request: Request) -> Response:
        return Response({"results": selectors.occupancy(request.user, **OccupancyInput.parse_query(request))})
