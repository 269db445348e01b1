"""What of payments the search finds, and what of them belongs to a business's set-up."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kernel.http import search
from kernel.http.actor import Actor
from kernel.money import grouped
from shared_apps.organisation import setup
from shared_apps.payments import selectors
from shared_apps.payments.models import GatewayAccount


def register() -> None:
    """Called once, when the app is ready."""
    search.register("payments", payments, title=_("Payments"), permission="payments.route", position=20)
    setup.register(
        "gateway",
        title=_("Connect a payment gateway"),
        text=_("Cashfree or Razorpay: your own account, tested with one press."),
        icon="credit-card",
        page="page_gateways",
        permission="payments.gateways",
        position=60,
        done=lambda: GatewayAccount.objects.filter(state=GatewayAccount.State.ACTIVE),
    )


def payments(actor: Actor, text: str) -> Iterator[search.Hit]:
    """By the number of the receipt or its end, or by our reference at the gateway."""
    wanted = text.upper()
    if len(text) < 4 or not any(sign.isdigit() for sign in text):
        return
    rows = selectors.payments_visible(actor).filter(Q(receipt__endswith=wanted) | Q(reference=text.lower()))
    for row in rows.order_by("-id")[: search.MOST]:
        rupees, paise = divmod(row.amount_paise, 100)
        yield search.Hit(
            title=row.receipt or row.reference,
            note=f"{row.payer_name} · ₹{grouped(rupees)}" + (f".{paise:02d}" if paise else ""),
            address=search.address("page_payment", row.id, otherwise="/"),
            icon="receipt-indian-rupee",
            tone="ok",
            is_exact=wanted == row.receipt or text.lower() == row.reference,
        )
