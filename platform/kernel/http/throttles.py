"""How many requests one caller may send a minute, counted in Redis over a sliding minute."""

import hashlib
import logging
from functools import cache
from typing import Any

from django.conf import settings
from redis import RedisError

from kernel.http import errors
from kernel.http.clients import client_ip, network
from kernel.http.redis import client
from kernel.http.request import Request
from kernel.ids import uuid7

log = logging.getLogger(__name__)

DEFAULT = 100
WINDOW_S = 60

# One sorted set per caller holds the moments of the last minute, by Redis' own clock: exact, shared by all processes,
# and gone a minute after the last request. Answers {allowed, left, microseconds until a place frees}.
_COUNT = """
local now = redis.call('TIME')
local at = now[1] * 1000000 + now[2]
local window = ARGV[2] * 1000000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', at - window)
local used = redis.call('ZCARD', KEYS[1])
local limit = tonumber(ARGV[1])
local allowed = 0
if used < limit then
  redis.call('ZADD', KEYS[1], at, ARGV[3])
  redis.call('EXPIRE', KEYS[1], ARGV[2])
  used = used + 1
  allowed = 1
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return {allowed, limit - used, oldest[2] + window - at}
"""


@cache
def _script() -> Any:
    return client().register_script(_COUNT)


def count(request: Request, *, per_minute: int | None = DEFAULT) -> None:
    """Count one request of its caller; raises Throttled with Retry-After when the minute is used up.

    Sets `request.rate_headers` (RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset in seconds). Without Redis
    requests pass uncounted: what must never pass unlimited (OTPs, credits) is limited in the database.
    """
    if per_minute is None:
        return
    limit = settings.REQUESTS_PER_MINUTE if per_minute == DEFAULT else per_minute
    # A view with a limit of its own counts apart.
    key = f"{settings.REDIS_PREFIX}rate:{_caller(request)}" + (f":{limit}" if per_minute != DEFAULT else "")
    try:
        allowed, left, wait_us = _script()(keys=[key], args=[limit, WINDOW_S, uuid7().hex])
    except RedisError:
        log.warning("throttle.redis_unreachable")
        return
    wait_s = max(1, -(-int(wait_us) // 1_000_000))
    request.rate_headers = {
        "RateLimit-Limit": str(limit),
        "RateLimit-Remaining": str(left),
        "RateLimit-Reset": str(wait_s),
    }
    if not allowed:
        refusal = errors.Throttled(f"More than {limit} requests in a minute.", retry_after=wait_s)
        refusal.headers = {"Retry-After": str(wait_s)}
        raise refusal


def _caller(request: Request) -> str:
    if request.user.is_authenticated:
        name = f"{_host(request)}|{request.user.name}"
    else:
        name = f"{_host(request)}|{network(client_ip(request._request))}"
    return hashlib.blake2b(name.encode(), digest_size=16).hexdigest()


def _host(request: Request) -> str:
    business = getattr(request._request, "business", None)
    return str(business.schema) if business else request._request.headers.get("Host", "")
