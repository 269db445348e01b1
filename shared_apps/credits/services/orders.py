"""Tenants buying units: an order at today's price, filled once its payment has settled.

placed → (payment settled) → filled, or paid while the stock is short → (purchase) → filled
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.transaction import atomic

from kernel import clock, crash
from kernel.ids import uuid7
from kernel.money import round_paise
from kernel.tenancy import Business
from shared_apps.credits import selectors
from shared_apps.credits.errors import OrderTooSmall, OrderUnknown, PaymentDiffers, StockShort
from shared_apps.credits.models import Order, Wallet
from shared_apps.ledger import services as ledger
from shared_apps.ledger.errors import KeyReused, LedgerShort
from shared_apps.payments import services as payments
from shared_apps.payments.purposes import Payer, Quote
from shared_apps.tenants import selectors as tenants

if TYPE_CHECKING:
    from shared_apps.payments.models import Payment

PLACED = crash.register("credits.order_placed")

PURPOSE = "credits.purchase"
# No gateway takes less than one rupee.
LEAST_PAISE = 100


@dataclass(frozen=True, slots=True)
class OrderQuote:
    """What an order costs, for the payment: paise, and words for the payer."""

    amount_paise: int
    description: str


def order_place(*, business: Business, channel: str, units: int, key: str) -> Order:
    """Place an order of `units` for a business at its price, once per `key`; payments follows with purpose PURPOSE.

    In the operator's scope or the crossing `credits.buy`. Raises OrderTooSmall, StockShort, ledger's KeyReused.
    """
    with atomic():
        price = selectors.unit_price(business=business, channel=channel)
        amount = round_paise(Decimal(units * price) / 100)
        if amount < LEAST_PAISE:
            raise OrderTooSmall(amount_paise=amount, least_paise=LEAST_PAISE, field="units")
        Order.objects.bulk_create(
            [
                Order(
                    id=uuid7(),
                    schema=business.schema,
                    channel=channel,
                    units=units,
                    unit_price=price,
                    amount_paise=amount,
                    key=key,
                    placed_at=clock.now(),
                )
            ],
            ignore_conflicts=True,
        )
        order = Order.objects.get(schema=business.schema, key=key)
        if (order.channel, order.units) != (channel, units):
            raise KeyReused(key=key)
        available = ledger.balance(f"master:{channel}")
        if order.state == Order.State.PLACED and available < units:
            raise StockShort(needed=units, available=available, channel=channel)
        return order


def order_pay(*, order: Order, payer: Payer, return_url: str = "") -> Payment:
    """Ask for an order's price, in the operator's books. Not inside a transaction; raises as `payment_create` does."""
    crash.point(PLACED)
    price = order_quote(reference=str(order.id))
    return payments.payment_create(
        purpose=PURPOSE,
        subject=str(order.id),
        quote=Quote(amount_paise=price.amount_paise, description=price.description, payer=payer),
        created_by=payer.id,
        return_url=return_url,
        books=False,
    )


def order_quote(*, reference: str) -> OrderQuote:
    """The price of an order, for payments' purpose `credits.purchase`. Raises OrderUnknown."""
    order = Order.objects.filter(id=_order_id(reference)).first()
    if order is None:
        raise OrderUnknown
    return OrderQuote(order.amount_paise, f"{order.units:,} {order.channel.upper()} credits")


def order_settled(*, payment: str, reference: str, amount_paise: int) -> Order:
    """Fill an order whose payment has settled, in the operator's scope; again for the same payment changes nothing.

    With too little stock the order stays `paid` until the next purchase. Raises OrderUnknown, also for the order of a
    business that has left meanwhile, and PaymentDiffers when the money is not the order's price or another payment has
    paid it.
    """
    with atomic():
        order = Order.objects.select_for_update().filter(id=_order_id(reference)).first()
        if order is None or (order.state == Order.State.PLACED and not tenants.schema_is_held(order.schema)):
            raise OrderUnknown
        if order.payment not in {"", payment} or order.amount_paise != amount_paise:
            raise PaymentDiffers(order=str(order.id), payment=payment, amount_paise=amount_paise)
        if order.state == Order.State.PLACED:
            order.state, order.payment, order.paid_at = Order.State.PAID, payment, clock.now()
            order.save(update_fields=["state", "payment", "paid_at"])
        if order.state == Order.State.PAID:
            _fill(order)
        return order


def orders_fill(*, channel: str) -> int:
    """Fill paid orders that wait for stock, the longest waiting first; gives how many. In the caller's transaction."""
    filled = 0
    waiting = Order.objects.select_for_update().filter(state=Order.State.PAID, channel=channel)
    for order in waiting.order_by("paid_at", "id"):
        if tenants.schema_is_held(order.schema):
            filled += _fill(order)
    return filled


def orders_pay_back(*, schema: str) -> int:
    """Ask for the money of paid and never filled orders of a business that has left to go back; gives how many."""
    waiting = Order.objects.filter(state=Order.State.PAID, schema=schema)
    for order in waiting:
        payments.refund_request(payment=UUID(order.payment), key=f"credits.order:{order.payment}", reason="left")
    return len(waiting)


def _fill(order: Order) -> bool:
    Wallet.objects.get_or_create(schema=order.schema, channel=order.channel)
    try:
        ledger.post(
            debit=f"master:{order.channel}",
            credit=selectors.wallet_code(order.schema, order.channel),
            amount=order.units,
            unit="credits",
            key=f"credits.order:{order.id}",
            kind="sale",
            reference=str(order.id),
        )
    except LedgerShort:
        return False
    order.state, order.filled_at = Order.State.FILLED, clock.now()
    order.save(update_fields=["state", "filled_at"])
    return True


def _order_id(reference: str) -> UUID:
    try:
        return UUID(reference)
    except ValueError:
        raise OrderUnknown from None
