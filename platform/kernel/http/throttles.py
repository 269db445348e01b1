"""How many requests one caller, and one tenant, may send a minute: counted in Redis over a sliding minute."""

import hashlib
import logging
import time
from functools import cache
from typing import Any

from django.conf import settings
from redis import RedisError

from kernel import quotas
from kernel.http import errors
from kernel.http.clients import client_ip, network
from kernel.http.redis import client
from kernel.http.request import Request
from kernel.ids import uuid7
from kernel.tenancy import Business

log = logging.getLogger(__name__)

DEFAULT = 100
WINDOW_S = 60

PLAN_LIMIT = "api_per_minute"
"""The quota that says how many requests a minute the people of a tenant may send together."""
PLAN_TRUSTED_S = 30.0

# One sorted set per counter holds the moments of the last minute, by Redis' own clock: exact, shared by all processes,
# and gone a minute after the last request. Each key has its limit; a request that finds one of them full counts in none.
# Answers {which key refused or 0, left, microseconds until a place frees}: of the key that refused, else of the first.
_COUNT = """
local now = redis.call('TIME')
local at = now[1] * 1000000 + now[2]
local window = ARGV[1] * 1000000
local full, shown = 0, 1
for i, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', at - window)
  if full == 0 and redis.call('ZCARD', key) >= tonumber(ARGV[2 + i]) then
    full, shown = i, i
  end
end
if full == 0 then
  for _, key in ipairs(KEYS) do
    redis.call('ZADD', key, at, ARGV[2])
    redis.call('EXPIRE', key, ARGV[1])
  end
end
local oldest = redis.call('ZRANGE', KEYS[shown], 0, 0, 'WITHSCORES')
local wait = oldest[2] and (oldest[2] + window - at) or window
return {full, math.max(tonumber(ARGV[2 + shown]) - redis.call('ZCARD', KEYS[shown]), 0), wait}
"""


@cache
def _script() -> Any:
    return client().register_script(_COUNT)


def count(request: Request, *, per_minute: int | None = DEFAULT) -> None:
    """Count one request of its caller; raises Throttled with Retry-After when the minute is used up.

    The people of a tenant also share what its plan allows; strangers do not draw on that, or they could shut a tenant's
    people out. Sets `request.rate_headers` (RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset in seconds). Without
    Redis requests pass uncounted: what must never pass unlimited (OTPs, credits) is limited in the database.
    """
    if per_minute is None:
        return
    counters = _counters(request, per_minute)
    limits = list(counters.values())
    try:
        full, left, wait_us = _script()(
            keys=[f"{settings.REDIS_PREFIX}rate:{name}" for name in counters], args=[WINDOW_S, uuid7().hex, *limits]
        )
    except RedisError:
        log.warning("throttle.redis_unreachable")
        return
    limit = limits[max(full - 1, 0)]
    wait_s = max(1, -(-int(wait_us) // 1_000_000))
    request.rate_headers = {
        "RateLimit-Limit": str(limit),
        "RateLimit-Remaining": str(left),
        "RateLimit-Reset": str(wait_s),
    }
    if full:
        whose = " of everyone here together, as the plan allows," if full > 1 else ""
        refusal = errors.Throttled(f"More than {limit} requests{whose} in a minute.", retry_after=wait_s)
        refusal.headers = {"Retry-After": str(wait_s)}
        raise refusal


def _counters(request: Request, per_minute: int) -> dict[str, int]:
    """What the request counts in, with the limit of each: its caller first, then its tenant's plan."""
    limit = settings.REQUESTS_PER_MINUTE if per_minute == DEFAULT else per_minute
    match = request._request.resolver_match
    # An address with a limit of its own counts apart.
    counters = {_caller(request) + (f":{match.view_name if match else limit}" if per_minute != DEFAULT else ""): limit}
    business = getattr(request._request, "business", None)
    if business is not None and request.user.is_authenticated:
        plan_limit = _plan_limit(business)
        if plan_limit is not None:
            counters[f"plan:{business.schema}"] = plan_limit
    return counters


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
