"""What bookings tells the apps above it."""

from kernel import jobs

PURPOSE = "bookings.booking"
"""The purpose of a payment for a seat; its reference is the booking's id."""


class BookingConfirmed(jobs.Event):
    """A seat is somebody's: paid, free, or given by the desk."""

    name = "bookings.confirmed"

    booking: str
