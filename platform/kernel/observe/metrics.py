"""Counts for Prometheus; with several processes (`PROMETHEUS_MULTIPROC_DIR`) they are summed where they are read."""

import os
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY

# Routes and statuses are few; tenants are thousands, so no label names one.
REQUESTS = Counter("shala_requests_total", "Requests answered", ["route", "method", "status"])
SECONDS = Histogram(
    "shala_request_seconds",
    "Time to answer a request",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10),
)
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def request_done(*, route: str, method: str, status: int, seconds: float) -> None:
    """Count one answered request; `route` is a URL pattern's name, never a path."""
    answered, taken = _of(route, method if method in _METHODS else "other", status)
    answered.inc()
    taken.observe(seconds)


@cache
def _of(route: str, method: str, status: int) -> tuple[Counter, Histogram]:
    """The two that count such answers. There are as many as are told of; looking them up takes as long as counting."""
    return REQUESTS.labels(route, method, str(status)), SECONDS.labels(route)


def text() -> bytes:
    """The exposition text of this process, or of all processes that share the directory."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return generate_latest(registry)
