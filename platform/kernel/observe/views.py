"""What a supervisor and a monitor ask: alive, ready, and the counts."""

import ipaddress
import logging
from typing import Any

import orjson
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST
from redis import RedisError

from kernel.http import errors
from kernel.http.redis import client
from kernel.observe import metrics
from kernel.tenancy import system_scope

log = logging.getLogger(__name__)


@require_safe
def healthz(_: HttpRequest) -> HttpResponse:
    """200 while the process answers at all."""
    return _json({"status": "ok"})


@require_safe
def readyz(_: HttpRequest) -> HttpResponse:
    """200 when the database answers, else 503. Redis is reported and not required: it may be lost at any time."""
    checks = {"database": _database(), "redis": _redis()}
    ready = checks["database"] == "ok"
    return _json({"status": "ok" if ready else "unavailable", "checks": checks}, status=200 if ready else 503)


@require_safe
def metrics_text(request: HttpRequest) -> HttpResponse:
    """The counts, for a monitor on a private address that does not come through the proxy."""
    peer = str(request.META.get("REMOTE_ADDR") or "127.0.0.1")
    if "X-Forwarded-For" in request.headers or not ipaddress.ip_address(peer).is_private:
        raise errors.NotFound()
    return HttpResponse(metrics.text(), content_type=CONTENT_TYPE_LATEST)


def _database() -> str:
    try:
        with system_scope("directory"), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except (DatabaseError, InterfaceError):
        log.warning("ready.database_unreachable", exc_info=True)
        return "unreachable"
    return "ok"


def _redis() -> str:
    try:
        client().ping()
    except RedisError:
        return "unreachable"
    return "ok"


def _json(data: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return HttpResponse(orjson.dumps(data), status=status, content_type="application/json")
