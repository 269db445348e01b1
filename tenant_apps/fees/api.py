"""Fees over HTTP: what students owe and have paid."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.response import Response

from kernel.http.errors import NotFound
from kernel.http.request import Request
from kernel.http.schema import api
from kernel.http.views import ApiView, Input, Output, idempotent, row, rows
from shared_apps.payments import errors as refusals
from tenant_apps.fees import counter, errors, selectors, services
from tenant_apps.fees.models import Due
from tenant_apps.people import selectors as people

MOST_PAISE = 1_00_00_000_00


class StudentName(Output):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()


class DueOutput(Output):
    id = serializers.UUIDField()
    student = StudentName()
    title = serializers.CharField()
    amount_paise = serializers.IntegerField()
    due_on = serializers.DateField()
    state = serializers.ChoiceField(choices=Due.State.choices)
    reason = serializers.CharField()
    payment = serializers.UUIDField(source="payment_id", allow_null=True)
    receipt = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)


class DueInput(Input):
    student = serializers.UUIDField()
    title = serializers.CharField(max_length=80)
    amount_paise = serializers.IntegerField(min_value=1, max_value=MOST_PAISE)
    due_on = serializers.DateField()


class ReasonInput(Input):
    reason = serializers.CharField(max_length=200, allow_blank=True, required=False, default="")


class Dues(ApiView):
    permission = {"GET": "fees.view", "POST": "fees.change"}

    @api(
        "What students owe and have paid",
        responses=DueOutput(many=True),
        search=("student__name", "student__code", "title", "receipt"),
        filters={"state": "state__in", "student": "student", "branch": "student__branch"},
        dated="due_on",
    )
    def get(self, request: Request) -> HttpResponseBase:
        return rows(selectors.dues_visible, DueOutput, request)

    @api("Ask a student for an amount", request=DueInput, responses={201: DueOutput}, errors=[NotFound])
    def post(self, request: Request) -> Response:
        given = DueInput.parse(request)
        people.student_get(request.user, given["student"])
        due = services.due_create(**given)
        return Response(shown(request, due.id), status=201)


class DueDetail(ApiView):
    permission = {"GET": "fees.view"}

    @api("One due", responses=DueOutput, errors=[NotFound])
    def get(self, request: Request, due: UUID) -> Response:
        return Response(shown(request, due))


class DueCancel(ApiView):
    permission = {"POST": "fees.change"}

    @api("Take an open due back", request=ReasonInput, responses=DueOutput, errors=[NotFound, errors.NotOpen])
    def post(self, request: Request, due: UUID) -> Response:
        found = selectors.due_get(request.user, due)
        services.due_cancel(due=found.id, **ReasonInput.parse(request))
        return Response(shown(request, due))


class StudentPayments(ApiView):
    permission = {"GET": "fees.view"}

    @api("What a student has paid", responses=DueOutput(many=True), errors=[NotFound], dated="paid_at")
    def get(self, request: Request, student: UUID) -> HttpResponseBase:
        people.student_get(request.user, student)
        paid = selectors.dues_visible(request.user).filter(student=student, state=Due.State.PAID)
        return rows(paid, DueOutput, request)


class DeskInput(Input):
    student = serializers.UUIDField()
    dues = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=50)
    method = serializers.ChoiceField(choices=["cash", "upi", "card"])
    reference = serializers.CharField(
        max_length=64, required=False, default="", allow_blank=True, help_text="Of the transfer; cash has none."
    )


class DeskOutput(serializers.Serializer):
    payment = serializers.UUIDField()
    receipt = serializers.CharField()
    amount_paise = serializers.IntegerField()
    method = serializers.CharField()
    paid_at = serializers.DateTimeField()


class Desk(ApiView):
    permission = {"POST": "payments.desk"}

    @api(
        "Take money in person for open dues of a student: paid and receipted at once",
        request=DeskInput,
        responses={201: DeskOutput},
        errors=[
            NotFound,
            errors.BundleEmpty,
            errors.NotOpen,
            errors.PaymentUnderWay,
            errors.TakenDifferently,
            refusals.AlreadyPaid,
            refusals.DeskKeyReused,
            refusals.DeskReferenceMissing,
            refusals.DeskReferenceUsed,
        ],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = DeskInput.parse(request)
        people.student_get(request.user, given["student"])
        payment = counter.counter_take(**given, key=request.idempotency_id, taken_by=request.user.user_id)
        told = {"payment": payment.id, "receipt": payment.receipt, "amount_paise": payment.amount_paise}
        return Response({**told, "method": given["method"], "paid_at": payment.paid_at}, status=201)


def shown(request: Request, due: UUID) -> dict[str, Any]:
    return row(selectors.dues_visible(request.user).filter(id=due), DueOutput)
