"""Bringing a payment to what its gateways say: truth is fetched, reduced and booked, by whoever was hinted at it."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db.transaction import atomic

from connectors.payments.errors import GatewayError, OutcomeUnknown, Rejected
from connectors.payments.port import GatewayPayment as Told
from connectors.payments.port import OrderState, PaymentState
from kernel import clock, crash, jobs
from kernel.ids import uuid7
from shared_apps.ledger import services as ledger
from shared_apps.payments.events import PaymentSettled
from shared_apps.payments.models import Attempt, GatewayPayment, Payment
from shared_apps.payments.reducer import Fact, Standing, Verdict, merge, reduce
from shared_apps.payments.services.circuits import FETCH, guarded
from shared_apps.payments.services.gateways import client_of
from shared_apps.payments.services.receipts import receipt_next
from shared_apps.payments.services.refunds import refund_book_outside
from shared_apps.payments.services.telling import payment_tell

log = logging.getLogger(__name__)

FETCHED = crash.register("payments.fetched")
BOOKED = crash.register("payments.booked")
CAPTURED = crash.register("payments.captured")
ENDED = crash.register("payments.order_ended")

State = Attempt.State
# A gateway may bring money for days after everybody has gone: it is looked for in growing gaps, then no more.
_GAPS = (
    (timedelta(minutes=15), timedelta(minutes=2)),
    (timedelta(hours=2), timedelta(minutes=10)),
    (timedelta(days=1), timedelta(hours=1)),
    (timedelta(days=6), timedelta(hours=6)),
)
# Between two looks that prove an order absent.
ABSENT_APART = timedelta(seconds=10)
# Made though its making was never answered, and not known to be unpayable yet.
_ORPHAN = "orphan"
_TAKEN = (PaymentState.CAPTURED, PaymentState.REFUNDED)


class Absent(OutcomeUnknown):
    """The gateway knows no such order, or not yet."""


def payment_refresh(*, payment: UUID) -> Payment:
    """Fetch what the gateways know of a payment and book it; the payment as it then is. Never inside a transaction.

    Takes authorised money, ends what was never paid in time. Safe at any moment, any number of times, at once.
    Raises GatewayError when a gateway could not be asked; what was learned until then is kept.
    """
    attempts = Attempt.objects.select_related("account").filter(payment=payment)
    looked_at = [one for one in attempts.order_by("seq") if one.state not in (State.PLANNED, State.FAILED)]
    silent: GatewayError | None = None
    for attempt in looked_at:
        try:
            facts = _fetch(attempt)
            crash.point(FETCHED)
            payment_apply(attempt=attempt, facts=facts)
            _capture(attempt)
        except GatewayError as error:
            # A gateway that is down must not hide the money that lies at the other.
            silent = error
    if silent is not None:
        raise silent
    return _end(payment, looked_at)


def payment_apply(*, attempt: Attempt, facts: list[Told]) -> Payment:
    """Book what a gateway told of one order: one transaction under the payment's lock."""
    with atomic():
        payment = _locked(attempt.payment_id)
        named = [told for told in facts if told.gateway_payment_id]
        ordered = sorted(named, key=lambda one: (one.paid_at or clock.now(), one.gateway_payment_id))
        news = [_apply(payment, attempt, told) for told in ordered]
        if any(news):
            payment_tell(payment)
    crash.point(BOOKED)
    return payment


def _locked(payment_id: UUID) -> Payment:
    """The payment under lock, with every other payment of its thing: only one of them may be the one that paid."""
    about = Payment.objects.values("purpose", "subject").get(id=payment_id)
    rows = Payment.objects.select_for_update(of=("self",)).filter(**about).order_by("id")
    return next(row for row in list(rows) if row.id == payment_id)


def _fetch(attempt: Attempt) -> list[Told]:
    """Every try at an attempt's order. An order whose creation was never answered is looked up first."""
    client = client_of(attempt.account)
    if not attempt.gateway_order_id:
        with guarded(attempt.gateway, FETCH):
            order = client.order_fetch(reference=attempt.client_ref)
        if order is None:
            _absent(attempt)
            return []
        attempt.gateway_order_id = order.gateway_order_id
        Attempt.objects.filter(id=attempt.id, gateway_order_id="").update(gateway_order_id=order.gateway_order_id)
    # An order that was never shown is not left payable.
    orphan = Attempt.objects.filter(id=attempt.id, state=State.CREATE_UNKNOWN)
    if orphan.update(state=State.ABANDONED, error=_ORPHAN, updated_at=clock.now()) or attempt.error == _ORPHAN:
        _terminate(attempt)
    with guarded(attempt.gateway, FETCH):
        return client.payments_fetch(reference=attempt.client_ref, gateway_order_id=attempt.gateway_order_id)


def _absent(attempt: Attempt) -> None:
    """Note that there is no order. Told so twice, seconds apart, it is proven: one made late would be there by now."""
    now, unknown = clock.now(), Attempt.objects.filter(id=attempt.id, state=State.CREATE_UNKNOWN)
    if attempt.error != Absent.__name__:
        unknown.update(error=Absent.__name__, updated_at=now)
    elif attempt.updated_at <= now - ABSENT_APART:
        unknown.update(state=State.FAILED, updated_at=now)


def _apply(payment: Payment, attempt: Attempt, told: Told) -> bool:
    """Book one try; whether it is news."""
    row, before = _upsert(payment, attempt, told)
    state = PaymentState(row.state)
    others = GatewayPayment.objects.filter(payment=payment).exclude(id=row.id).values_list("state", flat=True)
    standing = Standing(
        state=payment.state,
        amount_paise=payment.amount_paise,
        currency=payment.currency,
        winner=str(payment.winner_id) if payment.winner_id else None,
        others=frozenset(PaymentState(one) for one in others),
        subject_paid=_subject_paid(payment),
    )
    outcome = reduce(standing, Fact(str(row.id), state, row.amount_paise, row.currency))
    payment.state = outcome.state
    if state in _TAKEN and not row.verdict:
        _take(payment, attempt, row, outcome.verdict)
    payment.save(update_fields=["state", "gateway", "flagged", "winner", "receipt", "paid_at"])
    if state not in _TAKEN:
        _progress(attempt, state)
        return state is not before
    _charges(row)
    if state is PaymentState.REFUNDED and before is not PaymentState.REFUNDED:
        refund_book_outside(payment=payment, money=row)
    return state is not before


def _upsert(payment: Payment, attempt: Attempt, told: Told) -> tuple[GatewayPayment, PaymentState | None]:
    """The row of a try, told once more, and the state it had."""
    row = GatewayPayment.objects.filter(
        gateway=attempt.gateway,
        environment=attempt.account.environment,
        gateway_payment_id=told.gateway_payment_id,
    ).first()
    before = PaymentState(row.state) if row else None
    if row is None:
        row = GatewayPayment(
            id=uuid7(),
            payment=payment,
            attempt=attempt,
            gateway=attempt.gateway,
            environment=attempt.account.environment,
            gateway_payment_id=told.gateway_payment_id,
            amount_paise=told.amount_paise,
            currency=told.currency,
            created_at=clock.now(),
        )
    elif not row.verdict:
        # What was booked stays as it was booked.
        row.amount_paise, row.currency = told.amount_paise, told.currency
    row.state = merge(before, told.state)
    row.method, row.reason = told.method[:50], told.reason[:200]
    row.fee_paise = told.fee_paise if told.fee_paise is not None else row.fee_paise
    row.tax_paise = told.tax_paise if told.tax_paise is not None else row.tax_paise
    row.paid_at, row.updated_at = told.paid_at, clock.now()
    row.save(force_insert=before is None)
    return row, before


def _take(payment: Payment, attempt: Attempt, row: GatewayPayment, verdict: Verdict) -> None:
    """Book taken money, once: to what was sold, to what is owed back, or to what somebody has to look at."""
    row.verdict = verdict
    row.save(update_fields=["verdict"])
    if verdict is Verdict.SETTLED:
        _settle(payment, attempt, row)
        credit = f"income:{payment.purpose}"
    elif verdict is Verdict.SURPLUS:
        Attempt.objects.filter(id=attempt.id).exclude(state=State.SUCCEEDED).update(state=State.SURPLUS)
        jobs.put("payments.surplus_return", gateway_payment=str(row.id), dedupe=f"surplus:{row.id}")
        log.warning("payments.surplus", extra={"payment": str(payment.id), "gateway": row.gateway})
        credit = f"surplus:{row.gateway}"
    else:
        payment.flagged = True
        log.error("payments.mismatch", extra={"payment": str(payment.id), "gateway": row.gateway})
        credit = f"unmatched:{row.gateway}"
    if row.amount_paise:
        ledger.post(
            debit=f"gateway:{row.gateway}",
            credit=credit,
            amount=row.amount_paise,
            unit="paise",
            key=f"payment:{row.gateway}:{row.environment}:{row.gateway_payment_id}",
            kind="payment",
            reference=str(payment.id),
        )


def _settle(payment: Payment, attempt: Attempt, row: GatewayPayment) -> None:
    payment.winner, payment.gateway, payment.paid_at = row, row.gateway, clock.now()
    payment.receipt = receipt_next()
    Attempt.objects.filter(id=attempt.id).update(state=State.SUCCEEDED, error="", updated_at=clock.now())
    jobs.publish(
        PaymentSettled(
            payment=str(payment.id),
            purpose=payment.purpose,
            reference=payment.subject,
            amount_paise=payment.amount_paise,
            receipt=payment.receipt,
        )
    )


def _charges(row: GatewayPayment) -> None:
    """Book what the gateway keeps, once it says so: a service bought from it, settled when it pays out."""
    for kind, amount in (("fee", row.fee_paise), ("tax", row.tax_paise)):
        if amount:
            ledger.post(
                debit=f"vendor:{row.gateway}",
                credit=f"expense:gateway_{kind}",
                amount=amount,
                unit="paise",
                key=f"{kind}:{row.gateway}:{row.environment}:{row.gateway_payment_id}",
                kind=kind,
                reference=str(row.payment_id),
            )


def _progress(attempt: Attempt, state: PaymentState) -> None:
    """Show how far the payer has come at this order."""
    busy = state in (PaymentState.PENDING, PaymentState.AUTHORISED)
    was, now = (State.OPEN, State.PROCESSING) if busy else (State.PROCESSING, State.OPEN)
    Attempt.objects.filter(id=attempt.id, state=was).update(state=now, updated_at=clock.now())


def _subject_paid(payment: Payment) -> bool:
    others = Payment.objects.filter(purpose=payment.purpose, subject=payment.subject, state__in=Payment.PAID)
    return others.exclude(id=payment.id).exists()


def _capture(attempt: Attempt) -> None:
    """Take what a bank has set aside for us, while the thing is still unpaid and the amount is the one asked for."""
    waiting = GatewayPayment.objects.filter(attempt=attempt, state=PaymentState.AUTHORISED).select_related("payment")
    for row in waiting:
        payment = row.payment
        fits = (row.amount_paise, row.currency) == (payment.amount_paise, payment.currency)
        if payment.state != Payment.State.AUTHORISED or not fits or _subject_paid(payment):
            continue
        client = client_of(attempt.account)
        try:
            client.capture(
                reference=attempt.client_ref,
                gateway_payment_id=row.gateway_payment_id,
                amount_paise=row.amount_paise,
            )
        except Rejected as refused:
            # Taken already, or gone: the truth says which.
            log.info("payments.capture_refused", extra={"code": refused.code, "gateway": row.gateway})
        crash.point(CAPTURED)
        payment_apply(attempt=attempt, facts=_fetch(attempt))


def _end(payment_id: UUID, looked_at: list[Attempt]) -> Payment:
    """End what was not paid in its time, and say when to look again. Every gateway has just been asked."""
    now = clock.now()
    payment = Payment.objects.get(id=payment_id)
    if payment.state in Payment.UNPAID and payment.expires_at <= now and not _busy(payment):
        for attempt in looked_at:
            _terminate(attempt)
            crash.point(ENDED)
    with atomic():
        payment = Payment.objects.select_for_update(of=("self",)).get(id=payment_id)
        if payment.state in Payment.UNPAID and payment.expires_at <= now and not _busy(payment):
            payment.state, payment.current = Payment.State.EXPIRED, False
            open_ones = payment.attempts.exclude(state__in=[State.FAILED, State.SUCCEEDED, State.SURPLUS])
            open_ones.update(state=State.ABANDONED, updated_at=now)
            payment_tell(payment)
        payment.poll_at = _look_again(payment, looked_at)
        payment.save(update_fields=["state", "current", "poll_at"])
    return payment


def _busy(payment: Payment) -> bool:
    """Whether a payer's bank is at it."""
    under_way = [PaymentState.PENDING, PaymentState.AUTHORISED]
    return GatewayPayment.objects.filter(payment=payment, state__in=under_way).exists()


def _terminate(attempt: Attempt) -> None:
    """Make an order unpayable where the gateway can; where it cannot, later money is found and given back."""
    try:
        state = client_of(attempt.account).order_terminate(
            reference=attempt.client_ref, gateway_order_id=attempt.gateway_order_id
        )
    except GatewayError as error:
        log.info("payments.not_terminated", extra={"gateway": attempt.gateway, "error": type(error).__name__})
        return
    if state in (None, OrderState.TERMINATED):
        Attempt.objects.filter(id=attempt.id).update(error="terminated" if state else "watched")


def _look_again(payment: Payment, looked_at: list[Attempt]) -> datetime | None:
    """When the poller comes next; None once nothing more can come. A second order may bring money beside the first."""
    settled = payment.state in Payment.RECEIPTED
    if settled and all(one.id == getattr(payment.winner, "attempt_id", None) for one in looked_at):
        return None
    if not settled and payment.state not in Payment.UNPAID and not looked_at:
        return None
    age = clock.now() - payment.created_at
    gap = next((gap for until, gap in _GAPS if age < until), None)
    return None if gap is None else clock.now() + gap
