"""Branches and students over HTTP: parse, call one service or selector, answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.response import Response

from kernel import quotas
from kernel.http import etag
from kernel.http.errors import Changed, Forbidden, NotFound
from kernel.http.request import Request
from kernel.http.schema import api
from kernel.http.views import ApiView, Input, Output, row, rows
from kernel.phone import PhoneInvalid, phone
from tenant_apps.people import errors, selectors, services
from tenant_apps.people.drafts import RELATIONS, draft_of
from tenant_apps.people.models import Access, Branch, Student

ADMISSION = [
    errors.BranchUnknown,
    errors.BranchNeeded,
    errors.NameMissing,
    errors.NumberMissing,
    PhoneInvalid,
    errors.EmailInvalid,
    errors.ValueTooLong,
    errors.StudentExists,
]


class BranchOutput(Output):
    id = serializers.UUIDField()
    name = serializers.CharField()
    code = serializers.CharField()
    kind = serializers.ChoiceField(choices=Branch.Kind.choices)
    city = serializers.CharField()
    address = serializers.CharField()
    state = serializers.ChoiceField(choices=Branch.State.choices)
    code_pattern = serializers.CharField()
    created_at = serializers.DateTimeField()


class BranchChangeInput(Input):
    name = serializers.CharField(max_length=120)
    city = serializers.CharField(max_length=80, allow_blank=True, required=False)
    address = serializers.CharField(max_length=240, allow_blank=True, required=False)
    state = serializers.ChoiceField(choices=Branch.State.choices, required=False)
    code_pattern = serializers.CharField(max_length=60, required=False)


class BranchInput(BranchChangeInput):
    code = serializers.RegexField(r"^[A-Z0-9]{2,8}$")
    kind = serializers.ChoiceField(choices=Branch.Kind.choices)


class Branches(ApiView):
    permission = {"GET": "libraries.view", "POST": "libraries.change"}

    @api(
        "The places of the business",
        responses=BranchOutput(many=True),
        search=("name", "code", "city"),
        filters={"kind": "kind", "city": "city__iexact", "state": "state"},
    )
    def get(self, request: Request) -> HttpResponseBase:
        return rows(selectors.branches_visible, BranchOutput, request, ordering=("name", "id"))

    @api(
        "Open a place",
        request=BranchInput,
        responses={201: BranchOutput},
        errors=[errors.BranchTaken, errors.CodePatternInvalid, quotas.QuotaReached],
    )
    def post(self, request: Request) -> Response:
        branch = services.branch_create(**BranchInput.parse(request))
        return Response(row(Branch.objects.filter(id=branch.id), BranchOutput), status=201)


class BranchDetail(ApiView):
    permission = {"GET": "libraries.view", "PATCH": "libraries.change", "DELETE": "libraries.change"}

    @api("One place", responses=BranchOutput, errors=[NotFound])
    def get(self, request: Request, branch: UUID) -> HttpResponseBase:
        return Response(row(selectors.branches_visible(request.user).filter(id=branch), BranchOutput))

    @api(
        "Change a place",
        request=BranchChangeInput,
        responses=BranchOutput,
        errors=[NotFound, errors.CodePatternInvalid],
    )
    def patch(self, request: Request, branch: UUID) -> Response:
        found = selectors.branch_get(request.user, branch)
        services.branch_change(branch=found, changes=BranchChangeInput.parse(request, partial=True))
        return Response(row(Branch.objects.filter(id=branch), BranchOutput))

    @api("Remove a place that was never used", responses={204: None}, errors=[NotFound, errors.BranchInUse])
    def delete(self, request: Request, branch: UUID) -> Response:
        services.branch_delete(branch=selectors.branch_get(request.user, branch))
        return Response(status=204)


class BranchName(Output):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()


class StudentOutput(Output):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    phone = serializers.CharField(source="shown_phone")
    email = serializers.CharField()
    branch = BranchName()
    state = serializers.ChoiceField(choices=Student.State.choices)
    grade = serializers.CharField()
    board = serializers.CharField()
    guardian_name = serializers.CharField()
    guardian_phone = serializers.CharField(source="shown_guardian_phone")
    guardian_relation = serializers.ChoiceField(choices=RELATIONS)
    joined_on = serializers.DateField()
    tags = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class StudentChangeInput(Input):
    name = serializers.CharField(max_length=120)
    phone = serializers.CharField(max_length=20, allow_blank=True, required=False)
    email = serializers.CharField(max_length=254, allow_blank=True, required=False)
    branch = serializers.UUIDField(required=False)
    grade = serializers.CharField(max_length=20, allow_blank=True, required=False)
    board = serializers.CharField(max_length=20, allow_blank=True, required=False)
    guardian_name = serializers.CharField(max_length=120, allow_blank=True, required=False)
    guardian_phone = serializers.CharField(max_length=20, allow_blank=True, required=False)
    guardian_relation = serializers.ChoiceField(choices=RELATIONS, required=False)
    joined_on = serializers.DateField(required=False)
    tags = serializers.ListField(child=serializers.RegexField(r"^[^;,]{1,40}$"), max_length=10, required=False)

    @classmethod
    def texts(cls, given: dict[str, Any]) -> dict[str, str]:
        """The values as a form or a file would have them."""
        return {
            field: ";".join(value) if field == "tags" else str(value)
            for field, value in given.items()
            if field != "branch"
        }


class StudentInput(StudentChangeInput):
    code = serializers.CharField(max_length=40, allow_blank=True, required=False)


class ReasonInput(Input):
    reason = serializers.CharField(max_length=200, allow_blank=True, required=False, default="")


def student_shown(request: Request, student: UUID) -> dict[str, Any]:
    return row(selectors.students_listed(request.user).filter(id=student), StudentOutput)


class Students(ApiView):
    permission = {"GET": "people.view", "POST": "people.add"}

    @api(
        "Students; `format=csv` exports them",
        responses=StudentOutput(many=True),
        errors=[Forbidden],
        search=selectors.students_columns,
        filters={
            "branch": "branch",
            "state": "state",
            "grade": "grade",
            "board": "board",
            "tag": lambda students, tag: students.filter(tags__contains=[tag]),
        },
        dated="joined_on",
    )
    def get(self, request: Request) -> HttpResponseBase:
        if request.query_params.get("format") == "csv" and not request.user.can("people.export"):
            raise Forbidden(permission="people.export")
        return rows(selectors.students_listed, StudentOutput, request)

    @api(
        "Admit a student",
        request=StudentInput,
        responses={201: StudentOutput},
        errors=[*ADMISSION, errors.CodeInvalid, errors.CodeTaken, quotas.QuotaReached],
    )
    def post(self, request: Request) -> HttpResponseBase:
        given = StudentInput.parse(request)
        branch = selectors.branch_chosen(request.user, given.get("branch"))
        student = services.student_create(draft=draft_of(StudentInput.texts(given)), branch=branch)
        return etag.answer(request, student_shown(request, student.id), status=201)


class StudentDetail(ApiView):
    permission = {"GET": "people.view", "PATCH": "people.change", "DELETE": "people.remove"}

    @api("One student, with the ETag to change them by", responses=StudentOutput, errors=[NotFound])
    def get(self, request: Request, student: UUID) -> HttpResponseBase:
        return etag.answer(request, student_shown(request, student))

    @api(
        "Change a student; a replaced number ends its owner's access",
        request=StudentChangeInput,
        responses=StudentOutput,
        errors=[NotFound, Changed, *ADMISSION],
    )
    def patch(self, request: Request, student: UUID) -> HttpResponseBase:
        selectors.student_get(request.user, student)
        given = StudentChangeInput.parse(request, partial=True)
        branch = selectors.branch_chosen(request.user, given["branch"]) if "branch" in given else None
        services.student_change(
            student=student,
            changes=StudentChangeInput.texts(given),
            branch=branch,
            check=lambda: etag.check(request, student_shown(request, student)),
        )
        return etag.answer(request, student_shown(request, student))

    @api("Remove a student; one with a history is kept as left", responses={204: None}, errors=[NotFound])
    def delete(self, request: Request, student: UUID) -> Response:
        services.student_delete(student=selectors.student_get(request.user, student).id)
        return Response(status=204)


class StudentSuspend(ApiView):
    permission = {"POST": "people.change"}

    @api("Suspend a student", request=ReasonInput, responses=StudentOutput, errors=[NotFound])
    def post(self, request: Request, student: UUID) -> Response:
        found = selectors.student_get(request.user, student)
        services.student_suspend(student=found.id, **ReasonInput.parse(request))
        return Response(student_shown(request, student))


class StudentReactivate(ApiView):
    permission = {"POST": "people.change"}

    @api(
        "Let a suspended student, or one who left, back in",
        responses=StudentOutput,
        errors=[NotFound, quotas.QuotaReached, errors.StudentExists],
    )
    def post(self, request: Request, student: UUID) -> Response:
        services.student_reactivate(student=selectors.student_get(request.user, student).id)
        return Response(student_shown(request, student))


class GuardianOutput(Output):
    id = serializers.UUIDField()
    name = serializers.CharField(source="user.name")
    phone = serializers.CharField(source="user.phone", allow_null=True)
    relation = serializers.ChoiceField(choices=Access.Relation.choices)


class GuardianInput(Input):
    name = serializers.CharField(max_length=120)
    phone = serializers.CharField(max_length=20)
    relation = serializers.ChoiceField(choices=RELATIONS)


class Guardians(ApiView):
    permission = {"GET": "people.phones", "POST": "people.change"}

    @api("Who may sign in for a student", responses=GuardianOutput(many=True), errors=[NotFound])
    def get(self, request: Request, student: UUID) -> HttpResponseBase:
        return rows(selectors.accesses_of(request.user, student), GuardianOutput, request, ordering=("id",))

    @api(
        "Let one more person sign in for a student",
        request=GuardianInput,
        responses={204: None},
        errors=[NotFound, PhoneInvalid],
    )
    def post(self, request: Request, student: UUID) -> Response:
        found = selectors.student_get(request.user, student)
        given = GuardianInput.parse(request)
        services.guardian_add(
            student=found.id, name=given["name"], phone=phone(given["phone"]), relation=given["relation"]
        )
        return Response(status=204)


class GuardianDetail(ApiView):
    permission = {"DELETE": "people.change"}

    @api(
        "End a person's access to a student",
        responses={204: None},
        errors=[NotFound, errors.GuardianUnknown, errors.NumberMissing],
    )
    def delete(self, request: Request, student: UUID, access: UUID) -> Response:
        found = selectors.student_get(request.user, student)
        services.guardian_remove(student=found.id, access=access)
        return Response(status=204)
