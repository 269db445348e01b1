"""A shift's hours are those of the clock on the wall where the business is, on every day of the year."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from kernel.ids import uuid7
from kernel.tenancy import Business, tenant_scope
from tenant_apps.libraries.selectors import ShiftCard


def shift(starts: time, ends: time) -> ShiftCard:
    return ShiftCard(id=uuid7(), name="shift", branch=uuid7(), starts=starts, ends=ends, price_paise=1, is_open=True)


@pytest.mark.parametrize(
    ("zone", "day", "start", "hours"),
    [
        ("Asia/Kolkata", date(2026, 11, 20), datetime(2026, 11, 20, 16, 30, tzinfo=UTC), 8),
        ("Asia/Dubai", date(2026, 11, 20), datetime(2026, 11, 20, 18, 0, tzinfo=UTC), 8),
        # The night in which London's clocks go back is an hour longer, the one in which they go on an hour shorter.
        ("Europe/London", date(2026, 10, 24), datetime(2026, 10, 24, 21, 0, tzinfo=UTC), 9),
        ("Europe/London", date(2026, 3, 28), datetime(2026, 3, 28, 22, 0, tzinfo=UTC), 7),
    ],
)
def test_a_night_from_ten_to_six(library: Business, zone: str, day: date, start: datetime, hours: int) -> None:
    with tenant_scope(replace(library, zone=zone)):
        begins, ends = shift(time(22), time(6)).during(day)
    assert (begins, ends - begins) == (start, timedelta(hours=hours))


def test_a_day_shift_ends_on_its_day(library: Business) -> None:
    with tenant_scope(library):
        begins, ends = shift(time(6), time(22)).during(date(2026, 12, 31))
    assert (begins, ends) == (
        datetime(2026, 12, 31, 0, 30, tzinfo=UTC),
        datetime(2026, 12, 31, 16, 30, tzinfo=UTC),
    )
