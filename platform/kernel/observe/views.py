"""What a supervisor and a monitor ask: alive, ready, and the counts."""

import ipaddress
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from kernel.http import errors
from kernel.observe import checks, metrics


@require_safe
def healthz(_: HttpRequest) -> HttpResponse:
    """200 while the process answers at all."""
    return _json({"status": "ok"})


@require_safe
def readyz(_: HttpRequest) -> HttpResponse:
    """200 when the database answers, else 503. Redis is reported and not required: it may be lost at any time."""
    found = {"database": checks.database(), "redis": checks.redis()}
    ready = found["database"] == checks.OK
    return _json({"status": "ok" if ready else "unavailable", "checks": found}, status=200 if ready else 503)


@require_safe
def metrics_text(request: HttpRequest) -> HttpResponse:
    """The counts, for a monitor on a private address that does not come through the proxy."""
    peer = str(request.META.get("REMOTE_ADDR") or "127.0.0.1")
    if "X-Forwarded-For" in request.headers or not ipaddress.ip_address(peer).is_private:
        raise errors.NotFound()
    return HttpResponse(metrics.text(), content_type=CONTENT_TYPE_LATEST)


def _json(data: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return HttpResponse(orjson.dumps(data), status=status, content_type="application/json")
