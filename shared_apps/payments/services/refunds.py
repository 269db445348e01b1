"""Giving money back, in phases: reserved, asked, answered, booked. One refund for each key, never more than came."""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from django.db.models import F
from django.db.transaction import atomic

from connectors.payments.errors import Duplicate, NotAuthorised, RateLimited, Rejected
from connectors.payments.port import PaymentGateway, RefundRequest
from connectors.payments.port import Refund as Told
from kernel import audit, clock, crash, jobs
from kernel.http.actor import Actor
from kernel.ids import uuid7
from shared_apps.ledger import services as ledger
from shared_apps.payments.errors import NotRefundable, RefundKeyReused, RefundOverLimit, RefundTooLarge
from shared_apps.payments.events import PaymentRefunded
from shared_apps.payments.models import DESK, Attempt, GatewayPayment, Payment, Refund
from shared_apps.payments.services.circuits import REFUND, CircuitOpen, circuit_pass, counted
from shared_apps.payments.services.desk import place_of
from shared_apps.payments.services.gateways import client_of
from shared_apps.payments.services.naming import reference_of
from shared_apps.payments.services.telling import payment_tell

log = logging.getLogger(__name__)

RESERVED = crash.register("payments.refund_reserved")
ASKED = crash.register("payments.refund_asked")
ANSWERED = crash.register("payments.refund_answered")
BOOKED = crash.register("payments.refund_booked")

State = Refund.State
# What roles that may give back, but not any amount, give back of one payment at once.
REFUND_LIMIT_PAISE = 10_000_00
_GAP = timedelta(minutes=10)
_LOST = (State.FAILED, State.CANCELLED, State.REVERSED)
# Where money lies that was not what was sold.
_KEPT = {"surplus": "surplus", "mismatch": "unmatched"}


def refund_request(
    *, payment: UUID, key: str, amount_paise: int | None = None, reason: str = "", created_by: UUID | None = None
) -> Refund:
    """Promise money of a paid payment back, whole or in part, once per `key`; a job asks the gateway for it.

    What was taken at the desk is given back there: such a refund has succeeded when this returns.

    Works inside the caller's transaction. `amount_paise` None: whatever is left.
    Raises NotRefundable, RefundTooLarge, RefundKeyReused.
    """
    with atomic():
        row = Payment.objects.select_for_update(of=("self",)).get(id=payment)
        if (known := Refund.objects.filter(key=f"refund:{key}").first()) is not None:
            if known.payment_id != payment or amount_paise not in (None, known.amount_paise):
                raise RefundKeyReused
            return known
        if not row.is_paid or row.winner_id is None:
            raise NotRefundable(state=row.state)
        money = GatewayPayment.objects.select_for_update(of=("self",)).get(id=row.winner_id)
        available = money.amount_paise - money.refunding_paise
        amount = available if amount_paise is None else amount_paise
        if amount > available or not available:
            raise RefundTooLarge(available_paise=available)
        refund = _reserve(
            money, amount, key=f"refund:{key}", reason=reason, kind=Refund.Kind.MERCHANT, created_by=created_by
        )
        if money.gateway == DESK:
            # No gateway has to be asked: the desk gives it back as it took it, now.
            _book(row, refund, State.SUCCEEDED)
        audit.record(
            action="payments.refund",
            subject_type="payment",
            subject_id=str(payment),
            changes={"refund_paise": [None, amount], "reason": ["", reason]},
        )
    crash.point(RESERVED)
    return refund


def refund_check_limit(actor: Actor, *, payment: UUID, amount_paise: int | None) -> None:
    """Raise RefundOverLimit when this is more than the actor's role gives back by itself."""
    if actor.can("payments.refund_any"):
        return
    money = GatewayPayment.objects.filter(payment=payment, verdict="settled").first()
    left = money.amount_paise - money.refunding_paise if money else 0
    if (left if amount_paise is None else amount_paise) > REFUND_LIMIT_PAISE:
        raise RefundOverLimit(field="amount", limit_paise=REFUND_LIMIT_PAISE)


def surplus_return(*, gateway_payment: UUID) -> Refund | None:
    """Give money back that came beside what was owed: once for each payment of the gateway; None: it is back."""
    with atomic():
        money = GatewayPayment.objects.get(id=gateway_payment)
        Payment.objects.select_for_update(of=("self",)).get(id=money.payment_id)
        money.refresh_from_db()
        if money.refunding_paise >= money.amount_paise:
            return None
        key = f"surplus:{money.gateway}:{money.environment}:{money.gateway_payment_id}"
        if (known := Refund.objects.filter(key=key).first()) is not None:
            return known
        return _reserve(money, money.amount_paise, key=key, reason="paid twice", kind=Refund.Kind.SURPLUS)


def refund_send(*, refund: UUID) -> Refund:
    """Ask the gateway for a refund, or what became of it. Never inside a transaction.

    Raises GatewayError when there is no answer: to be asked again, under the same key.
    """
    row = _found(refund)
    if row.state not in Refund.OPEN:
        return row
    client = client_of(_order(row.gateway_payment).account)
    told = None if row.state == State.REQUESTED else _fetched(client, row)
    if told is None and not circuit_pass(gateway=row.gateway_payment.gateway, operation=REFUND):
        raise CircuitOpen("no refund is asked of a gateway that does not answer")
    if told is None:
        Refund.objects.filter(id=refund, state=State.REQUESTED).update(state=State.UNKNOWN, updated_at=clock.now())
        crash.point(ASKED)
        try:
            with counted(row.gateway_payment.gateway, REFUND):
                told = client.refund_create(_request(row))
        except Duplicate:
            told = _fetched(client, row)
        except (NotAuthorised, RateLimited):
            # Not refused for what it is: it may be asked again.
            raise
        except Rejected as error:
            log.error("payments.refund_refused", extra={"refund": str(refund), "reason": error.code[:100]})
            return refund_apply(refund=refund, told=None, error=error.code[:100])
    crash.point(ANSWERED)
    return refund_apply(refund=refund, told=told, error="" if told else "refund_differs")


def refund_refresh(*, refund: UUID) -> Refund:
    """Fetch what became of a refund, also of one that is over: a bank may have returned it. Raises GatewayError."""
    row = _found(refund)
    if row.state != State.SUCCEEDED or row.kind == Refund.Kind.OUTSIDE or row.gateway_payment.gateway == DESK:
        return refund_send(refund=refund)
    told = _fetched(client_of(_order(row.gateway_payment).account), row)
    return row if told is None else refund_apply(refund=refund, told=told)


def refund_apply(*, refund: UUID, told: Told | None, error: str = "") -> Refund:
    """Book what the gateway says of a refund; None: there will never be one."""
    with atomic():
        payment_id = Refund.objects.values_list("payment_id", flat=True).get(id=refund)
        payment = Payment.objects.select_for_update(of=("self",)).get(id=payment_id)
        row = _found(refund)
        before, after = State(row.state), State.FAILED if told is None else State(told.state.value)
        row.error = error or (told.reason[:200] if told else "")
        row.gateway_refund_id = (told.gateway_refund_id if told else "") or row.gateway_refund_id
        row.save(update_fields=["error", "gateway_refund_id"])
        if before == State.SUCCEEDED:
            # Final, but for a bank that returns the money.
            after = State.REVERSED if after in _LOST else before
        if before != after and before not in _LOST:
            _book(payment, row, after)
    crash.point(BOOKED)
    return row


def refund_book_outside(*, payment: Payment, money: GatewayPayment) -> None:
    """Book that a gateway shows money as given back whole which we did not give: its own desk did, or it itself.

    In the caller's transaction, under the payment's lock. Our own refunds under way are answered for by themselves.
    """
    if Refund.objects.filter(gateway_payment=money, state__in=Refund.OPEN).exists():
        return
    missing = money.amount_paise - GatewayPayment.objects.values_list("refunding_paise", flat=True).get(id=money.id)
    if missing <= 0:
        return
    key = f"outside:{money.gateway}:{money.environment}:{money.gateway_payment_id}"
    refund = _reserve(money, missing, key=key, reason="given back at the gateway", kind=Refund.Kind.OUTSIDE)
    _book(payment, refund, State.SUCCEEDED)


def _book(payment: Payment, refund: Refund, state: str) -> None:
    """Move a refund to another state, with the books: money gone, money not gone after all, or nothing promised."""
    money = refund.gateway_payment
    account = {"settled": f"income:{payment.purpose}"}.get(money.verdict) or f"{_KEPT[money.verdict]}:{money.gateway}"
    refund.state, refund.updated_at = state, clock.now()
    refund.poll_at = clock.now() + _GAP if state in Refund.OPEN else None
    refund.save(update_fields=["state", "updated_at", "poll_at"])
    if state in _LOST:
        GatewayPayment.objects.filter(id=money.id).update(refunding_paise=F("refunding_paise") - refund.amount_paise)
    if state not in (State.SUCCEEDED, State.REVERSED):
        return
    gone = state == State.SUCCEEDED
    ledger.post(
        debit=account if gone else place_of(money),
        credit=place_of(money) if gone else account,
        amount=refund.amount_paise,
        unit="paise",
        key=f"refund:{refund.id}" if gone else f"refund_reversed:{refund.id}",
        kind="refund" if gone else "refund_reversed",
        reference=str(payment.id),
    )
    if money.id == payment.winner_id:
        _count(payment, refund.amount_paise if gone else -refund.amount_paise)
        if gone:
            _tell(payment, refund)


def _count(payment: Payment, amount_paise: int) -> None:
    payment.refunded_paise += amount_paise
    if payment.refunded_paise == payment.amount_paise:
        payment.state, payment.current = Payment.State.REFUNDED, False
    elif payment.state == Payment.State.REFUNDED and _replaced(payment):
        # The thing was paid for anew meanwhile: whose money this is, somebody has to decide.
        payment.flagged = True
    else:
        payment.state = Payment.State.PART_REFUNDED if payment.refunded_paise else Payment.State.PAID
    payment.save(update_fields=["state", "current", "refunded_paise", "flagged"])
    payment_tell(payment)


def _replaced(payment: Payment) -> bool:
    paid = Payment.objects.filter(purpose=payment.purpose, subject=payment.subject, state__in=Payment.PAID)
    return paid.exclude(id=payment.id).exists()


def _tell(payment: Payment, refund: Refund) -> None:
    jobs.publish(
        PaymentRefunded(
            payment=str(payment.id),
            purpose=payment.purpose,
            reference=payment.subject,
            refund=str(refund.id),
            amount_paise=refund.amount_paise,
            refunded_paise=payment.refunded_paise,
        )
    )


def _reserve(
    money: GatewayPayment,
    amount: int,
    *,
    key: str,
    reason: str,
    kind: Refund.Kind,
    created_by: UUID | None = None,
) -> Refund:
    # The table itself refuses to promise more than came.
    GatewayPayment.objects.filter(id=money.id).update(refunding_paise=F("refunding_paise") + amount)
    id_, now = uuid7(), clock.now()
    refund = Refund.objects.create(
        id=id_,
        payment_id=money.payment_id,
        gateway_payment=money,
        reference=reference_of(id_),
        key=key,
        amount_paise=amount,
        kind=kind,
        reason=reason,
        created_by=created_by,
        created_at=now,
        poll_at=now + _GAP,
    )
    if kind != Refund.Kind.OUTSIDE and money.gateway != DESK:
        jobs.put("payments.refund_send", refund=str(id_), priority=jobs.HIGH)
    return refund


def _request(row: Refund) -> RefundRequest:
    money = row.gateway_payment
    return RefundRequest(
        reference=row.reference,
        order_reference=_order(money).client_ref,
        gateway_payment_id=money.gateway_payment_id,
        amount_paise=row.amount_paise,
        currency=money.currency,
        idempotency_key=str(uuid5(NAMESPACE_URL, f"refund:{row.reference}")),
        note=row.reason,
    )


def _fetched(client: PaymentGateway, row: Refund) -> Told | None:
    return client.refund_fetch(
        reference=row.reference,
        order_reference=_order(row.gateway_payment).client_ref,
        gateway_payment_id=row.gateway_payment.gateway_payment_id,
        gateway_refund_id=row.gateway_refund_id,
    )


def _order(money: GatewayPayment) -> Attempt:
    """The order a gateway's money came by. Only the desk's came by none, and no gateway is asked about that."""
    if money.attempt is None:
        raise ValueError(money.gateway)
    return money.attempt


def _found(refund: UUID) -> Refund:
    return Refund.objects.select_related("gateway_payment__attempt__account").get(id=refund)
