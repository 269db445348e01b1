"""A library with a hall, seats and shifts for tests."""

from dataclasses import dataclass
from datetime import date, time, timedelta

from kernel.tenancy import Business, tenant_scope
from tenant_apps.libraries import services
from tenant_apps.libraries.models import Hall, Seat, Shift
from tenant_apps.people.models import Branch
from tests.support.days import local_today
from tests.support.factories.people import branch_make


@dataclass(frozen=True)
class Reading:
    """One library: a hall of seats in one row, and shifts by name."""

    business: Business
    branch: Branch
    hall: Hall
    seats: list[Seat]
    shifts: dict[str, Shift]
    today: date

    def day(self, days: int) -> date:
        """So many days after the one it was made on, also once the clock passed midnight since."""
        return self.today + timedelta(days=days)


HOURS = {
    "morning": (time(6), time(12)),
    "evening": (time(16), time(22)),
    "full day": (time(6), time(22)),
    "night": (time(22), time(6)),
}


def reading_make(business: Business, *, seats: int = 3, price_paise: int = 6_000) -> Reading:
    branch = branch_make(business)
    with tenant_scope(business):
        hall = services.hall_create(branch=branch.id, name="Main hall")
        placed = services.seats_add(hall=hall.id, seats=services.seats_grid(hall=hall.id, rows=1, columns=seats))
        shifts = {
            name: services.shift_create(branch=branch.id, name=name, starts=starts, ends=ends, price_paise=price_paise)
            for name, (starts, ends) in HOURS.items()
        }
    return Reading(business=business, branch=branch, hall=hall, seats=placed, shifts=shifts, today=local_today())
