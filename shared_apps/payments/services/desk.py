"""Money taken in person: counted, booked and receipted in one transaction, once for each taking."""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError
from django.db.transaction import atomic

from connectors.payments.port import PaymentState
from kernel import audit, clock, crash, jobs
from kernel.ids import uuid7
from shared_apps.ledger import services as ledger
from shared_apps.payments.errors import AlreadyPaid, DeskKeyReused, DeskReferenceMissing, DeskReferenceUsed
from shared_apps.payments.events import PaymentSettled
from shared_apps.payments.models import DESK, GatewayPayment, Payment
from shared_apps.payments.purposes import Quote
from shared_apps.payments.reducer import Verdict
from shared_apps.payments.services.naming import reference_of
from shared_apps.payments.services.receipts import receipt_next

BOOKED = crash.register("payments.desk_booked")

CASH = "cash"
METHODS = (CASH, "upi", "card")
# What is not cash is already on the business's own account when the desk sees its reference.
_PLACES = {CASH: f"cash:{DESK}"}


def desk_payment_create(
    *, purpose: str, subject: str, quote: Quote, method: str, key: str, taken_by: UUID | None, reference: str = ""
) -> Payment:
    """Take money for a thing at the desk: a paid payment with its receipt; the same `key` again gives the same one.

    Works inside the caller's transaction. `method` is cash, upi or card; for the latter two `reference` is what the
    payer's bank calls the transfer, and no transfer is taken twice.
    Raises AlreadyPaid, DeskKeyReused, DeskReferenceMissing, DeskReferenceUsed.
    """
    if method not in METHODS:
        raise ValueError(method)
    shown = "".join(reference.split()).upper()
    if method != CASH and not shown:
        raise DeskReferenceMissing(field="reference")
    with atomic():
        payment = _payment(purpose, subject, quote, key, taken_by)
        if payment.is_paid:
            return _the_same(payment, method=method, shown=shown)
        _book(payment, method=method, shown=shown)
        crash.point(BOOKED)
    return payment


def place_of(money: GatewayPayment) -> str:
    """The account of the world outside where money of a payment lies."""
    if money.gateway != DESK:
        return f"gateway:{money.gateway}"
    return _PLACES.get(money.method, f"bank:{DESK}")


def _payment(purpose: str, subject: str, quote: Quote, key: str, taken_by: UUID | None) -> Payment:
    """The row of this taking: new, or the one that stands under its key."""
    now, id_ = clock.now(), uuid7()
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
        created_by=taken_by,
        gateway=DESK,
        desk_key=key,
        created_at=now,
        expires_at=now,
    )
    # Whoever comes at the same moment waits here until the first has committed, and then finds its row.
    Payment.objects.bulk_create([wanted], ignore_conflicts=True)
    payment = Payment.objects.select_for_update(of=("self",)).filter(desk_key=key).first()
    if payment is None:
        standing = Payment.objects.filter(purpose=purpose, subject=subject, current=True).first()
        raise AlreadyPaid(payment=str(standing.id) if standing else "")
    told = (payment.purpose, payment.subject, payment.amount_paise, payment.payer_id)
    if told != (purpose, subject, quote.amount_paise, quote.payer.id):
        raise DeskKeyReused
    return payment


def _the_same(payment: Payment, *, method: str, shown: str) -> Payment:
    money = GatewayPayment.objects.get(payment=payment, gateway=DESK)
    if (money.method, money.gateway_payment_id) != (method, _name(payment, method, shown)):
        raise DeskKeyReused
    return payment


def _name(payment: Payment, method: str, shown: str) -> str:
    return f"{method}:{shown or payment.reference}"


def _book(payment: Payment, *, method: str, shown: str) -> None:
    now = clock.now()
    money = GatewayPayment(
        id=uuid7(),
        payment=payment,
        gateway=DESK,
        environment=DESK,
        gateway_payment_id=_name(payment, method, shown),
        amount_paise=payment.amount_paise,
        currency=payment.currency,
        state=PaymentState.CAPTURED,
        method=method,
        verdict=Verdict.SETTLED,
        paid_at=now,
        created_at=now,
        updated_at=now,
    )
    try:
        with atomic():
            money.save(force_insert=True)
    except IntegrityError as error:
        raise DeskReferenceUsed(field="reference") from error
    payment.winner, payment.state, payment.paid_at = money, Payment.State.PAID, now
    payment.receipt = receipt_next()
    payment.save(update_fields=["winner", "state", "paid_at", "receipt"])
    ledger.post(
        debit=place_of(money),
        credit=f"income:{payment.purpose}",
        amount=payment.amount_paise,
        unit="paise",
        key=f"payment:desk:{payment.id}",
        kind="payment",
        reference=str(payment.id),
    )
    audit.record(
        action="payments.desk_take",
        subject_type="payment",
        subject_id=str(payment.id),
        changes={"amount_paise": [None, payment.amount_paise], "method": [None, method], "reference": [None, shown]},
    )
    jobs.publish(
        PaymentSettled(
            payment=str(payment.id),
            purpose=payment.purpose,
            reference=payment.subject,
            amount_paise=payment.amount_paise,
            receipt=payment.receipt,
        )
    )
