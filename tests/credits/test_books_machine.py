"""Any sequence of movements against a plain-Python model: equal to the unit after every step."""

from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from kernel.errors import DomainError
from kernel.ids import uuid7
from kernel.tenancy import platform_business, platform_scope, tenant_scope
from shared_apps.credits import selectors, services
from shared_apps.ledger import selectors as ledger

CHANNEL = "sms"
units = st.integers(1, 60)


@dataclass
class Purse:
    """The model of one wallet."""

    free: int = 0
    held: int = 0
    consumed: int = 0


@dataclass
class Held:
    """The model of one hold."""

    who: int
    id: object
    amount: int
    left: int
    key: str


@dataclass
class Books:
    """The model of everything: what was bought lies somewhere, and keys remember."""

    purchased: int = 0
    master: int = 0
    purses: list[Purse] = field(default_factory=list)


class Machine(RuleBasedStateMachine):
    businesses: list = []
    holds = Bundle("holds")
    bought = Bundle("bought")
    allocated = Bundle("allocated")
    sold = Bundle("sold")
    spent = Bundle("spent")

    @initialize()
    def start(self):
        """Nothing is free at the start, so that what can be drawn depends on the steps alone."""
        with platform_scope():
            if master := self.stock().master:
                services.allocate(business=platform_business(), channel=CHANNEL, units=master, key=str(uuid7()))
        for business, (free, _, _) in zip(self.businesses, self.real(), strict=True):
            if free:
                with tenant_scope(business):
                    hold = services.hold(channel=CHANNEL, units=free, key=str(uuid7()))
                    services.consume(hold=hold, units=free, vendor="msg91", reference=str(uuid7()))
        self.books = Books(purses=[Purse(*real) for real in self.real()])
        with platform_scope():
            self.books.purchased = self.stock().purchased

    def stock(self):
        return next(one for one in selectors.stock() if one.channel == CHANNEL)

    def real(self):
        """What lies in both wallets: free, held, consumed."""
        with platform_scope():
            views = {(one.schema, one.channel): one for one in selectors.wallets()}
        found = [views.get((business.schema, CHANNEL)) for business in self.businesses]
        return [(one.available, one.held, one.consumed) if one else (0, 0, 0) for one in found]

    def attempt(self, code, act):
        """Does it in the code of the product; gives the result, or None where the model foresaw this refusal."""
        if code is None:
            return act()
        with pytest.raises(DomainError) as refusal:
            act()
        assert refusal.value.code == code
        return None

    @rule(target=bought, n=units)
    def buy(self, n):
        key = str(uuid7())
        with platform_scope():
            services.vendor_purchase(vendor="msg91", channel=CHANNEL, units=n, key=key)
        self.books.purchased += n
        self.books.master += n
        return (key, n)

    @rule(one=bought, other=st.integers(0, 1))
    def buy_again(self, one, other):
        key, n = one
        with platform_scope():
            self.attempt(
                "ledger.key_reused" if other else None,
                lambda: services.vendor_purchase(vendor="msg91", channel=CHANNEL, units=n + other, key=key),
            )

    @rule(target=allocated, who=st.integers(0, 1), n=units)
    def allocate(self, who, n):
        key = str(uuid7())
        short = n > self.books.master
        with platform_scope():
            self.attempt(
                "credits.stock_short" if short else None,
                lambda: services.allocate(business=self.businesses[who], channel=CHANNEL, units=n, key=key),
            )
        if short:
            return multiple()
        self.books.master -= n
        self.books.purses[who].free += n
        return (key, who, n)

    @rule(one=allocated)
    def allocate_again(self, one):
        key, who, n = one
        with platform_scope():
            services.allocate(business=self.businesses[who], channel=CHANNEL, units=n, key=key)

    @rule(target=sold, who=st.integers(0, 1), n=st.integers(4, 60))
    def sell(self, who, n):
        key = str(uuid7())
        short = n > self.books.master
        with platform_scope():
            order = self.attempt(
                "credits.stock_short" if short else None,
                lambda: services.order_place(business=self.businesses[who], channel=CHANNEL, units=n, key=key),
            )
            if order is None:
                return multiple()
            facts = {"payment": key, "reference": str(order.id), "amount_paise": order.amount_paise}
            services.order_settled(**facts)
        self.books.master -= n
        self.books.purses[who].free += n
        return facts

    @rule(facts=sold)
    def settle_again(self, facts):
        with platform_scope():
            services.order_settled(**facts)

    @rule(target=holds, who=st.integers(0, 1), n=units)
    def hold(self, who, n):
        purse = self.books.purses[who]
        key = str(uuid7())
        short = n > purse.free
        with tenant_scope(self.businesses[who]):
            found = self.attempt(
                "credits.short" if short else None, lambda: services.hold(channel=CHANNEL, units=n, key=key)
            )
        if short:
            return multiple()
        purse.free -= n
        purse.held += n
        return Held(who, found, n, n, key)

    @rule(hold=holds, other=st.integers(0, 1))
    def hold_again(self, hold, other):
        with tenant_scope(self.businesses[hold.who]):
            found = self.attempt(
                "ledger.key_reused" if other else None,
                lambda: services.hold(channel=CHANNEL, units=hold.amount + other, key=hold.key),
            )
        assert found in {None, hold.id}

    @rule(target=spent, hold=holds, n=units)
    def consume(self, hold, n):
        reference = str(uuid7())
        short = n > hold.left
        self.spend(hold, n, reference, "credits.hold_exceeded" if short else None)
        if short:
            return multiple()
        hold.left -= n
        purse = self.books.purses[hold.who]
        purse.held -= n
        purse.consumed += n
        return (hold, n, reference)

    @rule(one=spent, other=st.integers(0, 1))
    def consume_again(self, one, other):
        hold, n, reference = one
        self.spend(hold, n + other, reference, "ledger.key_reused" if other else None)

    def spend(self, hold, n, reference, code):
        with tenant_scope(self.businesses[hold.who]):
            self.attempt(code, lambda: services.consume(hold=hold.id, units=n, vendor="msg91", reference=reference))

    @rule(hold=holds, n=units, times=st.integers(1, 2))
    def release(self, hold, n, times):
        key = str(uuid7())
        short = n > hold.left
        for _ in range(times):
            with tenant_scope(self.businesses[hold.who]):
                self.attempt(
                    "credits.hold_exceeded" if short else None,
                    lambda: services.release(hold=hold.id, units=n, key=key),
                )
        if not short:
            self.back(hold, n)

    @rule(hold=consumes(holds))
    def release_rest(self, hold):
        with tenant_scope(self.businesses[hold.who]):
            assert services.release(hold=hold.id) == hold.left
            assert services.release(hold=hold.id) == 0
        self.back(hold, hold.left)

    def back(self, hold, n):
        hold.left -= n
        purse = self.books.purses[hold.who]
        purse.held -= n
        purse.free += n

    @rule(hold=holds, n=units)
    def meddle(self, hold, n):
        """The other business knows the id of the hold; it is worth nothing there."""
        with tenant_scope(self.businesses[1 - hold.who]):
            self.attempt("credits.hold_unknown", lambda: services.release(hold=hold.id, units=n, key="x"))

    @invariant()
    def equal_to_the_unit(self):
        assert self.real() == [(purse.free, purse.held, purse.consumed) for purse in self.books.purses]
        with platform_scope():
            now = self.stock()
            assert ledger.discrepancies() == []
        assert (now.purchased, now.master) == (self.books.purchased, self.books.master)
        assert now.purchased == now.master + now.wallets + now.held + now.consumed


def test_the_books_are_the_models(academy, other_academy):
    Machine.businesses = [academy, other_academy]
    Machine.TestCase.settings = settings(
        max_examples=20, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
    )
    Machine.TestCase("runTest").runTest()
