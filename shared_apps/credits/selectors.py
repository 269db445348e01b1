"""Reads of credits: wallets, stock, prices, journal. All stand in the operator's scope or in a crossing to it.

What a tenant may see is cut by the business's schema here, never by a parameter of the request.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from kernel.tenancy import Business
from shared_apps.credits.models import DEFAULT_LOW_AT, DEFAULT_PRICE, Channel, Order, Price, VendorReference, Wallet
from shared_apps.ledger import selectors as ledger
from shared_apps.ledger.selectors import Balance
from shared_apps.plans import selectors as plans
from shared_apps.plans.errors import SubscriptionMissing


@dataclass(frozen=True, slots=True)
class WalletView:
    """One business's units of one channel; `available` excludes what is `held` for messages under way."""

    schema: str
    channel: str
    available: int
    held: int
    consumed: int
    low_at: int

    @property
    def is_low(self) -> bool:
        return self.available < self.low_at


@dataclass(frozen=True, slots=True)
class Stock:
    """Where every unit of one channel is: purchased = master + wallets + held + consumed, always."""

    channel: str
    purchased: int
    master: int
    wallets: int
    held: int
    consumed: int


def wallet_code(schema: str, channel: str) -> str:
    return f"wallet:{schema}:{channel}"


def wallets(*, schema: str | None = None) -> list[WalletView]:
    """Every wallet, or one business's, by schema and channel; a wallet never filled stands at zero."""
    rows = Wallet.objects.order_by("schema", "channel")
    below = f":{schema}" if schema is not None else ""
    lying = {one.code: one for one in ledger.balances(prefix=f"wallet{below}")}
    spent = {one.code: one.posted for one in ledger.balances(prefix=f"consumed{below}")}
    views = []
    for row in rows if schema is None else rows.filter(schema=schema):
        one = lying.get(wallet_code(row.schema, row.channel), _EMPTY)
        consumed = spent.get(f"consumed:{row.schema}:{row.channel}", 0)
        views.append(WalletView(row.schema, row.channel, one.available, one.held, consumed, row.low_at))
    return views


def wallet(*, schema: str, channel: str) -> WalletView:
    """One wallet; zero units when it was never opened."""
    found = [one for one in wallets(schema=schema) if one.channel == channel]
    return found[0] if found else WalletView(schema, channel, 0, 0, 0, DEFAULT_LOW_AT)


def stock() -> list[Stock]:
    """The books of each channel as the journal has them."""
    sums = {channel: dict.fromkeys(("vendor", "master", "wallet", "held", "consumed"), 0) for channel in Channel.values}
    for kind in ("vendor", "master", "wallet", "consumed"):
        for one in ledger.balances(prefix=kind):
            books = sums[one.code.split(":")[1 if kind == "master" else 2]]
            books[kind] += one.posted
            books["held"] += one.held
    return [
        Stock(channel, -s["vendor"], s["master"], s["wallet"] - s["held"], s["held"], s["consumed"])
        for channel, s in sums.items()
    ]


def unit_price(*, business: Business, channel: str) -> int:
    """What one unit costs this business, in hundredths of a paisa: its own price, else its plan's, else everyone's."""
    try:
        plan = plans.plan_of(business.schema).code
    except SubscriptionMissing:
        plan = ""
    whose = Q(schema=business.schema, plan="") | Q(schema="", plan__in=["", plan])
    listed = Price.objects.filter(whose, channel=channel)
    best = max(listed, key=lambda price: (price.schema != "", price.plan != ""), default=None)
    return best.unit_price if best else DEFAULT_PRICE


def journal(*, schema: str) -> QuerySet:
    """Transfers that touched a business's wallets, for `rows`."""
    return ledger.transfers(prefix=f"wallet:{schema}")


def orders_of(*, schema: str) -> QuerySet[Order]:
    return Order.objects.filter(schema=schema)


def revenue_paise() -> int:
    """Money for which units were sold."""
    return Order.objects.filter(state=Order.State.FILLED).aggregate(sum=Sum("amount_paise"))["sum"] or 0


def schema_for_reference(vendor: str, reference: str) -> tuple[str, UUID] | None:
    """Whose message a vendor's report is about: the business's schema and the hold; None for a stranger's reference."""
    return VendorReference.objects.filter(vendor=vendor, reference=reference).values_list("schema", "hold").first()


_EMPTY = Balance("", "credits", 0, 0)
