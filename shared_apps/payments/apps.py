"""Registers payments, which live in every schema: the operator and each tenant are paid by the same engine."""

from django.apps import AppConfig
from django.conf import settings

# The processes that speak to gateways or check what they sign.
_ASKING = frozenset({"web", "live", "worker"})


class PaymentsConfig(AppConfig):
    name = "shared_apps.payments"
    label = "payments"

    def ready(self) -> None:
        from . import callbacks, findable

        callbacks.register()
        findable.register()
        if settings.PROCESS in _ASKING:
            # Nearly a second, and better now than while the first payer waits.
            import connectors.payments.cashfree
            import connectors.payments.razorpay  # noqa: F401
