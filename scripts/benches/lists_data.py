"""What the measured lists show, made alike on both sides in the schema of the present scope: fifty rows of each."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from psycopg.types.range import TimestamptzRange

from shared_apps.accounts.models import User
from tenant_apps.bookings.models import Booking
from tenant_apps.classes.models import LiveClass
from tenant_apps.libraries.models import Hall, Seat, Shift
from tenant_apps.people.models import Branch, Student

ROWS, BOOKED, COLUMNS = 50, 20, 10
DAY, STARTS, ENDS = date(2030, 1, 7), time(6), time(12)
_FIRST = datetime(2030, 1, 7, 3, 30, tzinfo=UTC)


def lists_make(owner: User) -> dict[str, str]:
    """Students, a hall with a shift partly booked, classes of one teacher. Gives what asks for the seats."""
    branch = Branch.objects.create(name="Main", code="MAIN", kind="academy")
    students = Student.objects.bulk_create(
        Student(
            name=f"Student {n:02}", phone=f"+9198{n:08}", code=f"MAIN-{n:04}", grade=f"{n % 12 + 1}", branch=branch,
            joined_on=date(2029, 4, 1),
        )
        for n in range(ROWS)
    )  # fmt: skip
    hall = Hall.objects.create(branch=branch, name="Ground floor")
    shift = Shift.objects.create(branch=branch, name="Morning", starts=STARTS, ends=ENDS, price_paise=6_000)
    seats = Seat.objects.bulk_create(
        Seat(hall=hall, label=f"S{n:02}", row=n // COLUMNS, column=n % COLUMNS) for n in range(ROWS)
    )
    zone = ZoneInfo("Asia/Kolkata")
    during = TimestamptzRange(datetime.combine(DAY, STARTS, zone), datetime.combine(DAY, ENDS, zone))
    for seat, student in zip(seats[:BOOKED], students, strict=False):
        Booking.objects.create(
            seat=seat, student=student, shift=shift, day=DAY, during=during, state="confirmed", amount_paise=6_000
        )
    LiveClass.objects.bulk_create(
        LiveClass(
            title=f"Physics {n:02}", subject="Physics", grade="11", board="CBSE", teacher=owner, room=f"room-{n:02}",
            starts_at=_FIRST + timedelta(hours=n), ends_at=_FIRST + timedelta(hours=n, minutes=50),
        )
        for n in range(ROWS)
    )  # fmt: skip
    return {"hall": str(hall.id), "shift": str(shift.id), "day": DAY.isoformat()}
