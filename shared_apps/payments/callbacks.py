"""Which callbacks are believed: signed with a secret of this business's own account, about an order of its own."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.payments.errors import MalformedCallback, SignatureInvalid
from connectors.payments.port import Notice
from kernel import inbox
from kernel.tenancy import Business, current
from shared_apps.payments import selectors
from shared_apps.payments.services import client_of

HANDLER = "payments.callback"


def register() -> None:
    """Open an address for each gateway, on every business's host."""

    def cashfree(business: Business, headers: Mapping[str, str], body: bytes) -> inbox.Verdict:
        return verify("cashfree", headers, body)

    def razorpay(business: Business, headers: Mapping[str, str], body: bytes) -> inbox.Verdict:
        return verify("razorpay", headers, body)

    inbox.source("cashfree", path="payments/webhook/cashfree", verify=cashfree, handler=HANDLER)
    inbox.source("razorpay", path="payments/webhook/razorpay", verify=razorpay, handler=HANDLER)


def verify(gateway: str, headers: Mapping[str, str], body: bytes) -> inbox.Verdict:
    """Whether one of the business's accounts signed this, about something that is its own."""
    try:
        notice = notice_of(gateway, headers, body)
    except MalformedCallback:
        return inbox.refused("malformed")
    if notice is None:
        return inbox.refused("signature")
    if _is_foreign(notice.reference) or _is_foreign(notice.refund_reference):
        return inbox.refused("foreign")
    return inbox.accepted(notice.delivery_id, notice.event)


def notice_of(gateway: str, headers: Mapping[str, str], body: bytes) -> Notice | None:
    """What a callback says, None when no account of the business signed it. Raises MalformedCallback."""
    for account in selectors.accounts().filter(gateway=gateway).order_by("state", "-created_at"):
        try:
            return client_of(account).verify(headers, body)
        except SignatureInvalid:
            continue
    return None


def _is_foreign(reference: str | None) -> bool:
    """A name that one of us gave, but not this business: two of us may share one account at a gateway."""
    return reference is not None and not reference.startswith(f"{current().public_id}-")
