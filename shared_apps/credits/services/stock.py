"""The operator's side: vendors, purchases, prices, allocation, and telling who runs low. In the operator's scope."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.transaction import atomic

from kernel import clock, jobs
from kernel.money import round_paise
from kernel.tenancy import Business, platform_business
from kernel.tenancy.directory import alive_businesses
from shared_apps.credits import selectors
from shared_apps.credits.errors import StockShort, VendorUnknown
from shared_apps.credits.events import CreditsLow
from shared_apps.credits.models import DEFAULT_COST, DEFAULT_PRICE, Channel, Price, Purchase, Vendor, Wallet
from shared_apps.credits.services.orders import orders_fill, orders_pay_back
from shared_apps.ledger import services as ledger
from shared_apps.ledger.errors import LedgerShort


def money(*, units: int, each: int) -> int:
    """Paise for `units` at `each` hundredths of a paisa, rounded half up once."""
    return round_paise(Decimal(units * each) / 100)


def defaults_ensure() -> None:
    """Make the vendor and the price an installation starts with, where missing: SMS in at ₹0.15, out at ₹0.25."""
    with atomic():
        Vendor.objects.get_or_create(code="msg91", channel=Channel.SMS, defaults={"name": "MSG91", "priority": 1})
        Price.objects.get_or_create(channel=Channel.SMS, plan="", schema="", defaults={"unit_price": DEFAULT_PRICE})


def vendor_save(
    *, code: str, channel: str, name: str, unit_cost: int = DEFAULT_COST, priority: int = 1, active: bool = True
) -> Vendor:
    """Add or change one channel of a vendor. `unit_cost` in hundredths of a paisa; the lowest priority goes first."""
    values = {"name": name, "unit_cost": unit_cost, "priority": priority, "active": active}
    vendor, _ = Vendor.objects.update_or_create(code=code, channel=channel, defaults=values)
    return vendor


def price_set(*, channel: str, unit_price: int, plan: str = "", business: Business | None = None) -> Price:
    """Set what a unit costs everyone, a plan's businesses, or one business, in hundredths of a paisa (> 0)."""
    price, _ = Price.objects.update_or_create(
        channel=channel,
        plan=plan,
        schema=business.schema if business else "",
        defaults={"unit_price": unit_price},
    )
    return price


def vendor_purchase(*, vendor: str, channel: str, units: int, key: str) -> Purchase:
    """Book `units` (> 0) bought from a vendor into the stock, once per `key`, and fill paid orders that waited for it.

    Raises VendorUnknown and ledger's KeyReused.
    """
    with atomic():
        seller = Vendor.objects.filter(code=vendor, channel=channel, active=True).first()
        if seller is None:
            raise VendorUnknown(vendor=vendor, channel=channel)
        transfer = ledger.post(
            debit=f"vendor:{vendor}:{channel}",
            credit=f"master:{channel}",
            amount=units,
            unit="credits",
            key=f"credits.purchase:{key}",
            kind="purchase",
            reference=vendor,
        )
        purchase, _ = Purchase.objects.get_or_create(
            id=transfer,
            defaults={
                "vendor": vendor,
                "channel": channel,
                "units": units,
                "unit_cost": seller.unit_cost,
                "amount_paise": money(units=units, each=seller.unit_cost),
                "at": clock.now(),
            },
        )
        orders_fill(channel=channel)
        return purchase


def allocate(*, business: Business, channel: str, units: int, key: str) -> UUID:
    """Give `units` (> 0) of the stock to a business without payment, once per `key`. Gives the transfer's id.

    Raises StockShort (needed, available) and ledger's KeyReused.
    """
    with atomic():
        wallet_open(schema=business.schema, channel=channel)
        try:
            return ledger.post(
                debit=f"master:{channel}",
                credit=selectors.wallet_code(business.schema, channel),
                amount=units,
                unit="credits",
                key=f"credits.allocate:{key}",
                kind="allocation",
                reference=business.schema,
            )
        except LedgerShort as short:
            raise StockShort(needed=units, available=short.data["available"], channel=channel) from short


def wallet_open(*, schema: str, channel: str = Channel.SMS, low_at: int | None = None) -> None:
    """Make sure a business has a wallet of a channel; `low_at` also sets below how many free units it counts as low."""
    wallet, _ = Wallet.objects.get_or_create(schema=schema, channel=channel)
    if low_at is not None:
        wallet.low_at = low_at
        wallet.save(update_fields=["low_at"])


def wallets_close(*, schema: str) -> dict[str, int]:
    """Take a business that has left out of the trade; gives the units of each channel that went back to the stock.

    What messages under way had set aside is released first; prices of its own are forgotten; an order that was paid and
    never filled is paid back. The journal keeps every movement, so the books of the whole add up as before. What credits
    are worth is not paid back by itself: that is the operator's to decide, by a refund of the payment that bought them.
    Repeating it gives what went back then.
    """
    with atomic():
        key = f"credits.return:{schema}"
        for wallet in Wallet.objects.select_for_update().filter(schema=schema).order_by("channel"):
            account = selectors.wallet_code(schema, wallet.channel)
            ledger.release_all(account=account, key=f"{key}:{wallet.channel}")
            if left := ledger.balance(account):
                ledger.post(
                    debit=account,
                    credit=f"master:{wallet.channel}",
                    amount=left,
                    unit="credits",
                    key=f"{key}:{wallet.channel}",
                    kind="return",
                    reference=schema,
                )
            wallet.delete()
        Price.objects.filter(schema=schema).delete()
        orders_pay_back(schema=schema)
        return selectors.returned(schema=schema)


def wallets_tell() -> int:
    """Tell of each wallet that fell below its mark since it was last above; gives how many. Between transactions.

    The business and the operator each get CreditsLow. Suspended tenants are told when they are active again.
    """
    businesses = {one.schema: one for one in [platform_business(), *alive_businesses()]}
    with atomic():
        rows = {(one.schema, one.channel): one for one in Wallet.objects.select_for_update()}
        views = [view for view in selectors.wallets() if view.schema in businesses]
        low = [view for view in views if view.is_low and not rows[view.schema, view.channel].told]
        _mark([rows[v.schema, v.channel] for v in views if not v.is_low], told=False)
        _mark([rows[v.schema, v.channel] for v in low], told=True)
        for view in low:
            facts: dict[str, Any] = {
                "schema": view.schema,
                "channel": view.channel,
                "available": view.available,
                "low_at": view.low_at,
            }
            jobs.publish(CreditsLow(**facts))
            if view.schema != platform_business().schema:
                jobs.put_for(businesses[view.schema], "credits.low_announce", **facts)
        return len(low)


def _mark(wallets: list[Wallet], *, told: bool) -> None:
    Wallet.objects.filter(id__in=[one.id for one in wallets]).exclude(told=told).update(told=told)
