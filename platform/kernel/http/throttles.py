"""How many requests one caller, and one tenant, may send a minute: counted in Redis over a sliding minute."""

import hashlib
import logging
import time

from django.conf import settings
from redis import RedisError

from kernel import quotas
from kernel.http import counting, errors
from kernel.http.clients import client_ip, network
from kernel.http.request import Request
from kernel.tenancy import Business

log = logging.getLogger(__name__)

DEFAULT = 100

PLAN_LIMIT = "api_per_minute"
"""The quota that says how many requests a minute the people of a tenant may send together."""
PLAN_TRUSTED_S = 30.0
_PLAN = "plan:"


def count(request: Request, *, per_minute: int | None = DEFAULT) -> None:
    """Count one request of its caller; raises Throttled with Retry-After when the minute is used up.

    The people of a tenant also share what its plan allows; strangers do not draw on that, or they could shut a tenant's
    people out. Sets `request.rate_headers` (RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset in seconds). Without
    Redis requests pass uncounted: what must never pass unlimited (OTPs, credits) is limited in the database.
    """
    if per_minute is None:
        return
    try:
        counted = counting.count(_limits(request, per_minute))
    except RedisError:
        log.warning("throttle.redis_unreachable")
        return
    request.rate_headers = {
        "RateLimit-Limit": str(counted.limit),
        "RateLimit-Remaining": str(counted.left),
        "RateLimit-Reset": str(counted.wait_s),
    }
    if counted.is_full:
        whose = " of everyone here together, as the plan allows," if counted.name.startswith(_PLAN) else ""
        refusal = errors.Throttled(
            f"More than {counted.limit} requests{whose} in a minute.", retry_after=counted.wait_s
        )
        refusal.headers = {"Retry-After": str(counted.wait_s)}
        raise refusal


def _limits(request: Request, per_minute: int) -> dict[str, int]:
    """The counters the request counts in, with the limit of each: its caller's first, then that of its tenant's plan."""
    limit = settings.REQUESTS_PER_MINUTE if per_minute == DEFAULT else per_minute
    match = request._request.resolver_match
    # An address with a limit of its own counts apart.
    limits = {_caller(request) + (f":{match.view_name if match else limit}" if per_minute != DEFAULT else ""): limit}
    business = getattr(request._request, "business", None)
    if business is not None and request.user.is_authenticated:
        plan_limit = _plan_limit(business)
        if plan_limit is not None:
            limits[f"{_PLAN}{business.schema}"] = plan_limit
    return limits


_plan_limits: dict[str, tuple[float, int | None]] = {}


def _plan_limit(business: Business) -> int | None:
    """The plan's figure, asked of the database at most every half minute; None for the operator and without a plan."""
    if business.is_platform:
        return None
    until, limit = _plan_limits.get(business.schema, (0.0, None))
    if until <= time.monotonic():
        limit = quotas.limit_of(PLAN_LIMIT)
        _plan_limits[business.schema] = (time.monotonic() + PLAN_TRUSTED_S, limit)
    return limit


def _caller(request: Request) -> str:
    if request.user.is_authenticated:
        name = f"{_host(request)}|{request.user.name}"
    else:
        name = f"{_host(request)}|{network(client_ip(request._request))}"
    return hashlib.blake2b(name.encode(), digest_size=16).hexdigest()


def _host(request: Request) -> str:
    business = getattr(request._request, "business", None)
    return str(business.schema) if business else request._request.headers.get("Host", "")
