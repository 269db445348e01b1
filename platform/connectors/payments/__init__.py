"""Payment gateways behind one port; `gateway_for` opens the door to the right one."""

from connectors.payments.port import Credentials, Gateway, Limits, PaymentGateway

_DEFAULT_LIMITS = Limits()


def gateway_for(credentials: Credentials, limits: Limits = _DEFAULT_LIMITS) -> PaymentGateway:
    """The adapter that speaks for one business's account. Cheap enough to make for each call."""
    # The SDKs take long to import and processes that never pay should not load them.
    if credentials.gateway is Gateway.CASHFREE:
        from connectors.payments.cashfree import CashfreeGateway

        return CashfreeGateway(credentials, limits)
    from connectors.payments.razorpay import RazorpayGateway

    return RazorpayGateway(credentials, limits)
