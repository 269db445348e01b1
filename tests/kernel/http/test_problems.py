"""Whatever goes wrong, the answer is a problem document with a stable code, and bad input is never a 500."""

import json
import re

import pytest
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404
from django.test import RequestFactory
from rest_framework import exceptions as drf
from rest_framework import serializers

from kernel.http import problems
from kernel.tenancy import tenant_scope


def test_a_refusal_is_a_problem_document(caller):
    answer = caller().get("/api/v1/failing", {"how": "domain"}, X_Request_ID="abcdef-123")
    assert answer.status_code == 409
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:shala:problem:tests.seat_taken",
        "title": "That seat is taken",
        "status": 409,
        "detail": "Seat A1 is taken.",
        "code": "tests.seat_taken",
        "action": "Choose another.",
        "request_id": "abcdef-123",
        "next_free": "10:00",
    }


def test_a_plain_views_refusal_is_one_too(caller):
    answer = caller().get("/api/v1/plain")
    assert (answer.status_code, answer.json()["code"]) == (409, "tests.seat_taken")


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("overflow", 400, "http.unacceptable_value"),
        ("date", 400, "http.unacceptable_value"),
        ("uuid", 400, "http.unacceptable_value"),
        ("nul", 400, "http.unacceptable_value"),
        ("timeout", 503, "http.try_again"),
        ("division", 500, "http.internal"),
    ],
)
def test_what_the_database_refuses(caller, how, status, code):
    answer = caller().get("/api/v1/failing", {"how": how})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (OperationalError("the database system is starting up"), 503, "http.try_again"),
        (InterfaceError("the connection is closed"), 503, "http.try_again"),
        (DataError("out of range"), 500, "http.internal"),
        (ZeroDivisionError(), 500, "http.internal"),
    ],
)
def test_a_database_that_is_away_before_any_view_is_reached(fault, status, code):
    try:
        raise fault
    except type(fault):
        answer = problems.internal(RequestFactory().get("/"))
    assert (answer.status_code, json.loads(answer.content)["code"]) == (status, code)


def test_a_rule_of_the_database_is_a_conflict(caller, academy):
    from kernel import audit

    with tenant_scope(academy):
        audit.record(action="x", subject_type="y", subject_id=1)
    answer = caller().get("/api/v1/failing", {"how": "unique"})
    assert answer.status_code == 409
    assert answer.json()["code"] == "http.conflict"
    assert answer.json()["rule"] == "audit_entry_pkey"


def test_an_unknown_address_is_a_problem(caller):
    answer = caller().get("/api/v1/nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "http.not_found")


@pytest.mark.parametrize(
    "body",
    [b"{", b'{"title": NaN}', b'{"title": "\\ud800"}', b"\xff", b"[" * 100_000, b'{"a":1}x', b""],
    ids=["cut", "nan", "surrogate", "latin", "deep", "tail", "empty"],
)
def test_a_body_that_cannot_be_read_is_malformed(caller, body):
    answer = caller("people.add").send("POST", "/api/v1/guarded", body)
    assert answer.status_code == 400
    assert answer.json()["code"] in {"http.malformed", "http.invalid"}


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("text/plain", 415),
        ("application/json; charset=utf-16", 201),
        ("", 415),
        ("multipart/form-data; boundary=x", 415),
    ],
)
def test_only_json_is_taken(caller, content_type, status):
    answer = caller("people.add").send("POST", "/api/v1/guarded", {"title": "t"}, content_type=content_type)
    assert answer.status_code == status


def test_every_bad_field_is_named(caller):
    body = {"items": [{"name": "ok", "count": 1}, {"name": "x" * 30, "count": 0}]}
    answer = caller("people.add").post("/api/v1/guarded", body)
    assert answer.status_code == 400
    document = answer.json()
    assert document["code"] == "http.invalid"
    assert "field" not in document
    assert {(e["field"], e["code"]) for e in document["errors"]} == {
        ("title", "required"),
        ("items.1.name", "max_length"),
        ("items.1.count", "min_value"),
    }


def test_one_bad_field_is_also_the_problems_field(caller):
    document = caller("people.add").post("/api/v1/guarded", {"title": ""}).json()
    assert document["field"] == "title"
    assert document["errors"] == [{"field": "title", "code": "blank", "detail": "This field may not be blank."}]


def test_an_unknown_field_is_refused_by_name(caller):
    answer = caller("people.add").post("/api/v1/guarded", {"title": "t", "amount": 1, "role": "owner"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "http.unknown_field"
    assert [e["field"] for e in answer.json()["errors"]] == ["amount", "role"]


def test_an_unknown_field_of_an_inner_object_is_refused(caller):
    body = {"title": "t", "items": [{"name": "a", "count": 1, "price": 1}]}
    answer = caller("people.add").post("/api/v1/guarded", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "http.unknown_field")


@pytest.mark.parametrize("body", [[], "text", 7, None, True])
def test_a_body_of_another_shape_is_invalid(caller, body):
    answer = caller("people.add").post("/api/v1/guarded", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "http.invalid")


@pytest.mark.parametrize("value", [10**30, "9" * 5000, 1.5, "x", None, {}, []])
def test_a_number_that_is_none_is_invalid(caller, value):
    body = b'{"title":"t","items":[{"name":"a","count":' + str(value).replace("'", '"').replace("None", "null").encode()
    answer = caller("people.add").send("POST", "/api/v1/guarded", body + b"}]}")
    assert answer.status_code in {400, 201}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Http404(), 404, "http.not_found"),
        (drf.NotAuthenticated(), 401, "http.not_signed_in"),
        (drf.PermissionDenied(), 403, "http.forbidden"),
        (drf.ParseError(), 400, "http.malformed"),
        (drf.UnsupportedMediaType("x"), 415, "http.unsupported_media_type"),
        (drf.MethodNotAllowed("PUT"), 405, "http.method_not_allowed"),
        (drf.Throttled(), 429, "http.throttled"),
        (serializers.ValidationError({"a": ["no"]}), 400, "http.invalid"),
    ],
)
def test_the_frameworks_errors_have_codes(error, status, code):
    refusal = problems.refusal(error)
    assert (refusal.status, refusal.code) == (status, code)


def test_a_fault_of_ours_is_not_a_refusal():
    assert problems.refusal(KeyError("x")) is None


def test_each_code_of_the_door_has_its_own_class():
    from kernel.errors import DomainError
    from kernel.http import errors

    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, DomainError)]
    codes = [c.code for c in classes]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch(r"http\.[a-z_]+", code) for code in codes)
    assert all(c.action for c in classes)


def test_the_handlers_of_the_url_maps_answer_problems():
    request = RequestFactory().get("/x")
    for handler, status in ((problems.bad_request, 400), (problems.forbidden, 403), (problems.not_found, 404)):
        assert handler(request, Exception("x")).status_code == status
    assert problems.internal(request).status_code == 500
