"""The one source of time. SQL gets the moment as a parameter from here, so a test clock moves everything at once."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

# Read once: production settings refuse to start with it set. The file holds an offset in seconds and is shared by
# every process of a stack, so that moving it moves web, worker and beat together.
_FILE_VARIABLE = "SHALA_CLOCK_FILE"


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
    return datetime.now(UTC) + offset()


def today() -> date:
    """The present date where the current business is (its time zone is active inside its scope)."""
    from django.utils import timezone

    return now().astimezone(timezone.get_current_timezone()).date()
