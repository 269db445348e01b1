"""Views that exist for tests alone, behind the real middleware, with the caller named by a header."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import CharField, DecimalField, DurationField, F, Func, IntegerField, JSONField, Value
from django.db.models.functions import Cast, NullIf
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.response import Response

from kernel import crash
from kernel.audit.models import Entry
from kernel.errors import DomainError
from kernel.http import etag
from kernel.http.actor import Actor
from kernel.http.schema import api
from kernel.http.views import PUBLIC, SIGNED_IN, ApiView, Input, Output, idempotent, idempotent_in_phases, row, rows

WORKED_HARD = crash.register("tests.worked_hard")


class HeaderAuthentication(BaseAuthentication):
    """`Authorization: Test <json of user_id and permissions>`."""

    def authenticate(self, request: Any) -> Any:
        kind, _, words = request.headers.get("Authorization", "").partition(" ")
        if kind != "Test":
            return None
        if words == "forged":
            raise AuthenticationFailed()
        given = orjson.loads(words)
        return Actor(kind="staff", user_id=UUID(given["user_id"]), permissions=frozenset(given["permissions"])), None


class TestView(ApiView):
    __test__ = False
    authentication_classes = (HeaderAuthentication,)


class SeatTaken(DomainError):
    code = "tests.seat_taken"
    status = 409
    title = "That seat is taken"
    action = "Choose another."


class Item(Input):
    name = serializers.CharField(max_length=20)
    count = serializers.IntegerField(min_value=1)


class Order(Input):
    title = serializers.CharField()
    items = Item(many=True, required=False)


class EntryOutput(Output):
    id = serializers.UUIDField()
    what = serializers.CharField(source="action")
    at = serializers.DateTimeField()
    actor_id = serializers.UUIDField(allow_null=True)
    changes = serializers.JSONField()
    subject_id = serializers.CharField()


class Nested(Output):
    kind = serializers.CharField(source="subject_type")
    id = serializers.CharField(source="subject_id")


class EveryType(Output):
    whole = serializers.IntegerField()
    money = serializers.DecimalField(max_digits=12, decimal_places=2)
    took = serializers.DurationField()
    yes = serializers.BooleanField()
    tags = serializers.ListField(child=serializers.CharField())
    nothing = serializers.CharField(allow_null=True)
    subject = Nested(source="*")
    text = serializers.CharField(source="action")


class Guarded(TestView):
    permission = {"GET": "people.view", "POST": "people.add"}

    def get(self, request: Any) -> Response:
        return Response({"by": request.user.name})

    def post(self, request: Any) -> Response:
        return Response(Order.parse(request), status=201)


class Open(TestView):
    permission = {"GET": PUBLIC, "DELETE": SIGNED_IN}

    def get(self, request: Any) -> Response:
        return Response({"by": request.user.name})

    def delete(self, request: Any) -> Response:
        return Response(status=204)


class Entries(TestView):
    permission = {"GET": SIGNED_IN}

    @api(
        "Entries",
        responses=EntryOutput(many=True),
        search=("action", "subject_id"),
        filters={
            "what": "action",
            "what_in": "action__in",
            "actor": "actor_id",
            "after": "at__gt",
            "empty": lambda queryset, text: queryset.none() if text == "yes" else queryset,
        },
        dated="at",
    )
    def get(self, request: Any) -> Any:
        return rows(Entry.objects.all(), EntryOutput, request)


class One(TestView):
    permission = {"GET": SIGNED_IN, "PATCH": SIGNED_IN}

    def get(self, request: Any, id: UUID) -> Any:  # noqa: A002
        return etag.answer(request, row(Entry.objects.filter(id=id), EntryOutput))

    def patch(self, request: Any, id: UUID) -> Any:  # noqa: A002
        etag.check(request, row(Entry.objects.filter(id=id), EntryOutput), required=True)
        return Response(status=204)


class Types(TestView):
    permission = {"GET": SIGNED_IN}

    def get(self, request: Any) -> Any:
        queryset = Entry.objects.annotate(
            whole=Value(7, output_field=IntegerField()),
            money=Cast(Value(Decimal("1500.50")), DecimalField(max_digits=12, decimal_places=2)),
            took=Cast(Value(timedelta(hours=1)), DurationField()),
            yes=Value(True),
            tags=Func(F("action"), F("subject_id"), function="json_build_array", output_field=JSONField()),
            nothing=NullIf(F("action"), F("action"), output_field=CharField()),
        )
        return rows(queryset, EveryType, request)


class Masked(TestView):
    permission = {"GET": SIGNED_IN}

    def get(self, request: Any) -> Any:
        return rows(Entry.objects.all(), EntryOutput, request, each=lambda found: {**found, "what": "x"})


class Failing(TestView):
    """Fails the way `how` says, as a view could on values nobody foresaw."""

    permission = {"GET": SIGNED_IN}

    def get(self, request: Any) -> Any:
        how = request.query_params["how"]
        if how == "domain":
            raise SeatTaken("Seat A1 is taken.", next_free="10:00")
        statements = {
            "overflow": "SELECT 99999999999::bigint::int",
            "date": "SELECT '2026-02-31'::date",
            "uuid": "SELECT 'x'::uuid",
            "division": "SELECT 1/0",
            "unique": "INSERT INTO audit_entry SELECT (e).* FROM (SELECT e FROM audit_entry e LIMIT 1) x",
            "timeout": "SET statement_timeout = '10ms'; SELECT pg_sleep(1)",
        }
        with connection.cursor() as cursor:
            if how == "nul":
                cursor.execute("SELECT %s::text", ["a\x00b"])
            if how == "timeout":
                cursor.execute("SET statement_timeout = '10ms'")
            try:
                cursor.execute("SELECT pg_sleep(1)" if how == "timeout" else statements[how])
            finally:
                if how == "timeout":
                    cursor.execute("RESET statement_timeout")
        return Response(status=204)


class Unthrottled(TestView):
    permission = {"POST": PUBLIC}
    throttled_per_minute = None

    def post(self, request: Any) -> Any:
        return Response(status=204)


def pay(request: Any) -> Response:
    """Writes one audit entry per run, then answers as the body asks."""
    body = request.data
    Entry.objects.create(
        at="2026-11-20T00:00:00Z",
        actor_kind="staff",
        action="paid",
        subject_type=request.idempotency_id[:8],
        subject_id=str(body.get("n", "")),
    )
    crash.point(WORKED_HARD)
    status = body.get("status", 201)
    if status == "taken":
        raise SeatTaken()
    if status == "gone":
        raise ValueError("a fault of ours")
    if status == "poor":
        poor = DomainError("Not enough.", needed=2)
        poor.status = 402  # type: ignore[misc]
        raise poor
    return Response({"n": body.get("n")}, status=status, headers={"Location": "/payments/1"})


class Pay(TestView):
    permission = {"POST": SIGNED_IN}

    @idempotent_in_phases
    def post(self, request: Any) -> Any:
        return pay(request)


class PayAtOnce(TestView):
    permission = {"POST": SIGNED_IN}

    @idempotent
    def post(self, request: Any) -> Any:
        return pay(request)


def plain(request: HttpRequest) -> HttpResponse:
    """A plain view, as callbacks are."""
    raise SeatTaken()


patterns = [
    path("guarded", Guarded.as_view(), name="tests_guarded"),
    path("open", Open.as_view(), name="tests_open"),
    path("entries", Entries.as_view(), name="tests_entries"),
    path("entries/<uuid:id>", One.as_view(), name="tests_entry"),
    path("types", Types.as_view(), name="tests_types"),
    path("masked", Masked.as_view(), name="tests_masked"),
    path("failing", Failing.as_view(), name="tests_failing"),
    path("unthrottled", Unthrottled.as_view(), name="tests_unthrottled"),
    path("pay", Pay.as_view(), name="tests_pay"),
    path("pay-at-once", PayAtOnce.as_view(), name="tests_pay_at_once"),
    path("plain", plain, name="tests_plain"),
]
urlpatterns = [
    path("api/v1/", include(patterns)),
    path("", include("kernel.observe.urls")),
]
handler400 = "kernel.http.problems.bad_request"
handler403 = "kernel.http.problems.forbidden"
handler404 = "kernel.http.problems.not_found"
handler500 = "kernel.http.problems.internal"
