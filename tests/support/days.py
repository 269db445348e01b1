"""The days of the tests' businesses, which are all in India: outside a scope the clock's own day is the one of UTC."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from kernel import clock

_INDIA = ZoneInfo("Asia/Kolkata")


def local_now() -> datetime:
    """The present instant as a clock on a business's wall shows it."""
    return clock.now().astimezone(_INDIA)


def local_today() -> date:
    """The present date where the businesses are."""
    return local_now().date()
