"""Fees are paid through the same sandbox as everything else."""

from tests.payments.conftest import asha, empty_queue, gateways, sandbox, sandbox_urls, shop, till

__all__ = ["asha", "empty_queue", "gateways", "sandbox", "sandbox_urls", "shop", "till"]
