"""The HTTP door's connection to Redis."""

from functools import cache

import redis
from django.conf import settings

from kernel import valkey


@cache
def client() -> redis.Redis:
    """The process's client, with short time-outs: a count is never worth waiting for."""
    return valkey.connected(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5)
