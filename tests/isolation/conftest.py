"""One world for each module that asks for it."""

from collections.abc import Iterator

import pytest

from connectors.sandbox.client import SandboxClient
from tests.connectors.conftest import sandbox_urls
from tests.isolation.world import World, world_forget, world_make

__all__ = ["sandbox_urls"]


@pytest.fixture(scope="module")
def world(bucket: str, sandbox_urls: dict[str, str]) -> Iterator[World]:
    """Home and its twin, with the stand-in of gateways and vendors at hand."""
    from django.test import override_settings

    sandbox = SandboxClient(sandbox_urls["control"])
    sandbox.reset()
    for vendor in ("cashfree", "razorpay", "msg91"):
        sandbox.webhooks(vendor, "hold")
    sandbox.account("msg91", "test-authkey", "-")
    urls = {f"{vendor.upper()}_BASE_URL": sandbox_urls[vendor] for vendor in ("cashfree", "razorpay", "msg91")}
    with override_settings(REQUESTS_PER_MINUTE=1_000_000, GATEWAY_READ_SECONDS=5, **urls):
        made = world_make(sandbox)
        yield made
        world_forget(made)
