"""What credits' tests share: an operator with a vendor, and a stock that is topped up by what a test needs."""

import pytest

from kernel.ids import uuid7
from kernel.tenancy import platform_scope, tenant_scope
from shared_apps.credits import selectors, services
from shared_apps.plans import services as plans
from tests.payments.conftest import gateways, sandbox, sandbox_urls, shop, till
from tests.support.queue import empty_queue

__all__ = ["empty_queue", "gateways", "sandbox", "sandbox_urls", "shop", "till"]


@pytest.fixture(autouse=True)
def _vendor():
    with platform_scope():
        plans.plans_ensure()
        services.defaults_ensure()


@pytest.fixture
def stocked():
    """Buys units of SMS into the stock."""

    def buy(units=1000):
        with platform_scope():
            services.vendor_purchase(vendor="msg91", channel="sms", units=units, key=str(uuid7()))

    return buy


@pytest.fixture
def filled(stocked):
    """Gives a business units of SMS, bought for it."""

    def fill(business, units):
        stocked(units)
        with platform_scope():
            services.allocate(business=business, channel="sms", units=units, key=str(uuid7()))

    return fill


@pytest.fixture
def held():
    """Holds units for a business in a transaction of its own."""

    def hold(business, units, key="k"):
        with tenant_scope(business):
            return services.hold(channel="sms", units=units, key=key)

    return hold


@pytest.fixture
def purse():
    """(available, held, consumed) of a business's SMS wallet."""

    def look(business):
        with platform_scope():
            view = selectors.wallet(schema=business.schema, channel="sms")
        return (view.available, view.held, view.consumed)

    return look


@pytest.fixture
def stock():
    """The books of SMS."""

    def look():
        with platform_scope():
            return next(one for one in selectors.stock() if one.channel == "sms")

    return look


@pytest.fixture
def counter(till, platform):
    """The operator's own accounts at both gateways, where credits are paid for."""
    return till(platform)
