"""What payments' tests share: a running sandbox, businesses with accounts at both gateways, things to pay for."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from connectors.sandbox.client import SandboxClient
from kernel import jobs
from kernel.ids import uuid7
from kernel.tenancy import Business, business_scope
from shared_apps.payments import selectors, services
from shared_apps.payments.models import Attempt, GatewayPayment, Payment, Refund
from shared_apps.payments.purposes import Payer, Quote
from tests.connectors.conftest import Heard, Listener, sandbox, sandbox_urls, shop
from tests.support.people import Client, phone_make
from tests.support.queue import empty_queue

__all__ = ["empty_queue", "sandbox", "sandbox_urls", "shop"]

GATEWAYS = ("cashfree", "razorpay")


@pytest.fixture
def gateways(sandbox: SandboxClient, sandbox_urls: dict[str, str], settings: Any) -> SandboxClient:
    """The sandbox, with our clients pointed at it."""
    settings.CASHFREE_BASE_URL = sandbox_urls["cashfree"]
    settings.RAZORPAY_BASE_URL = sandbox_urls["razorpay"]
    settings.GATEWAY_READ_SECONDS = 2
    return sandbox


@pytest.fixture
def impatient(gateways: SandboxClient, settings: Any) -> None:
    """For tests that sit out a gateway's silence."""
    settings.GATEWAY_READ_SECONDS = 1


@dataclass
class Till:
    """One business with its accounts at both gateways, and where the sandbox sends its callbacks."""

    business: Business
    sandbox: SandboxClient
    shop: Listener
    keys: dict[str, str] = field(default_factory=dict)

    def open(self) -> "Till":
        name = uuid7().hex[-12:]
        with business_scope(self.business):
            for gateway in GATEWAYS:
                key_id = f"{'rzp_test_' if gateway == 'razorpay' else 'TEST'}{name}"
                secret, webhook = f"secret-{gateway}-{name}", f"webhook-{name}"
                self.sandbox.account(
                    gateway,
                    key_id,
                    secret,
                    webhook_url=f"{services.home()}/api/v1/payments/webhook/{gateway}",
                    webhook_secret=webhook,
                    account_id=f"acc_{name}",
                )
                services.account_save(
                    gateway=gateway,
                    environment="sandbox",
                    key_id=key_id,
                    key_secret=secret,
                    webhook_secret=webhook if gateway == "razorpay" else "",
                    account_id=f"acc_{name}" if gateway == "razorpay" else "",
                )
                self.keys[gateway] = key_id
        return self

    def quote(self, amount_paise: int, **more: Any) -> Quote:
        payer = Payer(id=uuid7(), name="Kavya Nair", phone=phone_make(), email="kavya@example.in")
        return Quote(amount_paise=amount_paise, description="Fee for May", payer=payer, **more)

    def ask(self, amount_paise: int = 150_000, *, subject: str = "", **more: Any) -> Payment:
        with business_scope(self.business):
            return services.payment_create(
                purpose="tests.thing", subject=subject or str(uuid7()), quote=self.quote(amount_paise, **more)
            )

    def attempts(self, payment: Payment) -> list[Attempt]:
        with business_scope(self.business):
            return list(selectors.attempts_of(payment.id))

    def last(self, payment: Payment) -> Attempt:
        return self.attempts(payment)[-1]

    def pay(self, payment: Payment, state: str = "", *, attempt: Attempt | None = None, **more: Any) -> str:
        """A payer's try at the payment's order (or a named attempt's); the gateway's id of it."""
        attempt = attempt or self.last(payment)
        cashfree = attempt.gateway == "cashfree"
        state = state or ("SUCCESS" if cashfree else "captured")
        order = attempt.client_ref if cashfree else attempt.gateway_order_id
        return self.sandbox.pay(attempt.gateway, order, state, **more)

    def refresh(self, payment: Payment) -> Payment:
        with business_scope(self.business):
            return services.payment_refresh(payment=payment.id)

    def now_of(self, payment: Payment) -> Payment:
        with business_scope(self.business):
            return Payment.objects.select_related("winner").get(id=payment.id)

    def money(self, payment: Payment) -> list[GatewayPayment]:
        with business_scope(self.business):
            return list(GatewayPayment.objects.filter(payment=payment).order_by("id"))

    def refunds(self, payment: Payment) -> list[Refund]:
        with business_scope(self.business):
            return list(Refund.objects.filter(payment=payment).order_by("id"))

    def settle(self) -> None:
        """Do what is due and ask how every refund went, as the poller does."""
        jobs.drain()
        with business_scope(self.business):
            for refund in Refund.objects.filter(state__in=Refund.OPEN):
                services.refund_refresh(refund=refund.id)

    def books(self) -> selectors.Books:
        with business_scope(self.business):
            return selectors.books()

    def heard(self) -> list[Heard]:
        """Callbacks that arrived for this business, once the sandbox has nothing under way."""
        self.sandbox.webhooks_idle()
        host = "localhost" if self.business.is_platform else f"{self.business.public_id}.localhost"
        with self.shop.arrived:
            return [one for one in self.shop.heard if self._is_mine(one, host) and "/webhook/" in one.path]

    def _is_mine(self, heard: Heard, host: str) -> bool:
        return heard.headers["host"].split(":")[0] == host


@pytest.fixture
def till(gateways: SandboxClient, shop: Listener, settings: Any) -> Callable[[Business], Till]:
    """till(business): its accounts opened; callbacks land at the listener, from where a test hands them on."""
    settings.DOMAIN = f"localhost:{urlsplit(shop.url).port}"
    return lambda business: Till(business, gateways, shop).open()


@pytest.fixture
def asha(academy: Business, till: Callable[[Business], Till]) -> Iterator[Till]:
    yield till(academy)
    jobs.drain()


def deliver(business: Business, heard: Heard, *, gateway: str = "", **changes: Any) -> int:
    """Hand a callback on to the product's door; the status answered."""
    gateway = gateway or heard.path.rstrip("/").rsplit("/", 1)[1]
    headers = {**heard.headers, **changes.get("headers", {})}
    sent = {name: value for name, value in headers.items() if name.startswith("x-") and name != "x-forwarded-for"}
    sent["Content-Type"] = "application/json"
    body = changes.get("body", heard.body)
    return Client(business).post(f"/api/v1/payments/webhook/{gateway}", body, headers=sent).status_code


def signed(secret: str, like: Heard, body: bytes, *, stamp: str = "") -> Heard:
    """A callback with another body, rightly signed as its gateway does."""
    if "razorpay" in like.path:
        signature = hmac.digest(secret.encode(), body, hashlib.sha256).hex()
        headers = {"x-razorpay-signature": signature, "x-razorpay-event-id": uuid7().hex}
    else:
        stamp = stamp or like.headers["x-webhook-timestamp"]
        digest = hmac.digest(secret.encode(), stamp.encode() + body, hashlib.sha256)
        signature = base64.b64encode(digest).decode()
        headers = {"x-webhook-signature": signature, "x-idempotency-key": uuid7().hex, "x-webhook-timestamp": stamp}
    return replace(like, headers={**like.headers, **headers}, body=body)
