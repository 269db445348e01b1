"""How a payment stands in its payer's words: what is known, what is not, and what can be done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kernel import clock
from kernel.http.actor import Actor
from shared_apps.payments import selectors as payments
from tenant_apps.bookings.events import PURPOSE as BOOKING
from tenant_apps.fees import selectors
from tenant_apps.fees.events import PURPOSE, PURPOSE_MANY

if TYPE_CHECKING:
    from shared_apps.payments.models import Payment

# preparing  no order can be paid yet            failed   the last try did not go through, the order is open
# open       nothing was tried                   ended    its time is over, nothing was taken
# waiting    a bank is at it                     paid, part_refunded, refunded
_PAID = ("paid", "part_refunded", "refunded")
_REFUNDING = ("requested", "unknown", "pending", "on_hold")


@dataclass(frozen=True, slots=True)
class Standing:
    """A payment as its page shows it. `again` is where one starts anew; `returning` is on its way back, in paise."""

    payment: Payment
    phase: str
    method: str = ""
    reason: str = ""
    again: str = ""
    returning: int = 0
    returned: int = 0
    is_twice: bool = False
    lines: list[tuple[str, int]] = field(default_factory=list)
    is_seat: bool = False

    @property
    def is_settled(self) -> bool:
        """Whether nothing is expected to happen any more."""
        return (self.phase in _PAID and not self.returning) or self.phase == "ended"


def standing_of(actor: Actor, payment: Payment) -> Standing:
    """What there is to say of a payment the actor may see."""
    tries = list(payments.tries_of(payment.id)[:5])
    last = tries[0] if tries else None
    refunds = list(payments.refunds_of(payment.id))
    return Standing(
        payment=payment,
        phase=_phase(payment, last.state if last else ""),
        method=last.method if last else "",
        reason=last.reason if last else "",
        again=_again(payment),
        returning=sum(one.amount_paise for one in refunds if one.state in _REFUNDING),
        returned=sum(one.amount_paise for one in refunds if one.state == "succeeded"),
        is_twice=any(one.kind == "surplus" for one in refunds),
        lines=_lines(payment),
        is_seat=payment.purpose == BOOKING,
    )


def _phase(payment: Payment, last: str) -> str:
    if payment.state in _PAID:
        return payment.state
    if payment.state not in payment.UNPAID:
        return "ended"
    if payment.state == "authorised" or last in ("pending", "authorised"):
        return "waiting"
    if payment.expires_at <= clock.now():
        return "waiting" if payments.payable_attempt(payment.id) else "ended"
    if payments.payable_attempt(payment.id) is None:
        return "preparing"
    return "failed" if last in ("failed", "cancelled") else "open"


def _lines(payment: Payment) -> list[tuple[str, int]]:
    if payment.purpose != PURPOSE_MANY:
        return [(payment.description, payment.amount_paise)]
    return [(due.title, due.amount_paise) for due in selectors.bundle_dues(payment.subject)]


def _again(payment: Payment) -> str:
    """The query by which the same things are chosen once more."""
    if payment.purpose == PURPOSE:
        return f"due={payment.subject}"
    if payment.purpose == PURPOSE_MANY:
        return "&".join(f"due={due.id}" for due in selectors.bundle_dues(payment.subject) if due.state == "open")
    return ""
