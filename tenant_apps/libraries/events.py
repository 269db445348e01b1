"""What libraries tells the apps above it."""

from kernel import jobs


class SeatChanged(jobs.Event):
    """A seat was opened or blocked; maps drawn of its hall are out of date."""

    name = "libraries.seat_changed"

    seat: str
    hall: str
