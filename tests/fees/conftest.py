"""Fees are paid through the same sandbox as everything else."""

from tests.payments.conftest import asha, gateways, sandbox, sandbox_urls, shop, till

__all__ = ["asha", "gateways", "sandbox", "sandbox_urls", "shop", "till"]
