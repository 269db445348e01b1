"""Every way credits says no."""

from kernel.errors import DomainError


class CreditsShort(DomainError):
    """The wallet has fewer free units than the message needs: `needed`, `available`, `channel`."""

    code = "credits.short"
    status = 402
    title = "There are not enough message credits"
    action = "Buy credits, then send again."


class StockShort(DomainError):
    """The operator's stock has fewer units than asked: `needed`, `available`, `channel`."""

    code = "credits.stock_short"
    status = 409
    title = "The stock of credits is too low"
    action = "Buy from a vendor first, or ask for fewer."


class HoldUnknown(DomainError):
    """There is no such hold of this business."""

    code = "credits.hold_unknown"
    status = 404
    title = "There is no such hold"
    action = "Hold credits before sending."


class HoldExceeded(DomainError):
    """Less is left of the hold than asked: `needed`, `left`."""

    code = "credits.hold_exceeded"
    status = 409
    title = "The hold has less left than that"
    action = "Consume or release what is left of it."


class ReferenceTaken(DomainError):
    """The vendor's reference belongs to another business's message."""

    code = "credits.reference_taken"
    status = 409
    title = "That vendor reference is not yours"
    action = "Check which message the vendor answered for."


class VendorUnknown(DomainError):
    """No active vendor of that code sells that channel."""

    code = "credits.vendor_unknown"
    status = 422
    title = "That vendor does not sell this channel"
    action = "Choose one from the list of vendors."


class TenantUnknown(DomainError):
    """There is no business of that id that can hold credits."""

    code = "credits.tenant_unknown"
    status = 422
    title = "There is no such tenant"
    action = "Choose one from the list of tenants."


class OrderUnknown(DomainError):
    """There is no such order of credits."""

    code = "credits.order_unknown"
    status = 404
    title = "There is no such order"
    action = "Place the order again."


class OrderTooSmall(DomainError):
    """The order costs less than any gateway takes: `amount_paise`, `least_paise`."""

    code = "credits.order_too_small"
    status = 422
    title = "That order is too small to pay for"
    action = "Order more units."


class PaymentDiffers(DomainError):
    """The money is not this order's: another amount, or a second payment; it is payments' to give back."""

    code = "credits.payment_differs"
    status = 409
    title = "That payment does not pay this order"
    action = "Refund it."
