"""Reads of credits: wallets, stock, prices, journal. All stand in the operator's scope or in a crossing to it.

What a tenant may see is cut by the business's schema here, never by a parameter of the request.
"""

import time
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import F, Func, OuterRef, Q, QuerySet, Subquery, Sum, TextField, Value
from django.db.models.functions import Coalesce, Concat

from kernel import clock
from kernel.http.lookup import found
from kernel.money import round_paise
from kernel.tenancy import Business, platform_scope
from shared_apps.credits.models import (
    DEFAULT_LOW_AT,
    DEFAULT_PRICE,
    Channel,
    Order,
    Price,
    Purchase,
    Vendor,
    VendorReference,
    Wallet,
)
from shared_apps.ledger import selectors as ledger
from shared_apps.ledger.selectors import Balance
from shared_apps.plans import selectors as plans
from shared_apps.plans.errors import SubscriptionMissing
from shared_apps.tenants import selectors as tenants

# A stock that lasts no week is bought anew.
LOW_DAYS = 7


LATELY_S = 60
_REMEMBERED = 10_000
_lately: dict[str, tuple[float, "WalletView"]] = {}


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

    @property
    def whole(self) -> int:
        """Everything that ever came into the wallet."""
        return self.available + self.held + self.consumed


@dataclass(frozen=True, slots=True)
class Stock:
    """Where every unit of one channel is: purchased = master + wallets + held + consumed, always."""

    channel: str
    purchased: int
    master: int
    wallets: int
    held: int
    consumed: int


@dataclass(frozen=True, slots=True)
class Day:
    """Units of one channel on one day: what left the stock for wallets, and what was sent out of wallets."""

    day: date
    sold: int
    sent: int


@dataclass(frozen=True, slots=True)
class Supply:
    """One channel's stock, how it went of late, and whom it is bought from with what was ever bought there."""

    stock: Stock
    days: list[Day]
    vendors: list[tuple[Vendor, int]]

    @property
    def daily(self) -> Decimal:
        """What leaves the stock a day, on average of the days looked at."""
        return Decimal(sum(one.sold for one in self.days)) / len(self.days)

    @property
    def days_left(self) -> int | None:
        """How long the stock lasts so; None when nothing leaves it."""
        return int(self.stock.master / self.daily) if self.daily else None

    @property
    def is_low(self) -> bool:
        """Whether to buy now: it lasts no week, or was bought once and is used up."""
        left = self.days_left
        return (left is not None and left < LOW_DAYS) or (self.stock.purchased > 0 and self.stock.master == 0)


@dataclass(frozen=True, slots=True)
class Margin:
    """What one business paid for units of one channel, and what those cost; paise."""

    name: str
    channel: str
    units: int
    revenue_paise: int
    cost_paise: int

    @property
    def margin_paise(self) -> int:
        return self.revenue_paise - self.cost_paise


class SplitPart(Func):
    """One word of a text joined by colons, counted from 1, from the end when negative."""

    function = "split_part"
    output_field = TextField()

    def __init__(self, text: str, position: int) -> None:
        super().__init__(F(text), Value(":"), Value(position))


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


def units_left(business: Business, channel: str = Channel.SMS.value) -> WalletView:
    """A business's own wallet, for its staff; crosses to the operator's side for this one read."""
    with platform_scope(on_behalf_of=business, purpose="credits.buy"):
        return wallet(schema=business.schema, channel=channel)


def units_lately(business: Business) -> WalletView:
    """`units_left` as of LATELY_S ago at most: what every page of staff shows beside its navigation."""
    known = _lately.get(business.public_id)
    if known is None or known[0] < time.monotonic():
        if len(_lately) >= _REMEMBERED:
            _lately.clear()
        known = (time.monotonic() + LATELY_S, units_left(business))
        _lately[business.public_id] = known
    return known[1]


def stock() -> list[Stock]:
    """The books of each channel as the journal has them."""
    sums = {channel: dict.fromkeys(("vendor", "master", "wallet", "held", "consumed"), 0) for channel in Channel.values}
    for kind in ("vendor", "master", "wallet", "consumed"):
        for one in ledger.balances(prefix=kind):
            if one.unit != "credits":  # vendors are also paid in money
                continue
            books = sums[one.code.split(":")[1 if kind == "master" else 2]]
            books[kind] += one.posted
            books["held"] += one.held
    return [
        Stock(channel, -s["vendor"], s["master"], s["wallet"] - s["held"], s["held"], s["consumed"])
        for channel, s in sums.items()
    ]


def supplies(*, days: int = 14) -> list[Supply]:
    """How each channel's stock goes: by day what left it for wallets and what was sent, and how long it still lasts."""
    since = clock.now() - timedelta(days=days)
    first = clock.today() - timedelta(days=days - 1)
    sold: Counter[tuple[str, date]] = Counter()
    sent: Counter[tuple[str, date]] = Counter()
    for giver, taker, day, units in ledger.flows(prefix="wallet", since=since):
        if giver.startswith("master:"):
            sold[taker.rsplit(":", 1)[1], day] += units
    for _giver, taker, day, units in ledger.flows(prefix="consumed", since=since):
        sent[taker.rsplit(":", 1)[1], day] += units
    dates = [first + timedelta(days=n) for n in range(days)]
    return [
        Supply(
            stock=one,
            days=[Day(day, sold[one.channel, day], sent[one.channel, day]) for day in dates],
            vendors=[(v, units) for v, units in _bought(one.channel)],
        )
        for one in stock()
        if one.purchased or one.channel == Channel.SMS
    ]


def _bought(channel: str) -> list[tuple[Vendor, int]]:
    """Who sells a channel, with what was ever bought there."""
    units = dict(Purchase.objects.filter(channel=channel).values_list("vendor").annotate(Sum("units")))
    sellers = Vendor.objects.filter(channel=channel).order_by("priority", "code")
    return [(one, units.get(one.code, 0)) for one in sellers]


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


def returned(*, schema: str) -> dict[str, int]:
    """The units of each channel that went back to the stock when a business left."""
    moves = ledger.transfers(codes=[wallet_code(schema, channel) for channel in Channel.values]).filter(kind="return")
    return {str(debit).rpartition(":")[2]: amount for debit, amount in moves.values_list("debit", "amount")}


def journal(*, schema: str) -> QuerySet:
    """Transfers that touched a business's wallets, with their `channel`, for lists."""
    codes = [wallet_code(schema, channel) for channel in Channel.values]
    # A wallet gives to an account that ends with the channel, as its own code does.
    return ledger.transfers(codes=codes).annotate(channel=SplitPart("credit_id", -1))


def orders_of(*, schema: str) -> QuerySet[Order]:
    """A business's orders, for lists."""
    return Order.objects.filter(schema=schema)


def wallets_listed() -> QuerySet[Wallet]:
    """Every wallet with its tenant's id and name, and the units `available`, `held` and `consumed`, for lists."""
    lying, spent = _account_of("wallet"), _account_of("consumed")
    tenant = tenants.tenants().filter(schema_name=OuterRef("schema"))
    return Wallet.objects.annotate(
        tenant=Subquery(tenant.values("id")[:1]),
        name=Subquery(tenant.values("name")[:1]),
        available=Coalesce(Subquery(lying.values_list(F("posted") - F("held"))[:1]), 0),
        held=Coalesce(Subquery(lying.values("held")[:1]), 0),
        consumed=Coalesce(Subquery(spent.values("posted")[:1]), 0),
    )


def wallets_low() -> QuerySet[Wallet]:
    """Those that hold less than their own mark, as `WalletView.is_low` has it."""
    listed: QuerySet = wallets_listed()
    return listed.filter(available__lt=F("low_at"))


def _account_of(kind: str) -> QuerySet:
    """The ledger account of the outer query's wallet."""
    words = [Value(f"{kind}:"), OuterRef("schema"), Value(":"), OuterRef("channel")]
    return ledger.accounts().filter(code=Concat(*words, output_field=TextField()))


def vendors() -> QuerySet[Vendor]:
    """What each vendor sells, for lists."""
    return Vendor.objects.all()


def vendor_get(vendor: UUID) -> Vendor:
    """One channel of one vendor, locked for a change. Raises NotFound."""
    return found(Vendor.objects.select_for_update(), id=vendor)


def purchases() -> QuerySet[Purchase]:
    """What was bought, for lists."""
    return Purchase.objects.all()


def prices() -> QuerySet[Price]:
    """The price lists, with the tenant's id where a price is one business's, for lists."""
    tenant = tenants.tenants().filter(schema_name=OuterRef("schema"))
    return Price.objects.annotate(tenant=Subquery(tenant.values("id")[:1]))


def margins() -> list[Margin]:
    """What selling brought, by business and channel: each sale against what its units cost on average until today."""
    bought = {
        row["channel"]: Decimal(row["paise"]) / row["units"]
        for row in Purchase.objects.values("channel").annotate(paise=Sum("amount_paise"), units=Sum("units"))
    }
    sold = (
        Order.objects.filter(state=Order.State.FILLED)
        .values("schema", "channel")
        .annotate(units_sold=Sum("units"), paise=Sum("amount_paise"))
        .order_by("schema", "channel")
    )
    names = dict(tenants.tenants().values_list("schema_name", "name"))
    return [
        Margin(
            name=names.get(row["schema"], row["schema"]),
            channel=row["channel"],
            units=row["units_sold"],
            revenue_paise=row["paise"],
            cost_paise=round_paise(bought[row["channel"]] * row["units_sold"]),
        )
        for row in sold
    ]


def schema_for_reference(vendor: str, reference: str) -> tuple[str, UUID] | None:
    """Whose message a vendor's report is about: the business's schema and the hold; None for a stranger's reference."""
    return VendorReference.objects.filter(vendor=vendor, reference=reference).values_list("schema", "hold").first()


_EMPTY = Balance("", "credits", 0, 0)
