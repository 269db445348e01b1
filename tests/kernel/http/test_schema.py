"""The document says of each operation what the view really does."""

import re
from uuid import uuid4

import orjson
import pytest
from django.conf import settings
from django.test import Client
from django.urls import get_resolver
from drf_spectacular.drainage import GENERATOR_STATS

from kernel.http import api
from kernel.http.examples import example
from kernel.http.schema import Generator
from kernel.http.views import ApiView


@pytest.fixture(scope="module")
def document():
    return api.document()


def operations(document):
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def views():
    """Every API view of both URL maps with its host, path pattern and name."""

    def walk(patterns, prefix):
        for pattern in patterns:
            if hasattr(pattern, "url_patterns"):
                yield from walk(pattern.url_patterns, prefix + str(pattern.pattern))
            elif issubclass(getattr(pattern.callback, "cls", object), ApiView):
                yield prefix + str(pattern.pattern), pattern.callback.cls

    for urlconf in (settings.ROOT_URLCONF, settings.TENANT_URLCONF):
        for path, view in walk(get_resolver(urlconf).url_patterns, ""):
            yield urlconf, path, view


def test_it_is_written_without_a_warning():
    Generator(api_version="1").get_schema(request=None, public=True)
    assert not GENERATOR_STATS


def test_every_method_of_every_view_is_in_it(document):
    written = {(method, re.sub(r"{\w+}", "{}", path)) for method, path, _ in operations(document)}
    served = {
        (method, "/" + re.sub(r"<[^>]+>|\(\?P<[^>]+>[^)]*\)", "{}", path))
        for _, path, view in views()
        for method in view.permission
    }
    assert served == written


def test_each_operation_has_an_id_of_its_own_and_a_summary(document):
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    assert [i for i in ids if not re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)+", i)] == []
    assert [o["operationId"] for _, _, o in operations(document) if not o.get("summary")] == []


def test_each_operation_names_its_permission_and_its_refusals(document):
    for _, _, operation in operations(document):
        assert operation["x-permission"]
        assert operation["x-hosts"] in {"tenant", "platform", "both"}
        signed = operation["x-permission"] != "public"
        assert ("401" in operation["responses"]) >= signed
        assert operation["security"] == ([{"bearer": []}] if signed else [{}])


def test_every_reference_leads_somewhere(document):
    for reference in set(re.findall(rb'"\$ref":"#/([^"]+)"', orjson.dumps(document))):
        found = document
        for part in reference.decode().split("/"):
            found = found[part]
        assert found


def test_each_refusals_code_is_written_as_the_app_and_the_reason(document):
    codes = list(document["components"]["examples"])
    assert [code for code in codes if not re.fullmatch(r"[a-z]+\.[a-z0-9_]+", code)] == []


def test_it_is_served_to_machines_and_people(academy):
    host = {"Host": f"{academy.slug}.localhost"}
    served = Client().get("/api/v1/schema", headers=host)
    assert served.status_code == 200
    assert served.json()["openapi"].startswith("3.1")
    page = Client().get("/api/v1/docs", headers=host)
    assert page.status_code == 200
    assert page["Content-Type"].startswith("text/html")
    assert "default-src 'self'" in page["Content-Security-Policy"]
    assert b"audit_logs" in page.content
    assert b"<script" not in page.content


def test_the_root_says_whose_api_it_is(academy):
    host = {"Host": f"{academy.slug}.localhost"}
    assert Client().get("/api/v1", headers=host).json()["name"] == academy.name
    assert Client().get("/api/v1/health", headers=host).json()["status"] == "ok"
    assert Client().get("/api/v1", headers={"Host": "localhost"}).json()["kind"] == "platform"
    nowhere = Client().get("/api/v2/students", headers=host)
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "http.not_found")


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer", "minimum": 3}, 3),
        ({"type": ["string", "null"], "format": "date"}, "2026-11-20"),
        ({"enum": ["open", "paid"]}, "open"),
        ({"type": "array", "items": {"type": "boolean"}}, [True]),
        ({"type": "object", "properties": {"phone": {"type": "string"}}}, {"phone": "+919800000001"}),
        ({"allOf": [{"$ref": "#/components/schemas/A"}]}, {"n": 1.5}),
        ({"default": 7}, 7),
        ({}, None),
    ],
)
def test_an_example_fits_its_schema(schema, value):
    assert example(schema, {"A": {"type": "object", "properties": {"n": {"type": "number"}}}}) == value


def test_an_example_of_a_thing_that_holds_itself_ends():
    loop = {"type": "object", "properties": {"again": {"$ref": "#/components/schemas/A"}}}
    assert example(loop, {"A": loop})


def test_a_list_takes_the_parameters_the_document_names_and_no_other(document, admin, staff, academy, library):
    """Each list there is, asked with every name the document gives it, and with one more."""
    lists = [
        (path, operation)
        for method, path, operation in operations(document)
        if method == "GET" and any(one["name"] == "format" for one in operation.get("parameters", []))
    ]
    assert len(lists) >= 36
    callers = {"platform": admin(), "tenant": staff(academy)}
    for path, operation in lists:
        someone = callers["platform" if operation["x-hosts"] == "platform" else "tenant"]
        address = re.sub(r"{\w+}", str(uuid4()), path)
        names = [one["name"] for one in operation["parameters"] if one["in"] == "query"]
        refused = someone.get(f"{address}?unheard_of=1").json()
        if refused["code"] == "http.unknown_parameter":
            assert sorted(refused["allowed"]) == sorted(names), path
        else:  # the thing whose list it is, is looked up first
            assert (refused["status"], "{" in path) == (404, True), (path, refused)
        known = someone.get(f"{address}?{'&'.join(f'{name}=' for name in names if name != 'format')}")
        assert known.status_code in ({200, 404} if "{" in path else {200}), (path, known.content)


def test_the_words_of_a_parameter_say_how_it_is_given(document):
    named = {one["name"]: one for one in document["paths"]["/api/v1/payments"]["get"]["parameters"]}
    assert {"limit", "cursor", "order", "format", "search", "from", "to", "state"} <= set(named)
    assert named["state"]["description"] == "One or several, comma-separated."
    assert named["search"]["schema"] == {"type": "string", "maxLength": 100}
    unread = {one["name"]: one for one in document["paths"]["/api/v1/notifications"]["get"]["parameters"]}["unread"]
    assert unread["schema"] == {"type": "string", "enum": ["true", "false"]}
