"""The days of the businesses that scripts make, which are all in India, wherever the machine is."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

INDIA = ZoneInfo("Asia/Kolkata")


def local_today() -> date:
    """The present date where the businesses are, by the machine's clock."""
    return datetime.now(UTC).astimezone(INDIA).date()
