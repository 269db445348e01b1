"""Of which financial year a receipt is: where the business is, from April to March."""

from datetime import UTC, datetime

import pytest
import time_machine

from kernel.tenancy import Business, tenant_scope
from shared_apps.payments.services.receipts import receipt_next


@pytest.mark.parametrize(
    ("moment", "year"),
    [
        (datetime(2027, 1, 1, tzinfo=UTC), "2026-27"),
        (datetime(2027, 3, 31, 18, 29, 59, tzinfo=UTC), "2026-27"),
        (datetime(2027, 3, 31, 18, 30, tzinfo=UTC), "2027-28"),
        (datetime(2099, 12, 31, 23, tzinfo=UTC), "2099-00"),
    ],
)
def test_a_financial_year_begins_at_its_midnight_in_india(academy: Business, moment: datetime, year: str) -> None:
    with time_machine.travel(moment), tenant_scope(academy):
        assert [receipt_next() for _ in range(2)] == [f"A/{year}/{number:06d}" for number in (1, 2)]


def test_the_year_that_ended_goes_on_where_it_was(academy: Business) -> None:
    """A machine whose clock is set back over the year's end doubles no number."""
    old, new = datetime(2027, 3, 31, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC)
    numbers = []
    for moment in (old, new, old):
        with time_machine.travel(moment), tenant_scope(academy):
            numbers.append(receipt_next())
    assert numbers == ["A/2026-27/000001", "A/2027-28/000001", "A/2026-27/000002"]
