"""Every way payments says no: one class per reason, each with what to do about it."""

from kernel.errors import DomainError


class PurposeUnknown(DomainError):
    code = "payments.purpose_unknown"
    status = 422
    title = "Nothing of that kind is paid for here"
    action = "Name a purpose of this business."


class AlreadyPaid(DomainError):
    """`payment`: the payment that paid for it."""

    code = "payments.already_paid"
    status = 409
    title = "That is paid already"
    action = "Look at the payment and its receipt."


class AmountChanged(DomainError):
    """`payment`: the payment under way for another amount."""

    code = "payments.amount_changed"
    status = 409
    title = "A payment of another amount is under way for this"
    action = "Finish that payment, or wait until it expires."


class UnderWay(DomainError):
    code = "payments.under_way"
    status = 409
    title = "This payment is being prepared or taken at this moment"
    action = "Ask again in a moment."
    headers = {"Retry-After": "2"}


class AmountTooSmall(DomainError):
    """`least_paise`: the least a gateway takes."""

    code = "payments.amount_too_small"
    status = 422
    title = "That amount is too small to be paid online"
    action = "Pay it at the desk."


class PhoneNeeded(DomainError):
    code = "payments.phone_needed"
    status = 422
    title = "A mobile number is needed to pay online"
    action = "Add the payer's mobile number first."


class NoGateway(DomainError):
    code = "payments.no_gateway"
    status = 503
    title = "No payment gateway can be reached now"
    action = "Try again in some minutes. If it stays so, the business has to look at its gateway accounts."
    headers = {"Retry-After": "60"}


class GatewayRefused(DomainError):
    """`gateway`, `reason`: who refused the order, and its code."""

    code = "payments.gateway_refused"
    status = 502
    title = "The gateway refused this payment"
    action = "The business has to look at its gateway account."


class ReturnForged(DomainError):
    code = "payments.signature_invalid"
    status = 400
    title = "What the browser brought back is not from the gateway"
    action = "Look at the payment's state instead."


class AccountInvalid(DomainError):
    code = "payments.account_invalid"
    status = 422
    title = "These are no credentials of a gateway account"
    action = "Copy key and secrets again from the gateway's dashboard; none of them may be blank."


class AccountTaken(DomainError):
    code = "payments.account_taken"
    status = 409
    title = "This business has a gateway account of that key already"
    action = "Change that one."


class NotRefundable(DomainError):
    """`state`: what the payment is now."""

    code = "payments.not_refundable"
    status = 409
    title = "There is no money here to give back"
    action = "Only a paid payment can be refunded, and only once."


class RefundTooLarge(DomainError):
    """`available_paise`: what can still be given back."""

    code = "payments.refund_too_large"
    status = 409
    title = "That is more than can be given back"
    action = "Refund at most what is left of the payment."


class RefundKeyReused(DomainError):
    code = "payments.refund_key_reused"
    status = 409
    title = "This key was used for another refund"
    action = "Send a new key with a new refund."


class RefundOverLimit(DomainError):
    """`limit_paise`: the most this role gives back at once."""

    code = "payments.refund_over_limit"
    status = 403
    title = "That is more than your role may give back"
    action = "Ask the owner to make this refund."


class DeskKeyReused(DomainError):
    code = "payments.desk_key_reused"
    status = 409
    title = "This was taken already, for something else"
    action = "Open the counter anew and take the money there."


class DeskReferenceMissing(DomainError):
    code = "payments.desk_reference_missing"
    status = 422
    title = "The reference of the transfer is missing"
    action = "Copy it from the payer's screen or slip."


class DeskReferenceUsed(DomainError):
    code = "payments.desk_reference_used"
    status = 409
    title = "A transfer with this reference was taken already"
    action = "Look at the payer's screen again: each transfer pays once."
