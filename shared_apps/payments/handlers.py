"""The jobs of payments: callbacks, refunds, and what the clock brings."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal
from uuid import UUID

from connectors.payments.errors import MalformedCallback
from connectors.payments.port import Notice, NoticeKind
from kernel import clock, inbox, jobs
from shared_apps.payments import selectors, services
from shared_apps.payments.callbacks import HANDLER, notice_of

Outcome = Literal["processed", "ignored", "failed"]

# How long a callback about an order nobody here knows waits for it to be known.
_PARKED = (timedelta(seconds=5), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))


@jobs.handler(HANDLER, atomic=False, when_suspended=True)
def payments_callback(*, callback: str, parked: int = 0) -> dict[str, str]:
    """Follow a callback's hint: fetch the truth about what it names and book that."""
    received = inbox.read(callback)
    try:
        notice = notice_of(received.source, received.headers, received.body)
    except MalformedCallback:
        notice = None
    if notice is None:
        # The secret it was signed with is gone since; the poller finds what it told.
        return _finished(callback, "failed", "payments.unverified")
    if notice.kind not in (NoticeKind.PAYMENT, NoticeKind.REFUND):
        return _finished(callback, "ignored", "payments.nothing_to_do")
    if _followed(received.source, notice):
        return _finished(callback, "processed", "")
    if parked < len(_PARKED):
        jobs.put(HANDLER, callback=callback, parked=parked + 1, due=clock.now() + _PARKED[parked])
        return {"outcome": "parked"}
    return _finished(callback, "ignored", "payments.order_unknown")


@jobs.handler("payments.refund_send", atomic=False, when_suspended=True)
def payments_refund_send(*, refund: str) -> dict[str, str]:
    """Ask the gateway for a refund."""
    return {"state": services.refund_send(refund=UUID(refund)).state}


@jobs.handler("payments.surplus_return", when_suspended=True)
def payments_surplus_return(*, gateway_payment: str) -> None:
    """Give back what was paid a second time."""
    services.surplus_return(gateway_payment=UUID(gateway_payment))


@jobs.handler("payments.poll", atomic=False, when_suspended=True)
def payments_poll() -> dict[str, int]:
    """Look at open payments and refunds; end what was not paid in time."""
    return services.payments_poll()


def _followed(gateway: str, notice: Notice) -> bool:
    """Whether what a callback names is known here and has been looked at."""
    if notice.kind is NoticeKind.REFUND:
        refund = selectors.refund_of(
            gateway=gateway, reference=notice.refund_reference, gateway_refund_id=notice.gateway_refund_id
        )
        if refund is not None:
            services.refund_refresh(refund=refund.id)
            return True
    money = selectors.money_of(gateway=gateway, gateway_payment_id=notice.gateway_payment_id)
    attempt = selectors.attempt_of(
        reference=notice.reference, gateway=gateway, gateway_order_id=notice.gateway_order_id
    )
    payment = attempt.payment_id if attempt else money.payment_id if money else None
    if payment is None:
        return False
    services.payment_refresh(payment=payment)
    return True


def _finished(callback: str, outcome: Outcome, reason: str) -> dict[str, str]:
    inbox.finish(callback, outcome, reason)
    return {"outcome": outcome}
