"""Reaching Redis or Valkey: one server at its own address, or whichever of several the sentinels name at the moment.

`redis://…` is one server. `sentinel://:password@one:26379,two:26379/0?master=shala` asks those sentinels for the server
called `shala`; its password is the URL's, that of the sentinels themselves, if any, `sentinel_password=…`.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.asyncio.sentinel import Sentinel as AsyncSentinel
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

SCHEME = "sentinel"
SENTINEL_PORT = 26379


@dataclass(frozen=True, slots=True)
class Sentinels:
    """A `sentinel://` URL, taken apart. `login` is for the server, `sentinel_login` for those who name it."""

    addresses: tuple[tuple[str, int], ...]
    master: str
    database: int
    login: dict[str, Any]
    sentinel_login: dict[str, Any]

    @classmethod
    def of(cls, url: str) -> "Sentinels":
        """Raises ValueError for an address without a host or without `master`."""
        parts = urlsplit(url)
        place = parts.netloc.rpartition("@")[2]
        hosts = [one.rpartition(":") if ":" in one else (one, ":", str(SENTINEL_PORT)) for one in place.split(",")]
        asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if not asked.get("master") or not all(host for host, _, _ in hosts):
            raise ValueError("say sentinel://:password@host:port,host:port/0?master=name")
        user, _, password = parts.netloc.rpartition("@")[0].partition(":")
        login = {"username": unquote(user), "password": unquote(password)}
        return cls(
            addresses=tuple((host, int(port)) for host, _, port in hosts),
            master=asked["master"],
            database=int(parts.path.strip("/") or 0),
            login={name: value for name, value in login.items() if value},
            sentinel_login={"password": asked["sentinel_password"]} if "sentinel_password" in asked else {},
        )

    def asking(self, retry: Any) -> dict[str, Any]:
        """How a sentinel is asked: once, because the next one is asked in its stead; `retry` is redis' class for that."""
        return {**self.sentinel_login, "retry": retry(NoBackoff(), 0)}


def connected(url: str, **options: Any) -> redis.Redis:
    """A client of the server that takes writes; it connects at the first command, and again after a failover."""
    if not url.startswith(f"{SCHEME}:"):
        return redis.Redis.from_url(url, **options)
    told = Sentinels.of(url)
    asked = Sentinel(told.addresses, sentinel_kwargs={**options, **told.asking(Retry)})
    once: dict[str, Any] = {"retry": Retry(NoBackoff(), 1)}
    return asked.master_for(told.master, db=told.database, **told.login, **once, **options)


def connected_async(url: str, **options: Any) -> redis.asyncio.Redis:
    """The same for an event loop."""
    if not url.startswith(f"{SCHEME}:"):
        return redis.asyncio.Redis.from_url(url, **options)
    told = Sentinels.of(url)
    asked = AsyncSentinel(told.addresses, sentinel_kwargs={**options, **told.asking(AsyncRetry)})
    once: dict[str, Any] = {"retry": AsyncRetry(NoBackoff(), 1)}
    client: redis.asyncio.Redis = asked.master_for(told.master, db=told.database, **told.login, **once, **options)
    return client
