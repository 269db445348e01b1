"""Every answer protects itself and can be found again by its id."""

import re

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from kernel.http.middleware import BodyMiddleware


def test_an_answer_carries_protective_headers(caller):
    answer = caller().get("/api/v1/open")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert answer["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in answer


def test_over_tls_browsers_are_told_to_stay_there(caller, settings):
    settings.SECURE_HSTS_SECONDS = 31536000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    someone = caller()
    answer = someone.client.get("/api/v1/open", headers=someone.headers, secure=True)
    assert answer["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_refusals_of_the_outer_layers_carry_them_too(caller):
    stranger = caller(signed_in=False)
    stranger.headers["Host"] = "nobody.localhost"
    answer = stranger.get("/api/v1/open")
    assert (answer.status_code, answer.json()["code"]) == (404, "tenancy.host_unknown")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer.json()["request_id"] == answer["X-Request-ID"]


def test_a_harmless_request_id_is_kept(caller):
    answer = caller().get("/api/v1/nowhere", X_Request_ID="trace.id_42-abc")
    assert answer["X-Request-ID"] == answer.json()["request_id"] == "trace.id_42-abc"


@pytest.mark.parametrize("offered", ["short", "x" * 65, "with space here", "line\tbreak-1", "<script>1", ""])
def test_another_is_replaced(caller, offered):
    answer = caller().get("/api/v1/open", X_Request_ID=offered)
    assert re.fullmatch(r"[0-9a-f]{32}", answer["X-Request-ID"])


def test_a_body_nobody_reads_is_taken_in_and_one_that_was_read_stays():
    def answered(read: bool) -> tuple[HttpRequest, bytes]:
        request = RequestFactory().post("/", b"x" * 100_000, content_type="text/plain")
        seen: list[bytes] = []

        def view(one: HttpRequest) -> HttpResponse:
            seen.append(one.body if read else b"")
            return HttpResponse()

        BodyMiddleware(view)(request)
        return request, seen[0]

    request, _ = answered(read=False)
    assert request.read() == b""
    request, seen = answered(read=True)
    assert request.body == seen == b"x" * 100_000
