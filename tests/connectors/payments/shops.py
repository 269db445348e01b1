"""Shops for tests: a business's account at a gateway, registered with the sandbox, and what it asks for."""

import uuid
from dataclasses import dataclass
from typing import Any

from connectors.payments import Credentials, Gateway, Limits, PaymentGateway, gateway_for
from connectors.payments.port import Order, OrderRequest, RefundRequest
from connectors.sandbox.client import SandboxClient

# Short enough that a test of silence ends soon, long enough for a busy machine.
LIMITS = Limits(connect_s=2.0, read_s=1.0, total_s=3.0)
_KEYS = uuid.uuid5(uuid.NAMESPACE_URL, "tests.connectors.payments")


def credentials(gateway: Gateway, base_url: str, name: str = "asha", **other: Any) -> Credentials:
    """The account of one business. Every secret begins with "secret-", so that a leak is easily seen."""
    given: dict[str, Any] = {
        "gateway": gateway,
        "key_id": f"rzp_test_{name}" if gateway is Gateway.RAZORPAY else f"TEST_{name}",
        "key_secret": f"secret-{gateway}-{name}",
        "webhook_secrets": (f"secret-webhook-{name}",) if gateway is Gateway.RAZORPAY else (),
        "environment": "sandbox",
        "base_url": base_url,
        "account_id": f"acc_{name}" if gateway is Gateway.RAZORPAY else "",
    }
    return Credentials(**{**given, **other})


@dataclass
class Shop:
    """One business at one gateway."""

    name: str
    credentials: Credentials
    gateway: PaymentGateway
    sandbox: SandboxClient
    url: str

    @property
    def vendor(self) -> str:
        """The gateway's name in the sandbox."""
        return str(self.credentials.gateway)

    @property
    def is_cashfree(self) -> bool:
        """Whether this shop's gateway is Cashfree."""
        return self.credentials.gateway is Gateway.CASHFREE

    def request(self, reference: str = "", amount_paise: int = 150_000, **other: Any) -> OrderRequest:
        """What a student of this business is asked to pay."""
        reference = reference or f"{self.name}-{uuid.uuid4().hex[:12]}"
        given: dict[str, Any] = {
            "reference": reference,
            "amount_paise": amount_paise,
            "customer_id": f"{self.name}_student_1",
            "customer_name": "आशा देवी",
            "customer_phone": "+919876543210",
            "customer_email": "asha@example.com",
            "return_url": f"{self.url}/pay/return",
            "notify_url": f"{self.url}/hook/{self.vendor}",
            "idempotency_key": str(uuid.uuid5(_KEYS, reference)),
        }
        return OrderRequest(**{**given, **other})

    def order(self, reference: str = "", amount_paise: int = 150_000, **other: Any) -> Order:
        """An order made at the gateway."""
        return self.gateway.order_create(self.request(reference, amount_paise, **other))

    def sandbox_id(self, order: Order) -> str:
        """By which id the sandbox keeps an order."""
        return order.reference if self.is_cashfree else order.gateway_order_id

    def pay(self, order: Order, state: str = "", **other: Any) -> str:
        """A payer's attempt at an order; the payment's id."""
        state = state or ("SUCCESS" if self.is_cashfree else "captured")
        return self.sandbox.pay(self.vendor, self.sandbox_id(order), state, **other)

    def refund(self, order: Order, payment: str, amount_paise: int, reference: str = "", **other: Any) -> RefundRequest:
        """What this business asks to be given back."""
        reference = reference or f"{self.name}-r{uuid.uuid4().hex[:12]}"
        key = str(uuid.uuid5(_KEYS, reference))
        return RefundRequest(reference, order.reference, payment, amount_paise, key, **other)


def shop_open(
    gateway: Gateway, sandbox: SandboxClient, url: str, name: str = "asha", limits: Limits = LIMITS, **more: Any
) -> Shop:
    """Register a business with the sandbox and give it its adapter."""
    account = credentials(gateway, sandbox.urls()[gateway], name)
    webhook = {"webhook_url": f"{url}/hook/{gateway}", "webhook_secret": (*account.webhook_secrets, "")[0]}
    sandbox.account(gateway, account.key_id, account.key_secret, account_id=account.account_id, **{**webhook, **more})
    return Shop(name, account, gateway_for(account, limits), sandbox, url)
