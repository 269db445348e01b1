"""The stand-ins' memory: accounts, orders, payments, refunds and received messages, gone when the process ends."""

import hashlib
import secrets
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from kernel import clock


@dataclass(slots=True)
class Account:
    """One customer of a vendor. `webhook_secret` is unused by Cashfree, which signs with `key_secret`."""

    vendor: str
    key_id: str
    key_secret: str
    webhook_url: str = ""
    webhook_secret: str = ""
    account_id: str = ""
    auto_capture: bool = True


@dataclass(slots=True)
class Order:
    """An order in the vendor's own words for its state."""

    vendor: str
    account: str
    id: str
    number: str
    reference: str
    amount_paise: int
    currency: str
    state: str
    created_at: datetime
    session: str = ""
    return_url: str = ""
    notify_url: str = ""
    note: str = ""
    expires_at: datetime | None = None
    customer: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    auto_capture: bool = True


@dataclass(slots=True)
class Payment:
    """One attempt of a payer at an order, in the vendor's own words."""

    vendor: str
    id: str
    order: str
    amount_paise: int
    state: str
    method: str
    created_at: datetime
    reason: str = ""
    captured: bool = False
    fee_paise: int = 0
    tax_paise: int = 0


@dataclass(slots=True)
class Refund:
    """Money given back, in the vendor's own words."""

    vendor: str
    id: str
    reference: str
    order: str
    payment: str
    amount_paise: int
    state: str
    note: str
    created_at: datetime


@dataclass(slots=True)
class Reply:
    """What was answered under an idempotency key, to be said again."""

    digest: str
    status: int
    payload: Any


class Book:
    """Everything the stand-ins remember. Used from one event loop only, so it needs no lock."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.accounts: dict[tuple[str, str], Account] = {}
        self.orders: dict[tuple[str, str], Order] = {}
        self.payments: dict[tuple[str, str], Payment] = {}
        self.refunds: dict[tuple[str, str], Refund] = {}
        self.replies: dict[tuple[str, str, str, str], Reply] = {}
        # Received messages in order, each with at least `vendor`, `phone` and `at`.
        self.messages: list[dict[str, Any]] = []
        # Requests that arrived per "vendor.operation", those that a fault swallowed included.
        self.calls: Counter[str] = Counter()

    def payments_of(self, order: Order) -> list[Payment]:
        """Every attempt at an order, oldest first."""
        return [p for p in self.payments.values() if (p.vendor, p.order) == (order.vendor, order.id)]

    def refunds_of(self, order: Order) -> list[Refund]:
        """Every refund of an order, oldest first."""
        return [r for r in self.refunds.values() if (r.vendor, r.order) == (order.vendor, order.id)]

    def refundable_paise(self, order: Order, payment: Payment | None = None) -> int:
        """What was taken and not yet given back, of one payment or of the whole order."""
        taken = sum(p.amount_paise for p in self.payments_of(order) if p.captured and payment in (None, p))
        given = sum(
            r.amount_paise
            for r in self.refunds_of(order)
            if r.state.lower() not in {"failed", "cancelled"} and (payment is None or r.payment == payment.id)
        )
        return taken - given

    def as_json(self) -> dict[str, Any]:
        """The whole book without credentials, for the control door."""
        return {
            "accounts": [
                {"vendor": a.vendor, "key_id": a.key_id, "account_id": a.account_id} for a in self.accounts.values()
            ],
            "orders": [_plain(order) for order in self.orders.values()],
            "payments": [_plain(payment) for payment in self.payments.values()],
            "refunds": [_plain(refund) for refund in self.refunds.values()],
            "messages": self.messages,
            "calls": dict(self.calls),
        }


def token(length: int = 14) -> str:
    """Letters and digits, as vendors make their ids of."""
    return secrets.token_hex(length)[:length]


def number() -> str:
    """A long decimal id, as Cashfree makes them."""
    return str(secrets.randbelow(9 * 10**9) + 10**9)


def digest(body: bytes) -> str:
    """A fingerprint by which equal requests are known."""
    return hashlib.sha256(body).hexdigest()


def instant() -> datetime:
    """The present, by the product's own clock, so that a moved test clock moves the stand-ins too."""
    return clock.now()


def _plain(entry: Order | Payment | Refund) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(entry).items()}
