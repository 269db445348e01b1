"""What fees tells the apps above it."""

from kernel import jobs

PURPOSE = "fees.due"
"""The purpose of a payment for a due; its reference is the due's id."""


class DuePaid(jobs.Event):
    """A due is paid; told once."""

    name = "fees.due_paid"

    due: str
    student: str
    payment: str
    amount_paise: int
    receipt: str
