"""Finding a business by host or schema, from a look-up kept in process.

The look-up itself belongs to the app that owns tenants (`TENANT_DIRECTORY`); it runs under a role that can read just
the names. What was found is kept as long as the process hears which tenants change (`hearing`), so a busy process asks
for a host once a minute and a suspended tenant is refused at once everywhere. A process that has heard nothing for a
second trusts what it found for a second. Hosts nobody owns are kept apart in a small table of their own, so that whoever
asks for ever new ones pushes out no tenant's.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from threading import Lock
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from kernel.tenancy.business import PUBLIC_SCHEMA, Business
from kernel.tenancy.errors import TenancyError
from kernel.tenancy.hearing import Ear
from kernel.tenancy.scope import platform_business, system_scope

TRUSTED_SECONDS = 1.0
# However much was heard: what was changed where no trigger fires is seen after so long.
KEPT_SECONDS = 60.0
CAPACITY, STRANGERS = 20_000, 1_000


# When it was read, and what was found.
_Table = OrderedDict[str, tuple[float, Business | None]]


class _Cache:
    def __init__(self, ear: Ear | None = None) -> None:
        self._ear = ear
        self._known: _Table = OrderedDict()
        self._strangers: _Table = OrderedDict()
        self._told = 0
        self._lock = Lock()

    def get(self, key: str, load: Callable[[], Business | None]) -> Business | None:
        entry = self._fresh(key)
        if entry is not None:
            return entry[1]
        begun, told = time.monotonic(), self._told
        business = load()
        with self._lock:
            self._known.pop(key, None)
            self._strangers.pop(key, None)
            table, capacity = (self._strangers, STRANGERS) if business is None else (self._known, CAPACITY)
            if told == self._told:  # else it may have been read before the change that was told of meanwhile
                table[key] = begun, business
            while len(table) > capacity:
                table.popitem(last=False)
        return business

    def known(self, key: str) -> tuple[bool, Business | None]:
        entry = self._fresh(key)
        return (False, None) if entry is None else (True, entry[1])

    def drop(self, mark: str | None = None) -> None:
        """Forget the business with this id or schema, and that nobody owned a host; without a mark, everything."""
        with self._lock:
            self._told += 1
            self._strangers.clear()
            for key, (_, business) in list(self._known.items()):
                if mark is None or business is None or mark in {str(business.id), business.schema}:
                    del self._known[key]

    def _fresh(self, key: str) -> tuple[float, Business | None] | None:
        entry = self._known.get(key) or self._strangers.get(key)
        if entry is None:
            return None
        now = time.monotonic()
        return entry if now - entry[0] < TRUSTED_SECONDS or self._is_kept(entry[0], now) else None

    def _is_kept(self, read: float, now: float) -> bool:
        return now - read < KEPT_SECONDS and self._ear is not None and self._ear.has_heard(now - TRUSTED_SECONDS)


def _told(mark: str | None) -> None:
    for table in (_by_host, _by_schema):
        table.drop(mark)


_ear = Ear(_told)
_by_host = _Cache(_ear)
_by_schema = _Cache(_ear)


def business_by_host(host: str) -> Business | None:
    """The business a host name (without port) belongs to, the operator for the bare domain, None for a stranger."""
    name = host.lower().rstrip(".")
    if name in settings.PLATFORM_HOSTS:
        return platform_business()
    return _by_host.get(name, lambda: _load("by_host", name))


def known_by_host(host: str) -> tuple[bool, Business | None]:
    """Whether `business_by_host` would answer from memory, and what: so much may be asked on an event loop."""
    name = host.lower().rstrip(".")
    if name in settings.PLATFORM_HOSTS:
        return True, platform_business()
    return _by_host.known(name)


def business_by_schema(schema: str) -> Business:
    """The business of a schema. Raises TenancyError for a schema no tenant has."""
    if schema == PUBLIC_SCHEMA:
        return platform_business()
    business = _by_schema.get(schema, lambda: _load("by_schema", schema))
    if business is None:
        raise TenancyError(f"no tenant has schema {schema}")
    return business


def alive_businesses() -> list[Business]:
    """Every tenant whose people may work and whose jobs run; read afresh, for the schedule."""
    found: list[Business] = _asked("alive")
    return found


def standing_businesses() -> list[Business]:
    """Every tenant that is made and has not left, whatever its state lets run; read afresh, for the schedule."""
    found: list[Business] = _asked("standing")
    return found


def is_behind(business: Business) -> bool:
    """Whether its schema lacks migrations that this process counts on. Between transactions, never on an event loop."""
    return _versions().is_behind(business.fingerprint)


@cache
def _versions() -> Any:
    """It has tables, so it is not there before the apps are."""
    from kernel.tenancy.fleet import versions

    return versions


def forget() -> None:
    """Drop what is cached in this process; called where a tenant changes."""
    _told(None)


def _load(how: str, key: str) -> Business | None:
    _ear.open()
    business: Business | None = _asked(how, key)
    return business


def _asked(how: str, *args: str) -> Any:
    """What the app that owns tenants answers, by a role that can read just the names."""
    with system_scope("directory"):
        return import_string(f"{settings.TENANT_DIRECTORY}.{how}")(*args)
