"""Campaigns leave by the same sandbox as every message."""

from tests.messaging.conftest import empty_queue, msg91, sandbox, sandbox_urls, school, shop

__all__ = ["empty_queue", "msg91", "sandbox", "sandbox_urls", "school", "shop"]
