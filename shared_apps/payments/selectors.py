"""Reads of payments: cut to the actor's own, the offers of gateways, and whether the books agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, TextField, Value, When
from django.db.models.functions import JSONObject, TruncDate

from connectors.payments import Gateway
from connectors.payments.hosted import Customer, HostedCheckout, hosted_checkout
from kernel import clock
from kernel.http.actor import Actor
from kernel.http.errors import NotFound
from kernel.http.lookup import found
from kernel.tenancy import current
from shared_apps.ledger import selectors as ledger
from shared_apps.payments.models import (
    DESK,
    Attempt,
    Circuit,
    FeeSchedule,
    GatewayAccount,
    GatewayPayment,
    Payment,
    Refund,
)
from shared_apps.payments.router import Offer

_LATELY = timedelta(days=1)
# What an order must have come to before it says anything about its gateway.
_GOOD = (Attempt.State.SUCCEEDED, Attempt.State.SURPLUS)
# A payer who leaves and a request refused for what it is say nothing of the gateway.
_ENDED = (Attempt.State.FAILED, Attempt.State.ABANDONED, Attempt.State.CREATE_UNKNOWN)
_BAD = Q(state__in=_ENDED, error__in=["NeverReached", "OutcomeUnknown", "Absent", "orphan"])


@dataclass(frozen=True, slots=True)
class Books:
    """Whether money agrees, in paise: settled = receipts − refunds + surplus + unmatched; `difference` is then 0.

    `settled` is what gateways, the cash box and the desk's bank account brought, by the ledger.
    """

    settled: int
    receipts: int
    refunds: int
    surplus: int
    unmatched: int

    @property
    def difference(self) -> int:
        return self.settled - (self.receipts - self.refunds) - self.surplus - self.unmatched


def payments_visible(actor: Actor) -> QuerySet[Payment]:
    """Students see their profiles' payments and those they asked for; staff of some branches see those branches'."""
    payments = Payment.objects.all()
    if actor.kind == "student":
        return payments.filter(Q(payer_id__in=actor.students) | Q(created_by=actor.user_id, created_by__isnull=False))
    if actor.branches is not None:
        payments = payments.filter(branch__in=actor.branches)
    return payments


def payments_found(text: str) -> QuerySet[Payment]:
    """Payments of which `text` is a name somebody has for them: ours, a gateway's order or payment, receipt, payer."""
    whole = Q(reference=text) | Q(receipt=text) | Q(payer_phone=text) | Q(subject=text)
    orders = Attempt.objects.filter(Q(gateway_order_id=text) | Q(client_ref=text)).values("payment")
    money = GatewayPayment.objects.filter(gateway_payment_id=text).values("payment")
    return Payment.objects.filter(whole | Q(payer_name__icontains=text) | Q(id__in=orders) | Q(id__in=money))


def payment_get(actor: Actor, payment: UUID) -> Payment:
    """One visible payment. Raises NotFound."""
    return found(payments_visible(actor), id=payment)


def payment_paid(actor: Actor, payment: UUID) -> Payment:
    """One visible payment with the money that settled it. Raises NotFound."""
    return found(payments_visible(actor).select_related("winner"), id=payment)


def payment_by_long_name(name: str) -> Payment:
    """The payment an address of ours names by its long random name: the reference without the business's id.

    Whoever knows it may look. Raises NotFound.
    """
    return found(Payment.objects.all(), reference=f"{current().public_id}-{name}")


def payment_by_reference(reference: str) -> Payment:
    """The payment a browser returns for; whoever knows its long random name may ask. Raises NotFound."""
    return found(Payment.objects.all(), reference=reference)


def payment_named(payment: UUID) -> Payment | None:
    """A payment by its id, for a page that tells nothing of it but leads to its long name."""
    return Payment.objects.filter(id=payment).first()


def collected(actor: Actor, *, since: datetime, zone: tzinfo) -> list[tuple[date, str, int]]:
    """What the actor sees come in by day and source, `cash`, `upi` (by hand, or card) or `online`, less what went back."""
    source = Case(
        When(~Q(gateway=DESK), then=Value("online")),
        When(winner__method="cash", then=Value("cash")),
        default=Value("upi"),
        output_field=TextField(),
    )
    paid = payments_visible(actor).filter(receipt__isnull=False, paid_at__gte=since)
    by_day = paid.annotate(day=TruncDate("paid_at", tzinfo=zone), source=source).order_by()
    return list(by_day.values_list("day", "source").annotate(sum=Sum(F("amount_paise") - F("refunded_paise"))))


def troubles(actor: Actor, *, since: datetime) -> tuple[int, int]:
    """How many payments the actor sees whose money does not fit, and how many a payer lately tried in vain and still may."""
    tried = GatewayPayment.objects.filter(payment=OuterRef("pk"), state="failed", created_at__gte=since)
    sums = payments_visible(actor).aggregate(
        flagged=Count("id", filter=Q(flagged=True)),
        failed=Count("id", filter=Q(state__in=Payment.UNPAID, created_at__gte=since) & Q(Exists(tried))),
    )
    return sums["flagged"], sums["failed"]


def attempts_of(payment: UUID) -> QuerySet[Attempt]:
    """Every order tried for a payment, oldest first."""
    return Attempt.objects.filter(payment=payment).select_related("account").order_by("seq")


def payable_attempt(payment: UUID) -> Attempt | None:
    """The order the payer can pay now."""
    return attempts_of(payment).filter(state__in=Attempt.PAYABLE).first()


def checkout_of(payment: Payment) -> dict[str, Any]:
    """What a payer's browser needs to pay. Raises NotFound when there is no order to pay."""
    attempt = payable_attempt(payment.id)
    if attempt is None:
        raise NotFound
    return {
        "id": payment.id,
        "reference": payment.reference,
        "state": payment.state,
        "amount_paise": payment.amount_paise,
        "currency": payment.currency,
        "description": payment.description,
        "gateway": attempt.gateway,
        "order": attempt.gateway_order_id,
        "environment": attempt.account.environment,
        "checkout": attempt.checkout,
        "expires_at": payment.expires_at,
    }


def payer_of(payment: UUID) -> UUID | None:
    """Whom the money of a payment is from, for other apps. Cuts nothing: the caller heard of it by an event."""
    return Payment.objects.filter(id=payment).values_list("payer_id", flat=True).first()


def payments_live(purpose: str, subjects: Iterable[str]) -> list[Payment]:
    """The payments of these things that a payer can pay, or whose bank is at it."""
    live = (Payment.State.PENDING, Payment.State.AUTHORISED)
    return list(Payment.objects.filter(purpose=purpose, subject__in=list(subjects), current=True, state__in=live))


def under_way() -> int:
    """How many payments and refunds the gateways still have to say something about."""
    payments = Payment.objects.filter(state__in=Payment.UNPAID).count()
    return payments + Refund.objects.filter(state__in=Refund.OPEN).count()


def tries_of(payment: UUID) -> QuerySet[GatewayPayment]:
    """What the payer tried so far, the last first."""
    return GatewayPayment.objects.filter(payment=payment).order_by("-created_at", "-id")


def hosted_of(payment: Payment, *, business: str, cancel_url: str) -> HostedCheckout:
    """The form by which a payer's browser leaves for the gateway. Raises NotFound when there is no order to pay."""
    told = checkout_of(payment)
    customer = Customer(
        business=business,
        description=payment.description,
        name=payment.payer_name,
        phone=payment.payer_phone,
        email=payment.payer_email,
        cancel_url=cancel_url,
    )
    return hosted_checkout(
        told["gateway"], environment=told["environment"], checkout=told["checkout"], customer=customer
    )


def attempt_of(*, reference: str | None, gateway: str, gateway_order_id: str | None) -> Attempt | None:
    """The attempt a callback speaks of, by our own name, else by the gateway's."""
    attempts = Attempt.objects.filter(gateway=gateway)
    if reference and (attempt := attempts.filter(client_ref=reference).first()):
        return attempt
    return attempts.filter(gateway_order_id=gateway_order_id).first() if gateway_order_id else None


def money_of(*, gateway: str, gateway_payment_id: str | None) -> GatewayPayment | None:
    """A try the gateway names, if it was seen before."""
    if not gateway_payment_id:
        return None
    return GatewayPayment.objects.filter(gateway=gateway, gateway_payment_id=gateway_payment_id).first()


def refund_of(*, gateway: str, reference: str | None, gateway_refund_id: str | None) -> Refund | None:
    """The refund a callback speaks of."""
    refunds = Refund.objects.filter(gateway_payment__gateway=gateway)
    if reference and (refund := refunds.filter(reference=reference).first()):
        return refund
    return refunds.filter(gateway_refund_id=gateway_refund_id).first() if gateway_refund_id else None


def refunds_of(payment: UUID) -> QuerySet[Refund]:
    """Every refund of a payment, newest first."""
    return Refund.objects.filter(payment=payment).order_by("-id")


def accounts() -> QuerySet[GatewayAccount]:
    """The business's accounts at gateways, each with what is charged today."""
    schedule = _schedules().filter(gateway=OuterRef("gateway"))
    return GatewayAccount.objects.annotate(
        fee_percent=Subquery(schedule.values("percent")[:1]),
        fee_fixed_paise=Subquery(schedule.values("fixed_paise")[:1]),
        gst_percent=Subquery(schedule.values("gst_percent")[:1]),
    )


def accounts_health() -> QuerySet[GatewayAccount]:
    """The accounts with how each gateway answers us lately."""
    circuits = Circuit.objects.filter(gateway=OuterRef("gateway")).order_by("operation")
    shown = circuits.values(
        told=JSONObject(operation="operation", state=_circuit_state(), failures="failures", open_until="open_until")
    )
    return accounts().annotate(health=ArraySubquery(shown))


def account_get(account: UUID, *, locked: bool = False) -> GatewayAccount:
    """One account; `locked` until the caller's transaction ends. Raises NotFound."""
    accounts = GatewayAccount.objects.select_for_update() if locked else GatewayAccount.objects.all()
    return found(accounts, id=account)


def offers(*, excluded: Mapping[str, str]) -> list[Offer]:
    """What each gateway would charge; `excluded` names those that just could not be asked, with the reason."""
    circuits = circuit_states("order_create")
    active = set(GatewayAccount.objects.filter(state=GatewayAccount.State.ACTIVE).values_list("gateway", flat=True))
    shares = success_shares()
    found = []
    for gateway in sorted(Gateway):
        schedule = _schedules().filter(gateway=gateway).first()
        if schedule is None:
            continue
        why = excluded.get(gateway, "" if gateway in active else "no active account")
        found.append(
            Offer(
                gateway=gateway.value,
                percent=schedule.percent,
                fixed_paise=schedule.fixed_paise,
                gst_percent=schedule.gst_percent,
                success=shares.get(gateway),
                excluded=why,
                circuit=circuits.get(gateway, "closed"),
            )
        )
    return found


def circuit_states(operation: str) -> dict[str, str]:
    """closed, open or half_open for each gateway that was ever counted."""
    circuits = Circuit.objects.filter(operation=operation).annotate(state=_circuit_state())
    return dict(circuits.values_list("gateway", "state"))


def success_shares() -> dict[str, Decimal]:
    """The share of each gateway's orders of the last day that brought money, against those it failed itself."""
    lately = Attempt.objects.filter(Q(state__in=_GOOD) | _BAD, created_at__gte=clock.now() - _LATELY)
    counted = lately.values("gateway").annotate(good=Count("id", filter=Q(state__in=_GOOD)), ended=Count("id"))
    return {
        one["gateway"]: (Decimal(one["good"]) / one["ended"]).quantize(Decimal("0.001"), ROUND_HALF_UP)
        for one in counted.order_by()
    }


def books() -> Books:
    """Money in the ledger against receipts and refunds."""

    def lying(prefix: str) -> int:
        return sum(one.posted for one in ledger.balances(prefix=prefix))

    receipts = Payment.objects.filter(receipt__isnull=False).aggregate(sum=Sum("amount_paise"))["sum"]
    refunds = Refund.objects.filter(state=Refund.State.SUCCEEDED, gateway_payment__verdict="settled")
    return Books(
        settled=-lying("gateway") - lying("cash:desk") - lying("bank:desk"),
        receipts=receipts or 0,
        refunds=refunds.aggregate(sum=Sum("amount_paise"))["sum"] or 0,
        surplus=lying("surplus"),
        unmatched=lying("unmatched"),
    )


def stats() -> dict[str, Any]:
    """How payments go: by gateway, what routing saved, and the books."""
    by_gateway = (
        Attempt.objects.values("gateway")
        .annotate(
            orders=Count("id"),
            succeeded=Count("id", filter=Q(state__in=_GOOD)),
            failed=Count("id", filter=_BAD),
        )
        .order_by("gateway")
    )
    settled = Payment.objects.filter(receipt__isnull=False)
    totals = settled.aggregate(
        saved=Sum("saved_paise"), fees=Sum("winner__fee_paise"), taxes=Sum("winner__tax_paise"), count=Count("id")
    )
    kept = books()
    return {
        "payments": totals["count"],
        "saved_paise": totals["saved"] or 0,
        "fee_paise": totals["fees"] or 0,
        "tax_paise": totals["taxes"] or 0,
        "gateways": list(by_gateway),
        "books": {
            "settled": kept.settled,
            "receipts": kept.receipts,
            "refunds": kept.refunds,
            "surplus": kept.surplus,
            "unmatched": kept.unmatched,
            "difference": kept.difference,
        },
    }


def _circuit_state() -> Case:
    return Case(
        When(open_until=None, then=Value("closed")),
        When(open_until__gt=clock.now(), then=Value("open")),
        default=Value("half_open"),
    )


def _schedules() -> QuerySet[FeeSchedule]:
    """What is charged today, the latest agreement first. The method is not known before the payer has chosen."""
    return FeeSchedule.objects.filter(method="", effective_from__lte=clock.today()).order_by("-effective_from")
