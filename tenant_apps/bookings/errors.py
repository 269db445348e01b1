"""Refusals of bookings: one class per reason, each with what to do about it."""

from kernel.errors import DomainError


class SeatTaken(DomainError):
    """`next_free_at`: the earliest instant (ISO 8601) from which the seat is free for as long as was asked."""

    code = "bookings.seat_taken"
    status = 409
    title = "That seat is taken"
    action = "Choose another time or seat."


class StudentBusy(DomainError):
    """`booking`: the student's own booking that overlaps."""

    code = "bookings.student_busy"
    status = 409
    title = "The student has a seat at that time already"
    action = "Cancel the other booking first, or choose another time."


class SeatClosed(DomainError):
    code = "bookings.seat_closed"
    status = 409
    title = "That seat cannot be booked now"
    action = "Choose another seat: this one is blocked, or its library or shift is closed."


class ShiftElsewhere(DomainError):
    code = "bookings.shift_elsewhere"
    status = 422
    title = "That shift belongs to another library"
    action = "Use a shift of the seat's own library."


class TimeOver(DomainError):
    code = "bookings.time_over"
    status = 409
    title = "That time is over"
    action = "Choose a later day or shift."


class TooFarAhead(DomainError):
    code = "bookings.too_far_ahead"
    status = 409
    title = "That day is too far ahead"
    action = "Book at most 90 days ahead."


class StudentNeeded(DomainError):
    code = "bookings.student_needed"
    status = 422
    title = "It is not said who will sit there"
    action = "Name the student."


class HoldOver(DomainError):
    code = "bookings.hold_over"
    status = 409
    title = "The time to pay is over"
    action = "Hold the seat again, if it is still free."


class PaymentNeeded(DomainError):
    """`amount_paise`: what is to be paid for this booking."""

    code = "bookings.payment_needed"
    status = 402
    title = "The booking is not paid"
    action = "Pay for it; it is then confirmed by itself."


class NotNow(DomainError):
    """`state`: what the booking is now."""

    code = "bookings.not_now"
    status = 409
    title = "That cannot be done with the booking now"
    action = "Look at its state and its time."


class PassUnknown(DomainError):
    code = "bookings.pass_unknown"
    status = 404
    title = "No pass of these days has that code"
    action = "Type the eight letters and digits below the picture, or find the student on the map."
