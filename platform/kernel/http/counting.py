"""Counts over a sliding minute, shared by all processes in Redis, which is asked only where the answer may matter.

A process that was told a moment ago that a counter is less than half full lets a few requests pass by itself and tells of
them with the next it asks for. So a burst costs one trip to Redis and not one a request. One process alone never
lets a request too many pass; where many share a counter, each may let pass what it has not told yet: a 32nd of the
limit at most.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from math import ceil
from threading import Lock
from typing import Any

from django.conf import settings

from kernel.http.redis import client
from kernel.ids import uuid7

WINDOW_S = 60
TRUSTED_S = 1.0
UNTOLD_PART, UNTOLD_MOST = 32, 64

# One sorted set per counter holds the moments of the last minute, by Redis' own clock: exact, shared by all processes,
# and gone a minute after the last request. Each key has its limit, and how many requests it has not been told of; those
# have passed. A request that finds one of the keys full counts in none.
# Answers {which key refused or 0, now in microseconds, then of each key: left, microseconds until a place frees}.
_COUNT = """
local now = redis.call('TIME')
local at = now[1] * 1000000 + now[2]
local window = ARGV[1] * 1000000
local full = 0
for i, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', at - window)
  for n = 1, tonumber(ARGV[2 * i + 2]) do
    redis.call('ZADD', key, at, ARGV[2] .. n)
  end
  if full == 0 and redis.call('ZCARD', key) >= tonumber(ARGV[2 * i + 1]) then
    full = i
  end
end
local told = {full, at}
for i, key in ipairs(KEYS) do
  if full == 0 then
    redis.call('ZADD', key, at, ARGV[2])
  end
  redis.call('EXPIRE', key, ARGV[1])
  local oldest = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  told[#told + 1] = math.max(tonumber(ARGV[2 * i + 1]) - redis.call('ZCARD', key), 0)
  told[#told + 1] = oldest[2] and (oldest[2] + window - at) or window
end
return told
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """Whether a counter was full, and of that one, else of the first: its name, how many requests are left of its limit,
    and in how many seconds (1 to 60) a place frees."""

    is_full: bool
    name: str
    limit: int
    left: int
    wait_s: int


class _Counter:
    """What this process knows of one counter with its limit."""

    __slots__ = ("asking", "at", "frees", "heard", "left", "limit", "name", "untold", "untold_most")

    def __init__(self, name: str, limit: int) -> None:
        self.name, self.limit = name, limit
        self.untold_most = min(limit // UNTOLD_PART, UNTOLD_MOST)
        # As Redis said last: at which moment of its own clock, and of ours.
        self.at, self.heard, self.left, self.frees = 0, float("-inf"), 0, 0.0
        # What passed and is yet to be told, and what Redis is being told and asked of at this moment.
        self.untold, self.asking = 0, 0

    def has_room(self, now: float) -> bool:
        """Whether one more may pass without asking."""
        left = self.left - self.untold - self.asking
        return self.untold < self.untold_most and left * 2 > self.limit and now - self.heard < TRUSTED_S

    def to_tell(self, now: float) -> int:
        """How many Redis is to be told of with the next it is asked for; what passed a minute ago is nobody's affair."""
        kept, self.untold = self.untold if now - self.heard < WINDOW_S else 0, 0
        self.asking += kept + 1
        return kept

    def learn(self, at: int, left: int, frees: float, now: float) -> None:
        """Take what Redis said at `at`, unless something later is known."""
        if at > self.at or (at == self.at and left < self.left):
            self.at, self.left, self.frees, self.heard = at, left, frees, now


_lock = Lock()


@lru_cache(maxsize=65_536)
def _counter(name: str, limit: int) -> _Counter:
    return _Counter(name, limit)


@cache
def _script() -> Any:
    return client().register_script(_COUNT)


def forget() -> None:
    """Know nothing of any counter, as a process just begun."""
    _counter.cache_clear()
    _script.cache_clear()


def count(limits: Mapping[str, int]) -> Counted:
    """Count one request in each of these counters, or in none when one of them is full; `limits` are requests a minute.

    Raises RedisError.
    """
    counters = [_counter(name, limit) for name, limit in limits.items()]
    now = time.monotonic()
    with _lock:
        if all(counter.has_room(now) for counter in counters):
            for counter in counters:
                counter.untold += 1
            first = counters[0]
            return _counted(first, left=first.left - first.untold, wait_s=first.frees - now)
        untold = [counter.to_tell(now) for counter in counters]
    try:
        full, at, *told = _asked(counters, untold)
        answers = [(left, wait_us / 1_000_000) for left, wait_us in zip(told[::2], told[1::2], strict=True)]
        now = time.monotonic()
        with _lock:
            for counter, (left, wait_s) in zip(counters, answers, strict=True):
                counter.learn(at, left, now + wait_s, now)
    finally:
        with _lock:
            for counter, kept in zip(counters, untold, strict=True):
                counter.asking -= kept + 1
    shown = max(full - 1, 0)
    left, wait_s = answers[shown]
    return _counted(counters[shown], left=left, wait_s=wait_s, is_full=bool(full))


def _asked(counters: list[_Counter], untold: list[int]) -> list[int]:
    """What the script answers."""
    keys = [f"{settings.REDIS_PREFIX}rate:{counter.name}" for counter in counters]
    numbers = [number for counter, kept in zip(counters, untold, strict=True) for number in (counter.limit, kept)]
    answer: list[int] = _script()(keys=keys, args=[WINDOW_S, uuid7().hex, *numbers])
    return answer


def _counted(counter: _Counter, *, left: int, wait_s: float, is_full: bool = False) -> Counted:
    return Counted(is_full, counter.name, counter.limit, left, min(max(ceil(wait_s), 1), WINDOW_S))
