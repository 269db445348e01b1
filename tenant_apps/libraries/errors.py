"""Refusals of libraries: one class per reason, each with what to do about it."""

from kernel.errors import DomainError


class NotALibrary(DomainError):
    code = "libraries.not_a_library"
    status = 422
    title = "That branch is not a library"
    action = "Halls and shifts belong to a branch of kind library."


class HallTaken(DomainError):
    code = "libraries.hall_taken"
    status = 409
    title = "The library has a room of that name"
    action = "Choose another name."


class SeatTaken(DomainError):
    code = "libraries.seat_exists"
    status = 409
    title = "The room has a seat with that label or at that place"
    action = "Choose another label or place."


class ShiftTaken(DomainError):
    code = "libraries.shift_taken"
    status = 409
    title = "The library has a shift of that name"
    action = "Choose another name."


class ShiftHours(DomainError):
    code = "libraries.shift_hours"
    status = 422
    title = "A shift cannot end when it starts"
    action = "Give an end after the start; one before it means the next day."


class StillUsed(DomainError):
    code = "libraries.still_used"
    status = 409
    title = "It has bookings, or something still belongs to it"
    action = "Block the seat or close the shift instead; what has a history is kept."
