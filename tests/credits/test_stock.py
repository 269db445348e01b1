"""The operator's trade: buying, pricing, allocating, selling; and who is told that a wallet runs low."""

from collections import Counter

import pytest
from django.db import ProgrammingError

from kernel import jobs
from kernel.ids import uuid7
from kernel.tenancy import platform_scope, tenant_scope
from shared_apps.credits import selectors, services
from shared_apps.credits.errors import OrderTooSmall, OrderUnknown, PaymentDiffers, StockShort, VendorUnknown
from shared_apps.credits.events import CreditsLow
from shared_apps.credits.models import Order, Price, Purchase, Wallet
from shared_apps.ledger import selectors as ledger
from shared_apps.ledger.errors import KeyReused
from shared_apps.plans import services as plans
from tests.support.racing import race, racing


def whole(books):
    return books.purchased == books.master + books.wallets + books.held + books.consumed


def emptied():
    """Takes what is left of the stock, so that a test knows it to be short."""
    with platform_scope():
        left = next(one for one in selectors.stock() if one.channel == "sms").master
        if left:
            services.allocate(business=BYSTANDER, channel="sms", units=left, key=str(uuid7()))


BYSTANDER = None


@pytest.fixture(autouse=True)
def _bystander(platform):
    global BYSTANDER  # noqa: PLW0603
    BYSTANDER = platform


def ordered(business, units=500, key="o"):
    with platform_scope():
        return services.order_place(business=business, channel="sms", units=units, key=key)


def test_a_purchase_raises_the_stock_once_per_key_at_the_vendors_cost(stock):
    before = stock()
    key = str(uuid7())
    with platform_scope():
        purchase = services.vendor_purchase(vendor="msg91", channel="sms", units=10_001, key=key)
        again = services.vendor_purchase(vendor="msg91", channel="sms", units=10_001, key=key)
        assert (purchase.units, purchase.unit_cost, purchase.amount_paise) == (10_001, 1500, 150_015)
        assert again.id == purchase.id
        assert Purchase.objects.filter(id=purchase.id).count() == 1
        with pytest.raises(KeyReused):
            services.vendor_purchase(vendor="msg91", channel="sms", units=1, key=key)
        with pytest.raises(VendorUnknown):
            services.vendor_purchase(vendor="msg91", channel="whatsapp", units=1, key=str(uuid7()))
    after = stock()
    assert (after.purchased - before.purchased, after.master - before.master) == (10_001, 10_001)
    assert whole(after)


def test_allocation_moves_stock_to_a_wallet_once_per_key(academy, stocked, purse, stock):
    stocked(1000)
    before = stock()
    key = str(uuid7())
    with platform_scope():
        first = services.allocate(business=academy, channel="sms", units=700, key=key)
        assert services.allocate(business=academy, channel="sms", units=700, key=key) == first
        with pytest.raises(KeyReused):
            services.allocate(business=academy, channel="sms", units=701, key=key)
    after = stock()
    assert purse(academy) == (700, 0, 0)
    assert (before.master - after.master, after.wallets - before.wallets) == (700, 700)
    assert whole(after)


def test_more_than_the_stock_is_not_allocated(academy, stocked, purse):
    stocked(1)
    with platform_scope():
        left = next(one for one in selectors.stock() if one.channel == "sms").master
        with pytest.raises(StockShort) as refusal:
            services.allocate(business=academy, channel="sms", units=left + 1, key=str(uuid7()))
    assert refusal.value.data == {"needed": left + 1, "available": left, "channel": "sms"}
    assert purse(academy) == (0, 0, 0)


def test_the_nearest_price_counts(academy, other_academy):
    with platform_scope():
        for one in (academy, other_academy):
            plans.subscription_start(schema=one.schema, plan="enterprise")
        assert selectors.unit_price(business=academy, channel="sms") == 2500
        assert selectors.unit_price(business=academy, channel="whatsapp") == 2500
        services.price_set(channel="sms", plan="enterprise", unit_price=2200)
        services.price_set(channel="sms", business=academy, unit_price=1999)
        assert selectors.unit_price(business=academy, channel="sms") == 1999
        assert selectors.unit_price(business=other_academy, channel="sms") == 2200
        Price.objects.exclude(plan="", schema="").delete()


def test_an_order_costs_units_times_price_rounded_once(academy, stocked):
    stocked(1000)
    order = ordered(academy)
    assert (order.units, order.unit_price, order.amount_paise, order.state) == (500, 2500, 12_500, "placed")
    assert ordered(academy).id == order.id
    with platform_scope():
        quote = services.order_quote(reference=str(order.id))
        services.price_set(channel="sms", business=academy, unit_price=1999)
        assert ordered(academy, units=77, key="odd").amount_paise == 1539
        Price.objects.exclude(plan="", schema="").delete()
    assert (quote.amount_paise, quote.description) == (12_500, "500 SMS credits")
    with pytest.raises(KeyReused):
        ordered(academy, units=501)


def test_orders_no_gateway_would_take_or_no_stock_would_fill_are_refused(academy, stocked):
    stocked(1)
    with pytest.raises(OrderTooSmall) as refusal:
        ordered(academy, units=3)
    assert refusal.value.data == {"amount_paise": 75, "least_paise": 100}
    with pytest.raises(StockShort):
        ordered(academy, units=10**9)
    for reference in ("nonsense", str(uuid7())):
        with platform_scope():
            with pytest.raises(OrderUnknown):
                services.order_quote(reference=reference)
            with pytest.raises(OrderUnknown):
                services.order_settled(payment="p", reference=reference, amount_paise=1)
    with platform_scope():
        assert not Order.objects.filter(schema=academy.schema).exists()


def test_a_settled_payment_fills_the_order_once(academy, stocked, purse, stock):
    stocked(1000)
    order = ordered(academy)
    for _ in range(3):
        with platform_scope():
            done = services.order_settled(payment="p1", reference=str(order.id), amount_paise=12_500)
        assert done.state == "filled"
    assert purse(academy) == (500, 0, 0)
    assert whole(stock())
    for payment, amount in (("p2", 12_500), ("p1", 12_499)):
        with platform_scope(), pytest.raises(PaymentDiffers):
            services.order_settled(payment=payment, reference=str(order.id), amount_paise=amount)
    assert purse(academy) == (500, 0, 0)


def test_a_paid_order_waits_for_stock_and_is_filled_by_the_next_purchase(academy, other_academy, stocked, purse):
    stocked(1000)
    first, second = ordered(academy, 600), ordered(other_academy, 600)
    emptied()
    for order in (first, second):
        with platform_scope():
            paid = services.order_settled(payment=str(order.id), reference=str(order.id), amount_paise=15_000)
            assert paid.state == "paid"
    stocked(700)
    assert (purse(academy), purse(other_academy)) == ((600, 0, 0), (0, 0, 0))
    stocked(500)
    assert (purse(academy), purse(other_academy)) == ((600, 0, 0), (600, 0, 0))


def test_one_settlement_told_to_thirty_two_racers_counts_once(academy, stocked, purse):
    stocked(1000)
    order = ordered(academy)

    def one(index):
        with platform_scope():
            return services.order_settled(payment="p", reference=str(order.id), amount_paise=12_500).state

    assert race(32, one) == Counter({"filled": 32})
    assert purse(academy) == (500, 0, 0)


def test_thirty_two_allocations_race_for_the_last_ten_units_of_the_stock(academy, stocked, purse):
    def one(index):
        with platform_scope():
            services.allocate(business=academy, channel="sms", units=1, key=str(uuid7()))
            return "allocated"

    with racing(32) as round_of:
        for round_ in range(20):
            emptied()
            stocked(10)
            assert round_of(one) == Counter({"allocated": 10, StockShort: 22}), round_
            assert purse(academy) == (10 * (round_ + 1), 0, 0)


def test_a_tenant_orders_through_the_crossing_and_can_do_no_more_there(academy, stocked, purse):
    stocked(1000)
    with tenant_scope(academy), platform_scope(on_behalf_of=academy, purpose="credits.buy"):
        order = services.order_place(business=academy, channel="sms", units=100, key="x")
        assert [o.id for o in selectors.orders_of(schema=academy.schema)] == [order.id]
        assert selectors.wallets(schema=academy.schema) == []
        with pytest.raises(ProgrammingError, match="permission denied"):
            services.allocate(business=academy, channel="sms", units=1, key=str(uuid7()))
        with pytest.raises(ProgrammingError, match="permission denied"):
            Order.objects.filter(id=order.id).update(units=1)
    assert purse(academy) == (0, 0, 0)


def test_a_low_wallet_is_told_once_until_it_was_refilled(academy, filled, held):
    with platform_scope():
        services.wallet_open(schema=academy.schema, low_at=100)
    told = []

    @jobs.on(CreditsLow, name="credits.test_low")
    def listen(*, event):
        told.append((event.schema, event.channel, event.available, event.low_at))

    def sweep():
        told.clear()
        with platform_scope():
            jobs.put("credits.low_sweep")
        jobs.drain()
        return [one for one in told if one[0] == academy.schema]

    assert sweep() == []
    filled(academy, 150)
    assert sweep() == []
    held(academy, 51)
    low = (academy.schema, "sms", 99, 100)
    with platform_scope():
        counted = {(one.schema, one.channel, one.available) for one in selectors.wallets_low()}
        assert counted == {(one.schema, one.channel, one.available) for one in selectors.wallets() if one.is_low}
        assert low[:3] in counted
    assert sweep() == [low, low]
    assert sweep() == []
    filled(academy, 1)
    assert sweep() == []
    held(academy, 1, key="k2")
    assert sweep() == [low, low]
    with platform_scope():
        assert Wallet.objects.get(schema=academy.schema).told


def test_every_account_agrees_with_the_journal():
    with platform_scope():
        assert ledger.discrepancies() == []
        assert all(whole(one) for one in selectors.stock())
