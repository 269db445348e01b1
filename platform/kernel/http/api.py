"""The API's own addresses: what is here, its document for machines and for people, and whether it is well."""

import json
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from rest_framework import serializers
from rest_framework.response import Response

from kernel import clock
from kernel.http.rendering import dumps
from kernel.http.request import Request
from kernel.http.schema import Generator, api
from kernel.http.serializers import Output
from kernel.http.views import PUBLIC, ApiView
from kernel.tenancy import current


class RootOutput(Output):
    name = serializers.CharField()
    kind = serializers.CharField()
    language = serializers.CharField()
    zone = serializers.CharField()
    schema = serializers.CharField()
    docs = serializers.CharField()


class HealthOutput(Output):
    status = serializers.CharField()
    at = serializers.DateTimeField()


class Root(ApiView):
    permission = {"GET": PUBLIC}
    hosts = "both"

    @api("Whose API this is", responses=RootOutput)
    def get(self, request: Request) -> Response:
        business = current()
        return Response(
            {
                "name": business.name,
                "kind": business.kind,
                "language": business.language,
                "zone": business.zone,
                "schema": "/api/v1/schema",
                "docs": "/api/v1/docs",
            }
        )


class Health(ApiView):
    permission = {"GET": PUBLIC}
    hosts = "both"

    @api("Whether the API answers", responses=HealthOutput)
    def get(self, request: Request) -> Response:
        return Response({"status": "ok", "at": clock.now()})


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document of both hosts."""
    return Generator(api_version="1").get_schema(request=None, public=True)


@cache
def _document_json() -> bytes:
    return dumps(document())


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """The document as JSON."""
    return HttpResponse(_document_json(), content_type="application/vnd.oai.openapi+json")


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The document as a page that needs no script."""
    tags: dict[str, list[dict[str, Any]]] = {}
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            shown = {"method": method.upper(), "path": path, **_shown(operation)}
            tags.setdefault(operation["tags"][0], []).append(shown)
    return render(request, "http/docs.html", {"title": settings.PLATFORM_NAME, "tags": sorted(tags.items())})


def _shown(operation: dict[str, Any]) -> dict[str, Any]:
    """What the page tells of one operation."""
    return {
        "id": operation["operationId"],
        "summary": operation.get("summary", ""),
        "description": operation.get("description", ""),
        "parameters": operation.get("parameters", []),
        "body": _example(operation.get("requestBody", {})),
        "answers": [
            {"status": status, "description": _resolved(answer).get("description", ""), "example": _example(answer)}
            for status, answer in sorted(operation["responses"].items())
        ],
    }


def _resolved(answer: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in answer:
        return answer
    found: dict[str, Any] = document()["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
    return found


def _example(body: dict[str, Any]) -> str:
    content = body.get("content", {}).get("application/json", {})
    if "example" not in content:
        return ""
    return json.dumps(content["example"], indent=2, ensure_ascii=False)
