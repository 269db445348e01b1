"""Refusals of fees: one class per reason, each with what to do about it."""

from kernel.errors import DomainError


class NotOpen(DomainError):
    """`state`: what the due is now."""

    code = "fees.not_open"
    status = 409
    title = "This due is not open any more"
    action = "Look at its state: what is paid or cancelled stays so."


class PaymentUnderWay(DomainError):
    """`payment`: the one that waits for the payer or a bank."""

    code = "fees.payment_under_way"
    status = 409
    title = "A payment with one of these fees is under way"
    action = "Finish that payment, or wait until it has ended. Do not pay twice."


class BundleEmpty(DomainError):
    code = "fees.nothing_chosen"
    status = 422
    title = "No fee is chosen"
    action = "Choose at least one fee of one student."


class TakenDifferently(DomainError):
    code = "fees.taken_differently"
    status = 409
    title = "This was taken already, for other fees"
    action = "Open the counter anew and take the money there."


class NoReceipt(DomainError):
    """`state`: what the payment is now."""

    code = "fees.no_receipt"
    status = 404
    title = "There is no receipt for this"
    action = "A receipt exists once the money is here."


class PdfUnavailable(DomainError):
    """`needs`: the libraries of the system that are missing."""

    code = "fees.pdf_unavailable"
    status = 503
    title = "PDFs cannot be made on this server now"
    action = "Print the receipt from its page instead."
