"""Faults by seed: the same seed spoils the same calls, whatever else is called between them."""

import time

import httpx
import pytest

from connectors.sandbox.client import SandboxClient
from connectors.sandbox.faults import KINDS, Plan
from tests.connectors.conftest import Listener


def drawn(seed: int, share: float = 0.3, *, between: int = 0) -> list[str]:
    plan = Plan(seed=seed, share=share)
    found = []
    for _ in range(200):
        for _ in range(between):
            plan.take("razorpay", "order_create")
        fault = plan.take("cashfree", "order_create")
        found.append(fault.kind if fault else "")
    return found


def test_a_seed_decides_alone() -> None:
    assert drawn(7) == drawn(7) == drawn(7, between=3)
    assert drawn(7) != drawn(8)
    assert 40 <= sum(map(bool, drawn(7))) <= 80
    assert set(drawn(7, 1.0)) == set(KINDS) - {"slow", "lagging"}
    assert set(drawn(7, 0.0)) == {""}


def test_only_what_is_named_is_spoilt() -> None:
    plan = Plan(seed=1, share=1.0, kinds=["empty"], vendor="cashfree", operations=["order_create"])
    assert plan.take("cashfree", "order_fetch") is None
    assert plan.take("razorpay", "order_create") is None
    fault = plan.take("cashfree", "order_create")
    assert fault is not None
    assert fault.kind == "empty"


def test_switched_on_and_off_through_the_control_door(sandbox: SandboxClient, sandbox_urls: dict[str, str]) -> None:
    address = f"{sandbox_urls['cashfree']}/orders/none"
    sandbox.faults_plan(3, 1.0, kinds=["error_500_html"])
    assert {httpx.get(address).status_code for _ in range(5)} == {502}
    sandbox.faults_clear()
    assert httpx.get(address).status_code == 401
    with pytest.raises(httpx.HTTPStatusError):
        sandbox.faults_plan(3, 1.0, kinds=["earthquake"])


@pytest.mark.parametrize("kind", ["reset_before", "reset_after"])
def test_a_connection_is_really_reset(sandbox: SandboxClient, sandbox_urls: dict[str, str], kind: str) -> None:
    sandbox.fault("cashfree", "order_fetch", kind)
    begun = time.monotonic()
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        httpx.get(f"{sandbox_urls['cashfree']}/orders/none")
    assert time.monotonic() - begun < 5
    assert httpx.get(f"{sandbox_urls['cashfree']}/orders/none").status_code == 401


def test_a_share_of_callbacks_is_forged_among_the_true_ones(
    sandbox: SandboxClient, sandbox_urls: dict[str, str], shop: Listener
) -> None:
    sandbox.account("razorpay", "rzp_test_1", "secret", webhook_url=f"{shop.url}/hook", webhook_secret="hook")
    sandbox.webhooks("razorpay", "hold")
    order = httpx.post(
        f"{sandbox_urls['razorpay']}/v1/orders",
        json={"amount": 1_000, "currency": "INR", "receipt": "r-1"},
        auth=("rzp_test_1", "secret"),
    ).json()
    sandbox.pay("razorpay", order["id"], "captured")
    assert sandbox.webhooks_flush(copies=4, shuffle=True, forged=0.25, seed=5) == 12 + 3
    sandbox.webhooks_idle()
    bodies = [one.body for one in shop.wait(15)]
    assert sorted(map(bodies.count, set(bodies)), reverse=True)[:3] == [4, 4, 4]
    assert len(set(bodies)) > 3
