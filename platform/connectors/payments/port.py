"""The one shape every payment gateway has for the rest of the product: questions and answers, amounts in paise."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

import certifi

_REFERENCE = re.compile(r"[A-Za-z0-9_-]{3,40}")
_E164 = re.compile(r"\+[1-9]\d{7,14}")
# Razorpay writes the mode into the key; a key of one mode at the other's door is a mistake of whoever typed it.
_OTHER_MODE = {"sandbox": "rzp_live_", "production": "rzp_test_"}
# Both gateways refuse less than one rupee.
LEAST_PAISE = 100
# Cashfree's limit; Razorpay's notes hold 256.
LONGEST_URL = 250


class Gateway(StrEnum):
    """The gateways there is an adapter for."""

    CASHFREE = "cashfree"
    RAZORPAY = "razorpay"


class OrderState(StrEnum):
    """Where an order stands. EXPIRED stops new attempts only: one under way may still end in money."""

    ACTIVE = "active"
    PAID = "paid"
    EXPIRED = "expired"
    TERMINATING = "terminating"
    TERMINATED = "terminated"


class PaymentState(StrEnum):
    """Where one attempt of a payer stands. An unknown word of a gateway is PENDING: never money, never a failure.

    REFUNDED was captured and given back whole. FAILED and CANCELLED are not final: a bank may answer days later.
    """

    PENDING = "pending"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class RefundState(StrEnum):
    """Where a refund stands. REQUESTED is ours alone: the gateway has not answered yet."""

    REQUESTED = "requested"
    PENDING = "pending"
    ON_HOLD = "on_hold"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class NoticeKind(StrEnum):
    """What a callback speaks of; OTHER and TEST ask for nothing but an acknowledgement."""

    PAYMENT = "payment"
    REFUND = "refund"
    OTHER = "other"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a call may take and whose certificates are believed.

    `connect_s` covers the connection and the TLS handshake each; `read_s` the silence between two reads;
    `total_s` everything until the body is read, so that a gateway dripping bytes does not hold a worker.
    """

    connect_s: float = 3.05
    read_s: float = 10.0
    total_s: float = 30.0
    ca_file: str = field(default_factory=certifi.where)


@dataclass(frozen=True, slots=True)
class Credentials:
    """One business's account at one gateway. `webhook_secrets` holds the current one first, then those just rotated.

    `base_url` is the API's root: `https://api.cashfree.com/pg`, `https://api.razorpay.com`. Cashfree signs callbacks
    with `key_secret`, so there the webhook secrets are the earlier key secrets and may be none.
    Raises ValueError for a blank id or secret (a blank secret verifies what anybody signs), an unknown environment, a
    test key in production or a live one in the sandbox, and for plain http anywhere but on this machine.
    """

    gateway: Gateway
    key_id: str
    key_secret: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)
    environment: Literal["sandbox", "production"]
    base_url: str
    account_id: str = ""

    def __post_init__(self) -> None:
        if not self.key_id.strip() or not self.key_secret.strip():
            raise ValueError("a gateway account needs a key id and a key secret")
        if not all(secret.strip() for secret in self.webhook_secrets):
            raise ValueError("a webhook secret must not be blank")
        if self.gateway is Gateway.RAZORPAY and not self.webhook_secrets:
            raise ValueError("a Razorpay account needs a webhook secret")
        if self.environment not in _OTHER_MODE:
            raise ValueError("the environment is sandbox or production")
        if self.key_id.startswith(_OTHER_MODE[self.environment]):
            raise ValueError(f"that key is not one of the {self.environment} environment")
        url = urlsplit(self.base_url)
        if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.hostname)):
            raise ValueError("a gateway is spoken to over https")


def is_loopback(host: str | None) -> bool:
    """Whether a host name means this machine, where the sandbox lives."""
    return host in {"127.0.0.1", "::1", "localhost"} or (host or "").endswith(".localhost")


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What a gateway is asked to collect. `reference` is ours, unique, and begins with the business's public id.

    `idempotency_key` is a UUID derived from the business operation, stored before the call.
    Raises ValueError for an amount, currency, reference or phone no gateway takes.
    """

    reference: str
    amount_paise: int
    customer_id: str
    customer_name: str
    customer_phone: str
    customer_email: str
    return_url: str
    notify_url: str
    idempotency_key: str
    currency: str = "INR"
    expires_at: datetime | None = None
    note: str = ""

    def __post_init__(self) -> None:
        _check(self.reference, self.amount_paise, self.currency)
        if not _E164.fullmatch(self.customer_phone):
            raise ValueError("the customer's phone is not in E.164 form")
        if max(len(self.return_url), len(self.notify_url)) > LONGEST_URL:
            raise ValueError(f"a URL is at most {LONGEST_URL} characters")


@dataclass(frozen=True, slots=True)
class Order:
    """An order as the gateway tells it. `checkout` is what the payer's browser needs; it holds no secret of ours.

    Cashfree: `payment_session_id`, `mode`. Razorpay: `key_id`, `order_id`, `amount`, `currency`, `callback_url`.
    Against the sandbox both also carry `page`, the address of its hosted checkout.
    """

    reference: str
    gateway_order_id: str
    state: OrderState
    amount_paise: int
    currency: str
    checkout: dict[str, Any]


@dataclass(frozen=True, slots=True)
class GatewayPayment:
    """One attempt of a payer at an order, as the gateway tells it.

    `fee_paise` is the gateway's charge without tax and `tax_paise` the GST on it; None while it has not said (Cashfree
    says it only in settlements). An attempt without a readable amount is PENDING with 0. Numbers with a point in `raw`
    are Decimal.
    """

    gateway_payment_id: str
    gateway_order_id: str
    reference: str
    amount_paise: int
    currency: str
    state: PaymentState
    fee_paise: int | None
    tax_paise: int | None
    method: str
    reason: str
    paid_at: datetime | None
    raw: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """What a gateway is asked to give back. `reference` is ours and unique, `idempotency_key` a UUID stored before."""

    reference: str
    order_reference: str
    gateway_payment_id: str
    amount_paise: int
    idempotency_key: str
    currency: str = "INR"
    note: str = ""

    def __post_init__(self) -> None:
        _check(self.reference, self.amount_paise, self.currency, least=1)


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund as the gateway tells it. SUCCEEDED is not absolutely final: a bank may return the money later."""

    reference: str
    gateway_refund_id: str
    gateway_payment_id: str
    amount_paise: int
    currency: str
    state: RefundState
    reason: str
    raw: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Notice:
    """A verified callback: a hint what to fetch, never the truth about it, hence no amount and no state.

    `delivery_id` joins the gateway's own id, which no signature covers, with a digest of the bytes: an equal one is a
    redelivery. `sent_at` is what Cashfree's signed timestamp says; replays are harmless, since the truth is fetched.
    """

    kind: NoticeKind
    event: str
    delivery_id: str
    reference: str | None = None
    gateway_order_id: str | None = None
    gateway_payment_id: str | None = None
    gateway_refund_id: str | None = None
    refund_reference: str | None = None
    account_id: str | None = None
    environment: str | None = None
    sent_at: datetime | None = None


class PaymentGateway(Protocol):
    """A gateway for one business. Safe for threads; keeps no state; each call makes one request, never a retry.

    Every method but `returned` and `verify` may raise any error of `connectors.payments.errors`. Where an answer may
    be None, None is proof that the gateway has no such thing, not a failure to find out.
    """

    def order_create(self, request: OrderRequest) -> Order:
        """Ask for an order. The same reference and key give the same order; other contents raise Duplicate."""

    def order_fetch(self, *, reference: str, gateway_order_id: str = "") -> Order | None:
        """The order by our reference, or by the gateway's id where that is surer."""

    def order_terminate(self, *, reference: str, gateway_order_id: str = "") -> OrderState | None:
        """Make an order unpayable; the state it then has. None: this gateway cannot, the order stays payable."""

    def payments_fetch(self, *, reference: str, gateway_order_id: str) -> list[GatewayPayment]:
        """Every attempt made at an order."""

    def payment_fetch(self, *, reference: str, gateway_payment_id: str) -> GatewayPayment | None:
        """One attempt."""

    def capture(self, *, reference: str, gateway_payment_id: str, amount_paise: int) -> GatewayPayment:
        """Take authorised money. Has no key: on OutcomeUnknown fetch the payment before repeating."""

    def refund_create(self, request: RefundRequest) -> Refund:
        """Ask for money to be given back. The same reference and key give the same refund."""

    def refund_fetch(
        self, *, reference: str, order_reference: str, gateway_payment_id: str, gateway_refund_id: str = ""
    ) -> Refund | None:
        """A refund by our reference, or by the gateway's id where that is surer."""

    def returned(self, *, gateway_order_id: str, form: Mapping[str, str]) -> str | None:
        """The payment id a payer's browser brings back under the gateway's signature; None: nothing signed came.

        `gateway_order_id` is the stored one, never the posted one. Raises SignatureInvalid for a forged one.
        """

    def verify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Check a callback over its raw bytes in constant time. Raises SignatureInvalid or MalformedCallback."""


def _check(reference: str, amount_paise: int, currency: str, least: int = LEAST_PAISE) -> None:
    if not _REFERENCE.fullmatch(reference):
        raise ValueError("a reference is 3 to 40 of A-Z a-z 0-9 _ -")
    if isinstance(amount_paise, bool) or not isinstance(amount_paise, int) or amount_paise < least:
        raise ValueError(f"an amount is at least {least} paise, as int")
    if currency != "INR":
        raise ValueError("only INR is collected")
