"""From a wish to be paid to an order the payer can pay, in phases that are each committed before the next.

intent → planned (a gateway is chosen) → asked → answered → open. No transaction is open while the gateway is asked. A
process that dies leaves a row that says how far it came, and asking again goes on from there under the same keys.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from django.db import connection
from django.db.transaction import atomic

from connectors.payments.errors import (
    Duplicate,
    GatewayError,
    NeverReached,
    NotAuthorised,
    OutcomeUnknown,
    RateLimited,
    Rejected,
)
from connectors.payments.port import LEAST_PAISE, Order, OrderRequest, OrderState, PaymentGateway
from kernel import clock, crash
from kernel.ids import uuid7
from kernel.tenancy import current
from shared_apps.payments import selectors
from shared_apps.payments.errors import (
    AlreadyPaid,
    AmountChanged,
    AmountTooSmall,
    GatewayRefused,
    NoGateway,
    PhoneNeeded,
    UnderWay,
)
from shared_apps.payments.models import Attempt, GatewayAccount, Payment
from shared_apps.payments.purposes import Quote
from shared_apps.payments.router import Decision, route
from shared_apps.payments.services.circuits import ORDER, circuit_pass, counted
from shared_apps.payments.services.gateways import client_of
from shared_apps.payments.services.naming import home, reference_of
from shared_apps.payments.services.settling import ABSENT_APART, Absent, payment_refresh

log = logging.getLogger(__name__)

INTENT = crash.register("payments.intent")
PLANNED = crash.register("payments.planned")
ASKED = crash.register("payments.asked")
ANSWERED = crash.register("payments.answered")
OPENED = crash.register("payments.opened")
LEFT = crash.register("payments.order_left")

State = Attempt.State

# How long a payment can be made unless its quote says otherwise; Cashfree takes no order for less than a quarter hour.
LIFE = timedelta(minutes=60)
LEAST_LIFE = timedelta(minutes=16)
FIRST_POLL = timedelta(minutes=2)
# Where an attempt stands that nobody has an answer for.
_HANGING = (State.PLANNED, State.ASKED, State.CREATE_UNKNOWN)


def payment_create(
    *,
    purpose: str,
    subject: str,
    quote: Quote,
    created_by: UUID | None = None,
    return_url: str = "",
    books: bool = True,
    elsewhere: bool = False,
) -> Payment:
    """The payment of a thing with an order open at the best gateway; asked again, the same one.

    With `elsewhere` the payer leaves the order that was shown, for another gateway.

    The caller has made sure that whoever asks may pay for it. Waits for the gateway, so never inside a transaction.
    Without `books`, as in a crossing, nothing that came is booked here: the poller does it.
    Raises AlreadyPaid, AmountChanged, AmountTooSmall, PhoneNeeded, UnderWay, NoGateway, GatewayRefused.
    """
    if quote.amount_paise < LEAST_PAISE:
        raise AmountTooSmall(amount_paise=quote.amount_paise, least_paise=LEAST_PAISE)
    if not quote.payer.phone:
        raise PhoneNeeded
    payment = _intent(purpose, subject, quote, created_by, return_url)
    if payment.expires_at <= clock.now() and books:
        # Its time is over and nobody has looked yet: either money is under way, or a new one takes its place.
        try:
            payment_refresh(payment=payment.id)
        except GatewayError as error:
            raise NoGateway(payment=str(payment.id)) from error
        payment = _intent(purpose, subject, quote, created_by, return_url)
    if payment.expires_at <= clock.now() or payment.state == Payment.State.AUTHORISED:
        raise UnderWay(payment=str(payment.id))
    crash.point(INTENT)
    return payment_open(payment=payment.id, elsewhere=elsewhere)


def payment_open(*, payment: UUID, elsewhere: bool = False) -> Payment:
    """Bring a payment to an order that can be paid; one that is open stays, unless the payer wants to pay elsewhere.

    Raises UnderWay, NoGateway, GatewayRefused, AlreadyPaid.
    """
    with _alone(payment):
        refused = _leave(payment) if elsewhere else {}
        while True:
            attempt = _attempt(payment, refused)
            if attempt.state in Attempt.PAYABLE:
                return Payment.objects.get(id=payment)
            crash.point(PLANNED)
            _ask(attempt, refused)


def order_request(payment: Payment, attempt: Attempt) -> OrderRequest:
    """What the gateway is asked, the same each time an attempt is repeated."""
    return OrderRequest(
        reference=attempt.client_ref,
        amount_paise=payment.amount_paise,
        currency=payment.currency,
        customer_id=payment.payer_id.hex,
        customer_name=payment.payer_name,
        customer_phone=payment.payer_phone,
        customer_email=payment.payer_email,
        return_url=f"{home()}/api/v1/payments/return/{payment.reference}",
        notify_url=f"{home()}/api/v1/payments/webhook/{attempt.gateway}",
        idempotency_key=str(uuid5(NAMESPACE_URL, f"order:{attempt.client_ref}")),
        expires_at=payment.expires_at,
        note=payment.description,
    )


def _intent(purpose: str, subject: str, quote: Quote, created_by: UUID | None, return_url: str) -> Payment:
    paid = Payment.objects.filter(purpose=purpose, subject=subject, state__in=Payment.PAID).first()
    if paid is not None:
        raise AlreadyPaid(payment=str(paid.id))
    now, id_ = clock.now(), uuid7()
    expires_at = max(quote.expires_at or now + LIFE, now + LEAST_LIFE)
    wanted = Payment(
        id=id_,
        reference=reference_of(id_),
        purpose=purpose,
        subject=subject,
        amount_paise=quote.amount_paise,
        description=quote.description,
        payer_id=quote.payer.id,
        payer_name=quote.payer.name,
        payer_phone=quote.payer.phone,
        payer_email=quote.payer.email,
        branch=quote.branch,
        created_by=created_by,
        return_url=return_url,
        created_at=now,
        # Whole seconds: the gateway is told so, and told the same again.
        expires_at=expires_at.replace(microsecond=0),
        poll_at=now + FIRST_POLL,
    )
    Payment.objects.bulk_create([wanted], ignore_conflicts=True)
    payment = Payment.objects.filter(purpose=purpose, subject=subject, current=True).first()
    if payment is None:
        # The one in the way ended between the two statements.
        raise UnderWay
    if payment.is_paid:
        raise AlreadyPaid(payment=str(payment.id))
    if payment.amount_paise != quote.amount_paise:
        raise AmountChanged(payment=str(payment.id), amount_paise=payment.amount_paise)
    return payment


def _attempt(payment_id: UUID, refused: dict[str, str]) -> Attempt:
    """The attempt to go on with: an open or hanging one, else a new one at the best gateway not yet refused here."""
    with atomic():
        payment = Payment.objects.select_for_update(of=("self",)).get(id=payment_id)
        if payment.is_paid:
            raise AlreadyPaid(payment=str(payment.id))
        if payment.state not in Payment.UNPAID:
            raise UnderWay(payment=str(payment.id))
        standing = payment.attempts.select_related("account").exclude(gateway__in=list(refused))
        standing = standing.filter(state__in=[*_HANGING, *Attempt.PAYABLE])
        if (attempt := standing.order_by("-seq").first()) is not None:
            return attempt
        decision = _decide(payment, refused)
        id_ = uuid7()
        payment.gateway, payment.saved_paise = decision.chosen, decision.saved_paise
        payment.save(update_fields=["gateway", "saved_paise"])
        return Attempt.objects.create(
            id=id_,
            payment=payment,
            seq=payment.attempts.count() + 1,
            account=GatewayAccount.objects.get(gateway=decision.chosen, state=GatewayAccount.State.ACTIVE),
            gateway=decision.chosen,
            client_ref=reference_of(id_),
            route=decision.as_json(),
            created_at=clock.now(),
        )


def _decide(payment: Payment, refused: dict[str, str]) -> Decision:
    """The choice among who may be asked. Of all who would probe one gateway's circuit now, one does."""
    while True:
        decision = route(payment.amount_paise, selectors.offers(excluded=refused))
        if not decision.chosen:
            raise NoGateway(payment=str(payment.id), tried=refused)
        [chosen] = [one for one in decision.candidates if one.gateway == decision.chosen]
        # Who loses the probe finds the circuit open when it looks again.
        if chosen.circuit != "half_open" or circuit_pass(gateway=chosen.gateway, operation=ORDER):
            return decision


def _leave(payment_id: UUID) -> dict[str, str]:
    """Leave the order the payer was shown: only once it is proven dead or, where that cannot be, stays under watch.

    Whatever the payer's bank is still at keeps the payment where it is: raises UnderWay.
    """
    attempt = selectors.payable_attempt(payment_id)
    if attempt is None:
        return {}
    refused = {attempt.gateway: "left by the payer"}
    payment = Payment.objects.get(id=payment_id)
    if not route(payment.amount_paise, selectors.offers(excluded=refused)).chosen:
        raise NoGateway(payment=str(payment_id), tried=refused)
    try:
        payment = payment_refresh(payment=payment_id)
        attempt.refresh_from_db(fields=["state"])
        if payment.state != Payment.State.PENDING or attempt.state != State.OPEN:
            raise (AlreadyPaid if payment.is_paid else UnderWay)(payment=str(payment_id))
        dead = client_of(attempt.account).order_terminate(
            reference=attempt.client_ref, gateway_order_id=attempt.gateway_order_id
        )
    except GatewayError as error:
        raise UnderWay(payment=str(payment_id)) from error
    crash.point(LEFT)
    if dead not in (None, OrderState.TERMINATED):
        raise UnderWay(payment=str(payment_id))
    left = Attempt.objects.filter(id=attempt.id, state=State.OPEN)
    left.update(state=State.ABANDONED, error="terminated" if dead else "watched", updated_at=clock.now())
    return refused


def _ask(attempt: Attempt, refused: dict[str, str]) -> None:
    """Ask for the order. What failed is noted in `refused`, when another gateway may be asked instead."""
    payment, asked_before = attempt.payment, attempt.state != State.PLANNED
    request, client = order_request(payment, attempt), client_of(attempt.account)
    if not _move(attempt, State.ASKED):
        # Whoever looked for it meanwhile has ended it.
        return
    crash.point(ASKED)
    try:
        order = _ordered(client, attempt.gateway, request)
    except (NeverReached, NotAuthorised, RateLimited) as error:
        # Nothing was made there, unless an earlier asking that never came back made it.
        _move(attempt, State.CREATE_UNKNOWN if asked_before else State.FAILED, error=type(error).__name__)
        refused[attempt.gateway] = type(error).__name__
    except Rejected as error:
        _move(attempt, State.FAILED, error=error.code[:100])
        raise GatewayRefused(gateway=attempt.gateway, reason=error.code[:100], payment=str(payment.id)) from error
    except GatewayError as error:
        # Looked up without a clear answer. The payer was never shown this order and never will be, so another gateway may
        # be asked; the poller finds out whether it came to be, and ends it.
        _move(attempt, State.CREATE_UNKNOWN, error=type(error).__name__)
        refused[attempt.gateway] = type(error).__name__
        Payment.objects.filter(id=payment.id).update(poll_at=clock.now() + ABSENT_APART)
    else:
        crash.point(ANSWERED)
        _opened(attempt, order)
        crash.point(OPENED)
        return
    log.error("payments.gateway_left", extra={"gateway": attempt.gateway, "reason": refused[attempt.gateway]})


def _ordered(client: PaymentGateway, gateway: str, request: OrderRequest) -> Order:
    """The order, asked for once; when nobody knows what became of it, looked up."""
    try:
        with counted(gateway, ORDER):
            return client.order_create(request)
    except (OutcomeUnknown, Duplicate) as error:
        try:
            found = client.order_fetch(reference=request.reference)
        except GatewayError as silent:
            raise OutcomeUnknown("it cannot be found out whether there is an order") from silent
        if found is None:
            raise Absent("the order is not there, or not yet") from error
        if (found.amount_paise, found.currency) != (request.amount_paise, request.currency):
            raise Rejected(409, "order_differs", "an order of that reference has other contents") from error
        return found


def _opened(attempt: Attempt, order: Order) -> None:
    with atomic():
        payment = Payment.objects.select_for_update(of=("self",)).get(id=attempt.payment_id)
        row = Attempt.objects.select_for_update(of=("self",)).get(id=attempt.id)
        if row.state not in _HANGING:
            # A callback was faster: the payer cannot have paid, but whoever looked found the order.
            return
        row.gateway_order_id, row.checkout = order.gateway_order_id, order.checkout
        row.state, row.error, row.updated_at = State.OPEN, "", clock.now()
        row.save(update_fields=["gateway_order_id", "checkout", "state", "error", "updated_at"])
        if payment.state == Payment.State.CREATED:
            payment.state = Payment.State.PENDING
            payment.save(update_fields=["state"])


def _move(attempt: Attempt, state: str, *, error: str = "") -> bool:
    hanging = Attempt.objects.filter(id=attempt.id, state__in=_HANGING)
    return bool(hanging.update(state=state, error=error, updated_at=clock.now()))


@contextmanager
def _alone(payment: UUID) -> Iterator[None]:
    """Only one process at a time asks gateways for a payment: the server lets go of the lock when one dies."""
    digest = hashlib.blake2b(f"payments.open|{current().schema}|{payment}".encode(), digest_size=8).digest()
    number = int.from_bytes(digest, "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s::bigint)", [number])
        (locked,) = cursor.fetchone()
    if not locked:
        raise UnderWay(payment=str(payment))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s::bigint)", [number])
