"""Campaigns leave by the same sandbox as every message, for a business whose plan has them."""

import pytest

from kernel import quotas
from kernel.tenancy import Business, tenant_scope
from tests.messaging.conftest import empty_queue, msg91, sandbox, sandbox_urls, shop
from tests.messaging.conftest import school as stocked

__all__ = ["empty_queue", "msg91", "sandbox", "sandbox_urls", "shop", "stocked"]


@pytest.fixture
def school(stocked: Business) -> Business:
    """An academy with 1,000 units and campaigns."""
    with tenant_scope(stocked):
        quotas.set_limits({name: quotas.Limit(100) for name in ("campaigns", "students", "libraries")})
    return stocked
