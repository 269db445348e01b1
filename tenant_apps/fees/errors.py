"""Refusals of fees: one class per reason, each with what to do about it."""

from kernel.errors import DomainError


class NotOpen(DomainError):
    """`state`: what the due is now."""

    code = "fees.not_open"
    status = 409
    title = "This due is not open any more"
    action = "Look at its state: what is paid or cancelled stays so."
