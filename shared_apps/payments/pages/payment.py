"""One payment whole: how far it came and when, why it went this way, what it cost, and giving it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connectors.payments.errors import GatewayError
from kernel.errors import DomainError
from kernel.http.errors import Forbidden
from kernel.http.forms import refuse
from kernel.http.pages import PageRequest, PageView
from kernel.ids import uuid7
from kernel.inbox import services as inbox
from kernel.money import paise_of, rupees
from shared_apps.accounts import selectors as accounts
from shared_apps.payments import selectors, services
from shared_apps.payments.models import DESK, Attempt, Payment
from shared_apps.payments.pages.route import sentence_of

MOST_RUPEES = Decimal(10**10)
MOST_CALLBACKS = 10


class RefundForm(forms.Form):
    """What is given back and why. `key` is the form's own: sent twice, it gives back once."""

    amount = forms.DecimalField(
        label=gettext_lazy("Amount"),
        min_value=Decimal("0.01"),
        max_value=MOST_RUPEES,
        decimal_places=2,
        widget=forms.NumberInput({"class": "input num", "step": "0.01", "inputmode": "decimal"}),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=100,
        help_text=gettext_lazy("Kept with the refund; the gateway may show it to the payer."),
        widget=forms.TextInput({"class": "input"}),
    )
    key = forms.RegexField(r"\A[0-9a-f-]{1,64}\Z", widget=forms.HiddenInput)


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the timeline."""

    at: datetime
    tone: str
    icon: str
    title: str
    note: str = ""


class PaymentPage(PageView):
    """Everything known of a payment, oldest first."""

    permission = {"GET": "payments.view"}

    def get(self, request: PageRequest, payment: UUID) -> HttpResponse:
        return shown(request, payment, None)


class PaymentRefund(PageView):
    """Give money back, whole or in part."""

    permission = {"POST": "payments.refund"}

    def post(self, request: PageRequest, payment: UUID) -> HttpResponse:
        found = selectors.payment_get(request.actor, payment)
        form = RefundForm(request.POST)
        if not form.is_valid():
            return shown(request, payment, form, status=422)
        amount = paise_of(form.cleaned_data["amount"])
        try:
            with transaction.atomic():
                services.refund_check_limit(request.actor, payment=found.id, amount_paise=amount)
                refund = services.refund_request(
                    payment=found.id,
                    key=f"page:{form.cleaned_data['key']}",
                    amount_paise=amount,
                    reason=form.cleaned_data["reason"],
                    created_by=request.actor.user_id,
                )
        except DomainError as error:
            refuse(form, error)
            return shown(request, payment, form, status=error.status)
        is_done = refund.state == "succeeded"
        messages.success(request, _("Given back.") if is_done else _("The gateway is asked to give it back."))
        return redirect("page_payment", found.id)


class PaymentAsk(PageView):
    """Ask the gateways now how a payment stands."""

    permission = {"POST": "payments.view"}

    def post(self, request: PageRequest, payment: UUID) -> HttpResponse:
        if request.actor.kind == "student":
            raise Forbidden
        found = selectors.payment_get(request.actor, payment)
        try:
            services.payment_refresh(payment=found.id)
        except GatewayError:
            messages.warning(request, _("The gateway does not answer now. What is known already is shown."))
        return redirect("page_payment", found.id)


def shown(request: PageRequest, payment: UUID, form: RefundForm | None, *, status: int = 200) -> HttpResponse:
    """The page, with the refund's form as it was sent or fresh."""
    if request.actor.kind == "student":
        raise Forbidden
    found = selectors.payment_paid(request.actor, payment)
    attempts = list(selectors.attempts_of(payment))
    tries = list(selectors.tries_of(payment))
    refunds = list(selectors.refunds_of(payment))
    left = found.winner.amount_paise - found.winner.refunding_paise if found.winner and found.is_paid else 0
    told: dict[str, Any] = {
        "payment": found,
        "events": timeline(found, attempts, tries, refunds, callbacks_of(request, found, attempts)),
        "attempts": attempts,
        "refunds": refunds,
        "left": left,
        "taken_by": accounts.user_by_id(found.created_by) if found.gateway == DESK and found.created_by else None,
        "surplus": [one for one in tries if one.verdict in ("surplus", "mismatch")],
        "is_refused": form is not None,
    }
    if request.actor.can("payments.route"):
        told["route"] = sentence_of(found, attempts)
        told["candidates"] = attempts[-1].route.get("candidates", []) if attempts else []
    if left and request.actor.can("payments.refund"):
        told["form"] = form or RefundForm(initial={"amount": rupees(left), "key": str(uuid7())})
        told["limit"] = None if request.actor.can("payments.refund_any") else services.REFUND_LIMIT_PAISE
    return render(request, "payments/payment.html", told, status=status)


def callbacks_of(request: PageRequest, payment: Payment, attempts: list[Attempt]) -> list[dict[str, Any]]:
    """The callbacks that named one of a payment's orders, for who may see callbacks."""
    if not request.actor.can("webhooks.view"):
        return []
    found: dict[Any, dict[str, Any]] = {}
    for attempt in attempts:
        named = attempt.client_ref if attempt.gateway == "cashfree" else attempt.gateway_order_id
        if named:
            asked = {"search": named, "source": attempt.gateway, "since": payment.created_at}
            found |= {one["id"]: one for one in inbox.page(limit=MOST_CALLBACKS, before=None, filters=asked)}
    return list(found.values())


def timeline(
    payment: Payment,
    attempts: list[Attempt],
    tries: list[Any],
    refunds: list[Any],
    callbacks: list[dict[str, Any]],
) -> list[Event]:
    """What happened, in order: asked for, each order, each callback, each try, the receipt, each refund."""
    events = [Event(payment.created_at, "neutral", "plus", _("Asked for"), payment.description)]
    for attempt in attempts:
        tone, mark, words = _ATTEMPTS.get(attempt.state, ("neutral", "circle", ""))
        title = _("Order at %(gateway)s") % {"gateway": attempt.gateway.title()}
        events.append(Event(attempt.created_at, tone, mark, title, str(words)))
    for heard in callbacks:
        tone, words = _CALLBACKS.get(heard["state"], ("neutral", ""))
        title = _("Callback of %(gateway)s") % {"gateway": heard["source"].title()}
        note = " · ".join(text for text in (heard["event"], str(words)) if text)
        events.append(Event(datetime.fromisoformat(heard["received_at"]), tone, "webhook", title, note))
    asked = {attempt.id: attempt.created_at for attempt in attempts}
    for one in tries:
        if one.gateway == DESK:
            continue
        tone, mark, words = _TRIES.get(one.state, ("neutral", "circle", one.state))
        # What a gateway says of money that came is no reason for anything.
        reason = "" if one.state in ("captured", "refunded") else one.reason
        note = " · ".join(text for text in (one.method.upper(), reason, one.gateway_payment_id) if text)
        # Gateways tell whole seconds: nothing is paid before it was asked for.
        at = max(one.paid_at or one.created_at, asked.get(one.attempt_id, payment.created_at))
        events.append(Event(at, tone, mark, str(words), note))
    if payment.paid_at:
        events.append(Event(payment.paid_at, "ok", "receipt", _("Receipt %(number)s") % {"number": payment.receipt}))
    for refund in refunds:
        tone, mark, words = _REFUNDS.get(refund.state, ("warn", "clock", gettext_lazy("Refund under way")))
        events.append(Event(refund.created_at, tone, mark, str(words), refund.reason))
    if payment.state == "expired":
        events.append(Event(payment.expires_at, "neutral", "clock", _("The time to pay was over")))
    return sorted(events, key=lambda event: event.at)


_ATTEMPTS = {
    "open": ("info", "external-link", gettext_lazy("The payer can pay there.")),
    "processing": ("warn", "hourglass", gettext_lazy("A bank is at it.")),
    "succeeded": ("ok", "check", gettext_lazy("It brought the money.")),
    "surplus": ("warn", "copy", gettext_lazy("It brought money a second time.")),
    "failed": ("bad", "x", gettext_lazy("There is no such order, or it can never be paid.")),
    "abandoned": ("neutral", "log-out", gettext_lazy("Nobody is sent there any more.")),
    "create_unknown": ("warn", "circle-help", gettext_lazy("The gateway never said whether it was made.")),
}
_CALLBACKS = {
    "processed": ("ok", gettext_lazy("followed")),
    "ignored": ("neutral", gettext_lazy("nothing to do")),
    "failed": ("bad", gettext_lazy("could not be followed")),
    "refused": ("bad", gettext_lazy("not believed")),
    "received": ("warn", gettext_lazy("waits")),
}
_TRIES = {
    "captured": ("ok", "check", gettext_lazy("Money taken")),
    "refunded": ("ok", "check", gettext_lazy("Money taken")),
    "authorised": ("warn", "hourglass", gettext_lazy("Set aside by the payer's bank")),
    "pending": ("warn", "hourglass", gettext_lazy("The payer's bank has not answered")),
    "failed": ("bad", "x", gettext_lazy("A try that did not go through")),
    "cancelled": ("neutral", "x", gettext_lazy("The payer left")),
}
_REFUNDS = {
    "succeeded": ("neutral", "undo-2", gettext_lazy("Given back")),
    "failed": ("bad", "x", gettext_lazy("A refund that did not go through")),
    "cancelled": ("bad", "x", gettext_lazy("A refund that did not go through")),
    "reversed": ("bad", "x", gettext_lazy("A bank returned the refund")),
}
