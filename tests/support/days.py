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


def receipt_of(number: int) -> str:
    """The receipt of that number of the financial year that runs, April to March: `A/2026-27/000001`."""
    today = local_today()
    year = today.year - (today.month < 4)
    return f"A/{year}-{(year + 1) % 100:02d}/{number:06d}"
