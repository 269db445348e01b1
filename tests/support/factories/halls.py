"""A hall in the middle of its day, for pages: seats taken, held, blocked, people in and out."""

from dataclasses import dataclass
from datetime import time, timedelta
from uuid import UUID

from kernel import clock
from kernel.tenancy import Business, tenant_scope
from tenant_apps.bookings import moves, services
from tenant_apps.bookings.models import Booking
from tenant_apps.libraries import services as libraries
from tenant_apps.libraries.models import Hall, Seat, Shift
from tenant_apps.people.models import Branch, Student
from tests.support.factories.people import branch_make, student_make

NAMES = (
    *("Rohit Deshmukh", "Ananya Iyer", "Kabir Nair", "Meera Joshi", "Sneha Patil", "Imran Mulani", "Neha Gokhale"),
    *("Venkata Lakshmi Narasimha Raghavan Iyengar", "Karthik Reddy", "Fatima Shaikh", "Arjun Menon", "Divya Kulkarni"),
)

FIRST = ("Asha", "Vivek", "Simran", "Tanvi", "Omkar", "Pooja", "Rahul", "Zoya", "Nikhil")
LAST = ("Kulkarni", "Khan", "Das", "Pawar", "Joshi", "Gaikwad", "Shetty", "Verma")
# Columns where almost everybody sits.
FULL = ("02", "03", "09", "11", "13")


@dataclass(frozen=True)
class Busy:
    """The hall now: shifts by name, of which "Now" is on; who sits where by seat."""

    business: Business
    branch: Branch
    hall: Hall
    seats: dict[str, Seat]
    shifts: dict[str, Shift]
    students: list[Student]
    bookings: dict[str, Booking]

    def free(self, label: str) -> UUID:
        return self.seats[label].id


def busy_make(business: Business, *, rows: int = 6, columns: int = 14) -> Busy:
    """84 seats in two bays; a dozen students in the shift that is on."""
    branch = branch_make(business, name="Kothrud reading rooms", city="Pune")
    students = [student_make(business, branch, name=name) for name in NAMES]
    with tenant_scope(business):
        hall = libraries.hall_furnish(
            branch=branch.id, name="Hall A", floor=1, rows=rows, columns=columns, aisle_every=2
        )
        seats = {seat.label: seat for seat in Seat.objects.filter(hall=hall)}
        begun = clock.now().astimezone(clock.zone()) - timedelta(hours=2)
        shifts = {"Now": _shift(branch, "Evening", begun.hour, 8, 6_000)}
        for name, starts, hours, price in (
            ("Morning", begun.hour - 8, 4, 4_000),
            ("Full day", begun.hour - 4, 14, 9_000),
            ("Night", min(begun.hour + 6, 23), 5, 0),
        ):
            shifts[name] = _shift(branch, name, starts, hours, price)
        bookings = {}
        day = begun.date()
        places = ("C04", "A01", "A02", "B05", "D11", "E09", "A12", "F07", "B04", "C08", "E02", "D06")
        for number, (student, label) in enumerate(zip(students, places, strict=True)):
            money = moves.Taken("cash") if number != 8 else None
            bookings[label] = moves.booking_assign(
                seat=seats[label].id, shift=shifts["Now"].id, day=day, student=student.id, money=money
            )
        others = [seat for label, seat in seats.items() if label[1:] in FULL and label not in places]
        for number, seat in enumerate(others):
            reader = student_make(business, branch, name=f"{FIRST[number % 9]} {LAST[number % 8]}")
            held = services.booking_hold(seat=seat.id, shift=shifts["Now"].id, day=day, student=reader.id)
            services.booking_confirm(booking=held.id, by_desk=True)
            if number % 3:
                services.booking_check_in(booking=held.id, ip=None, device="desk")
        for label in places[:6]:
            services.booking_check_in(booking=bookings[label].id, ip=None, device="desk")
        services.booking_check_out(booking=bookings["D11"].id)
        libraries.seat_block(seat=seats["A10"], reason="Lamp broken")
        libraries.seat_block(seat=seats["D12"], reason="")
    return Busy(business, branch, hall, seats, shifts, students, bookings)


def _shift(branch: Branch, name: str, starts: int, hours: int, price_paise: int) -> Shift:
    begins, ends = time(max(0, starts)), time((max(0, starts) + hours) % 24)
    return libraries.shift_create(branch=branch.id, name=name, starts=begins, ends=ends, price_paise=price_paise)
