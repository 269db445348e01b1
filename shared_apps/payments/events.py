"""What payments tells the apps above it."""

from kernel import jobs


class PaymentSettled(jobs.Event):
    """Money for a thing is here. Told once for each payment; `receipt` is the number printed on the receipt.

    `purpose` and `reference` name the thing as whoever asked for the payment named it.
    """

    name = "payments.settled"

    payment: str
    purpose: str
    reference: str
    amount_paise: int
    receipt: str


class PaymentRefunded(jobs.Event):
    """A refund has reached the payer; `refunded_paise` is everything given back of this payment so far."""

    name = "payments.refunded"

    payment: str
    purpose: str
    reference: str
    refund: str
    amount_paise: int
    refunded_paise: int
