"""What can be paid for. The app that owns a thing says who may pay for it and how much; a client never does."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from kernel.http.actor import Actor
from kernel.tenancy import current
from shared_apps.payments.errors import PurposeUnknown


@dataclass(frozen=True, slots=True)
class Payer:
    """Whom the money is from. `phone` is an Indian mobile in E.164; gateways insist on one."""

    id: UUID
    name: str
    phone: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """What a thing costs in paise, in words for the payer. After `expires_at` it is no longer asked for."""

    amount_paise: int
    description: str
    payer: Payer
    branch: UUID | None = None
    expires_at: datetime | None = None


QuoteFor = Callable[[Actor, str], Quote]
Side = Literal["tenant", "platform"]

_purposes: dict[tuple[str, Side], QuoteFor] = {}


def register(name: str, *, quote: QuoteFor, side: Side = "tenant") -> None:
    """Called once from an app's `ready`. `quote(actor, reference)` raises the app's own refusals.

    `side` says in whose books such payments stand: the tenant's own, or the operator's.
    """
    _purposes[name, side] = quote


def quote_for(actor: Actor, *, purpose: str, reference: str) -> Quote:
    """The quote of a thing for whoever asks. Raises PurposeUnknown and what its app raises."""
    quote = _purposes.get((purpose, "platform" if current().is_platform else "tenant"))
    if quote is None:
        raise PurposeUnknown(field="purpose")
    return quote(actor, reference)
