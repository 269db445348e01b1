"""The one source of time. SQL gets the moment as a parameter from here, so a test clock moves everything at once."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

# Read once: production settings refuse to start with it set. The file holds an offset in seconds and is shared by
# every process of a stack, so that moving it moves web, worker and beat together.
_FILE_VARIABLE = "SHALA_CLOCK_FILE"

# By how much the clocks of two of our machines may differ.
SKEW = timedelta(minutes=1)

_zone: ContextVar[ZoneInfo] = ContextVar("zone", default=ZoneInfo("UTC"))


def offset() -> timedelta:
    """How far the test clock is moved; zero without a clock file."""
    path = os.environ.get(_FILE_VARIABLE)
    if not path:
        return timedelta()
    try:
        return timedelta(seconds=float(Path(path).read_text() or 0))
    except FileNotFoundError:
        return timedelta()


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return machine_now() + offset()


def machine_now() -> datetime:
    """The machine's instant, aware, in UTC, which no test clock moves.

    For leases alone: they measure whether a process is alive, and a clock moved by a day must not declare every worker
    dead.
    """
    return datetime.now(UTC)


def today() -> date:
    """The present date where the current business is."""
    return now().astimezone(_zone.get()).date()


def zone() -> ZoneInfo:
    """The time zone of the current business; UTC outside a scope."""
    return _zone.get()


def zone_set(zone: ZoneInfo) -> None:
    """Read dates in this zone from now on; whoever sets it sets the one before again."""
    _zone.set(zone)


@contextmanager
def in_zone(name: str) -> Iterator[ZoneInfo]:
    """Make `name` (IANA) the zone dates are read in."""
    token = _zone.set(ZoneInfo(name))
    try:
        yield _zone.get()
    finally:
        _zone.reset(token)
