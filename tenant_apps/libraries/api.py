"""Libraries, their rooms, seats and shifts over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.response import Response

from kernel import quotas
from kernel.http.errors import NotFound
from kernel.http.lookup import found
from kernel.http.request import Request
from kernel.http.schema import api
from kernel.http.views import ApiView, Input, Output, row, rows
from tenant_apps.libraries import errors, selectors, services
from tenant_apps.libraries.models import Hall, Seat, Shift
from tenant_apps.people import errors as people_errors
from tenant_apps.people import services as people

STATES = ("open", "closed", "maintenance")


class LibraryOutput(Output):
    id = serializers.UUIDField()
    name = serializers.CharField()
    code = serializers.CharField()
    city = serializers.CharField()
    address = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)
    created_at = serializers.DateTimeField()


class LibraryChangeInput(Input):
    name = serializers.CharField(max_length=120)
    city = serializers.CharField(max_length=80, allow_blank=True, required=False)
    address = serializers.CharField(max_length=240, allow_blank=True, required=False)
    state = serializers.ChoiceField(choices=STATES, required=False)


class LibraryInput(LibraryChangeInput):
    code = serializers.RegexField(r"^[A-Z0-9]{2,8}$")


class Libraries(ApiView):
    permission = {"GET": "libraries.view", "POST": "libraries.change"}

    @api(
        "Libraries, by city and status",
        responses=LibraryOutput(many=True),
        search=("name", "code", "city"),
        filters={"city": "city__iexact", "status": "state"},
    )
    def get(self, request: Request) -> HttpResponseBase:
        return rows(selectors.libraries_visible, LibraryOutput, request, ordering=("name", "id"))

    @api(
        "Open a library; it takes one of the plan's",
        request=LibraryInput,
        responses={201: LibraryOutput},
        errors=[people_errors.BranchTaken, quotas.QuotaReached],
    )
    def post(self, request: Request) -> Response:
        branch = people.branch_create(**LibraryInput.parse(request), kind="library")
        return Response(library_shown(request, branch.id), status=201)


class LibraryDetail(ApiView):
    permission = {"GET": "libraries.view", "PATCH": "libraries.change", "DELETE": "libraries.change"}

    @api("One library", responses=LibraryOutput, errors=[NotFound])
    def get(self, request: Request, library: UUID) -> Response:
        return Response(library_shown(request, library))

    @api("Change a library", request=LibraryChangeInput, responses=LibraryOutput, errors=[NotFound])
    def patch(self, request: Request, library: UUID) -> Response:
        branch = selectors.library_get(request.user, library)
        people.branch_change(branch=branch, changes=LibraryChangeInput.parse(request, partial=True))
        return Response(library_shown(request, library))

    @api("Remove a library that was never used", responses={204: None}, errors=[NotFound, people_errors.BranchInUse])
    def delete(self, request: Request, library: UUID) -> Response:
        people.branch_delete(branch=selectors.library_get(request.user, library))
        return Response(status=204)


def library_shown(request: Request, library: UUID) -> dict[str, Any]:
    return row(selectors.libraries_visible(request.user).filter(id=library), LibraryOutput)


class HallOutput(Output):
    id = serializers.UUIDField()
    library = serializers.UUIDField(source="branch_id")
    name = serializers.CharField()
    floor = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class HallInput(Input):
    name = serializers.CharField(max_length=80)
    floor = serializers.IntegerField(min_value=-9, max_value=200, required=False, default=0)


class Rooms(ApiView):
    permission = {"GET": "libraries.view", "POST": "libraries.change"}

    @api("The rooms of a library", responses=HallOutput(many=True), errors=[NotFound, errors.NotALibrary])
    def get(self, request: Request, library: UUID) -> HttpResponseBase:
        branch = selectors.library_get(request.user, library)
        return rows(
            selectors.halls_visible(request.user).filter(branch_id=branch.id),
            HallOutput,
            request,
            ordering=("floor", "name", "id"),
        )

    @api(
        "Add a room",
        request=HallInput,
        responses={201: HallOutput},
        errors=[NotFound, errors.NotALibrary, errors.HallTaken],
    )
    def post(self, request: Request, library: UUID) -> Response:
        branch = selectors.library_get(request.user, library)
        hall = services.hall_create(branch=branch.id, **HallInput.parse(request))
        return Response(row(Hall.objects.filter(id=hall.id), HallOutput), status=201)


class RoomDetail(ApiView):
    permission = {"GET": "libraries.view", "PATCH": "libraries.change", "DELETE": "libraries.change"}

    @api("One room", responses=HallOutput, errors=[NotFound])
    def get(self, request: Request, library: UUID, hall: UUID) -> Response:
        return Response(row(self._halls(request, library).filter(id=hall), HallOutput))

    @api("Change a room", request=HallInput, responses=HallOutput, errors=[NotFound, errors.HallTaken])
    def patch(self, request: Request, library: UUID, hall: UUID) -> Response:
        services.hall_change(hall=self._hall(request, library, hall), changes=HallInput.parse(request, partial=True))
        return Response(row(Hall.objects.filter(id=hall), HallOutput))

    @api("Remove a room without seats", responses={204: None}, errors=[NotFound, errors.StillUsed])
    def delete(self, request: Request, library: UUID, hall: UUID) -> Response:
        services.hall_delete(hall=self._hall(request, library, hall))
        return Response(status=204)

    def _halls(self, request: Request, library: UUID) -> Any:
        return selectors.halls_visible(request.user).filter(branch_id=library)

    def _hall(self, request: Request, library: UUID, hall: UUID) -> Hall:
        return found(self._halls(request, library), id=hall)


class SeatOutput(Output):
    id = serializers.UUIDField()
    hall = serializers.UUIDField(source="hall_id")
    label = serializers.CharField()  # type: ignore[assignment]
    seat_class = serializers.CharField()
    row = serializers.IntegerField()
    column = serializers.IntegerField()
    state = serializers.ChoiceField(choices=Seat.State.choices)


class SeatAtInput(Input):
    label = serializers.RegexField(r"^[A-Za-z0-9-]{1,12}$")  # type: ignore[assignment]
    row = serializers.IntegerField(min_value=1, max_value=1000)
    column = serializers.IntegerField(min_value=1, max_value=1000)
    seat_class = serializers.CharField(max_length=20, required=False, default="regular")


class SeatsInput(Input):
    """Either `seats`, each with its place, or `rows` and `columns` of alike ones behind the last row."""

    hall = serializers.UUIDField()
    seats = serializers.ListField(child=SeatAtInput(), min_length=1, max_length=500, required=False)
    rows = serializers.IntegerField(min_value=1, max_value=50, required=False)
    columns = serializers.IntegerField(min_value=1, max_value=50, required=False)
    seat_class = serializers.CharField(max_length=20, required=False, default="regular")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("seats" in attrs) == ("rows" in attrs and "columns" in attrs):
            raise serializers.ValidationError({"seats": "Give seats, or rows and columns."})
        return attrs


class SeatChangeInput(Input):
    label = serializers.RegexField(r"^[A-Za-z0-9-]{1,12}$", required=False)  # type: ignore[assignment]
    seat_class = serializers.CharField(max_length=20, required=False)
    row = serializers.IntegerField(min_value=1, max_value=1000, required=False)
    column = serializers.IntegerField(min_value=1, max_value=1000, required=False)
    state = serializers.ChoiceField(choices=Seat.State.choices, required=False)


class Seats(ApiView):
    permission = {"GET": "libraries.view", "POST": "libraries.change"}

    @api(
        "The seats of a library",
        responses=SeatOutput(many=True),
        errors=[NotFound, errors.NotALibrary],
        filters={"hall": "hall", "state": "state", "seat_class": "seat_class"},
    )
    def get(self, request: Request, library: UUID) -> HttpResponseBase:
        branch = selectors.library_get(request.user, library)
        return rows(
            selectors.seats_visible(request.user).filter(hall__branch_id=branch.id),
            SeatOutput,
            request,
            ordering=("hall_id", "row", "column", "id"),
        )

    @api(
        "Place seats in a room",
        request=SeatsInput,
        responses={201: SeatOutput(many=True)},
        errors=[NotFound, errors.SeatTaken],
    )
    def post(self, request: Request, library: UUID) -> Response:
        given = SeatsInput.parse(request)
        hall = found(selectors.halls_visible(request.user), branch_id=library, id=given["hall"], field="hall")
        if "seats" in given:
            places = [services.SeatAt(**place) for place in given["seats"]]
        else:
            places = services.seats_grid(
                hall=hall.id, rows=given["rows"], columns=given["columns"], seat_class=given["seat_class"]
            )
        made = services.seats_add(hall=hall.id, seats=places)
        return Response({"results": SeatOutput(made, many=True).data}, status=201)


class SeatDetail(ApiView):
    permission = {"GET": "libraries.view", "PATCH": "libraries.change", "DELETE": "libraries.change"}

    @api("One seat", responses=SeatOutput, errors=[NotFound])
    def get(self, request: Request, library: UUID, seat: UUID) -> Response:
        return Response(row(self._seats(request, library).filter(id=seat), SeatOutput))

    @api(
        "Change a seat, block or open it",
        request=SeatChangeInput,
        responses=SeatOutput,
        errors=[NotFound, errors.SeatTaken],
    )
    def patch(self, request: Request, library: UUID, seat: UUID) -> Response:
        services.seat_change(
            seat=self._seat(request, library, seat), changes=SeatChangeInput.parse(request, partial=True)
        )
        return Response(row(Seat.objects.filter(id=seat), SeatOutput))

    @api("Remove a seat that was never booked", responses={204: None}, errors=[NotFound, errors.StillUsed])
    def delete(self, request: Request, library: UUID, seat: UUID) -> Response:
        services.seat_delete(seat=self._seat(request, library, seat))
        return Response(status=204)

    def _seats(self, request: Request, library: UUID) -> Any:
        return selectors.seats_visible(request.user).filter(hall__branch_id=library)

    def _seat(self, request: Request, library: UUID, seat: UUID) -> Seat:
        return found(self._seats(request, library), id=seat)


class ShiftOutput(Output):
    id = serializers.UUIDField()
    library = serializers.UUIDField(source="branch_id")
    name = serializers.CharField()
    starts = serializers.TimeField()
    ends = serializers.TimeField()
    price_paise = serializers.IntegerField()
    is_open = serializers.BooleanField()


class ShiftChangeInput(Input):
    name = serializers.CharField(max_length=60, required=False)
    price_paise = serializers.IntegerField(min_value=0, max_value=10_000_000, required=False)
    is_open = serializers.BooleanField(required=False)


class ShiftInput(Input):
    library = serializers.UUIDField()
    name = serializers.CharField(max_length=60)
    starts = serializers.TimeField()
    ends = serializers.TimeField(help_text="One before `starts` is on the next day.")
    price_paise = serializers.IntegerField(min_value=0, max_value=10_000_000)
    is_open = serializers.BooleanField(required=False, default=True)


class Shifts(ApiView):
    permission = {"GET": "libraries.view", "POST": "libraries.change"}

    @api(
        "Shifts with their hours and prices",
        responses=ShiftOutput(many=True),
        filters={"library": "branch", "is_open": "is_open"},
    )
    def get(self, request: Request) -> HttpResponseBase:
        return rows(selectors.shifts_visible, ShiftOutput, request, ordering=("branch_id", "starts", "id"))

    @api(
        "Add a shift",
        request=ShiftInput,
        responses={201: ShiftOutput},
        errors=[NotFound, errors.NotALibrary, errors.ShiftTaken, errors.ShiftHours],
    )
    def post(self, request: Request) -> Response:
        given = ShiftInput.parse(request)
        branch = selectors.library_get(request.user, given.pop("library"))
        shift = services.shift_create(branch=branch.id, **given)
        return Response(row(Shift.objects.filter(id=shift.id), ShiftOutput), status=201)


class ShiftDetail(ApiView):
    permission = {"GET": "libraries.view", "PATCH": "libraries.change", "DELETE": "libraries.change"}

    @api("One shift", responses=ShiftOutput, errors=[NotFound])
    def get(self, request: Request, shift: UUID) -> Response:
        return Response(row(selectors.shifts_visible(request.user).filter(id=shift), ShiftOutput))

    @api(
        "Change a shift's name, price, or whether it can be booked",
        request=ShiftChangeInput,
        responses=ShiftOutput,
        errors=[NotFound, errors.ShiftTaken],
    )
    def patch(self, request: Request, shift: UUID) -> Response:
        found = selectors.shift_get(request.user, shift)
        services.shift_change(shift=found, changes=ShiftChangeInput.parse(request, partial=True))
        return Response(row(Shift.objects.filter(id=shift), ShiftOutput))

    @api("Remove a shift that was never booked", responses={204: None}, errors=[NotFound, errors.StillUsed])
    def delete(self, request: Request, shift: UUID) -> Response:
        services.shift_delete(shift=selectors.shift_get(request.user, shift))
        return Response(status=204)
