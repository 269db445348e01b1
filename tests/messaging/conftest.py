"""What messaging's tests share: the product's client pointed at a running sandbox, and businesses with credits."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from connectors.sandbox.client import SandboxClient
from kernel import jobs
from kernel.ids import uuid7
from kernel.tenancy import Business, platform_business, platform_scope, tenant_scope
from shared_apps.credits import selectors as credits_read
from shared_apps.credits import services as credits
from shared_apps.messaging import services
from shared_apps.messaging.models import Message
from shared_apps.plans import services as plans
from tests.connectors.conftest import Heard, Listener, sandbox, sandbox_urls, shop
from tests.support.people import Client, phone_make
from tests.support.queue import empty_queue

__all__ = ["empty_queue", "sandbox", "sandbox_urls", "shop"]

TOKEN = "test-webhook-token"
AUTHKEY = "test-authkey"


@pytest.fixture
def msg91(sandbox: SandboxClient, sandbox_urls: dict[str, str], settings: Any) -> SandboxClient:
    """The sandbox, with our account registered and no callbacks."""
    settings.MSG91_BASE_URL = sandbox_urls["msg91"]
    sandbox.account("msg91", AUTHKEY, "-")
    # What tests before this one left waiting goes now, and is forgotten.
    jobs.drain()
    sandbox.reset()
    sandbox.account("msg91", AUTHKEY, "-")
    return sandbox


def arrived(msg91: SandboxClient, business: Business) -> list[dict[str, Any]]:
    """What the vendor received for one business, oldest first."""
    return [one for one in msg91.book()["messages"] if one["reference"].startswith(f"{business.public_id}.")]


def callbacks_of(shop: Listener, *messages: Message) -> list[Heard]:
    """The callbacks that tell of these messages, once each has one."""
    names = [message.id.hex.encode() for message in messages]
    with shop.arrived:
        assert shop.arrived.wait_for(
            lambda: all(any(name in heard.body for heard in shop.heard) for name in names), timeout=15
        )
        return [heard for heard in shop.heard if any(name in heard.body for name in names)]


@pytest.fixture
def reporting(msg91: SandboxClient, shop: Listener) -> Listener:
    """Where the sandbox's delivery reports arrive."""
    msg91.account("msg91", AUTHKEY, "-", webhook_url=f"{shop.url}/report")
    return shop


@dataclass
class Purse:
    available: int
    held: int
    consumed: int


def fill(business: Business, units: int) -> None:
    """Buy units and give them to a business."""
    with platform_scope():
        plans.plans_ensure()
        credits.defaults_ensure()
        credits.vendor_purchase(vendor="msg91", channel="sms", units=units, key=str(uuid7()))
        credits.allocate(business=business, channel="sms", units=units, key=str(uuid7()))


def purse(business: Business) -> Purse:
    with platform_scope():
        view = credits_read.wallet(schema=business.schema, channel="sms")
    return Purse(view.available, view.held, view.consumed)


@pytest.fixture
def school(academy: Business, msg91: SandboxClient) -> Business:
    """An academy with the standard templates and 1,000 units."""
    fill(academy, 1000)
    with tenant_scope(academy):
        services.templates_seed()
    return academy


def welcome(business: Business, *, to: str = "", key: str = "", **more: Any) -> Message:
    """Queue a welcome of one segment."""
    with tenant_scope(business):
        return services.message_queue(
            template="welcome", to=to or phone_make(), key=key or str(uuid7()), values={"name": "Asha"}, **more
        )


def now_of(business: Business, message: Message) -> Message:
    with tenant_scope(business):
        return Message.objects.select_related("batch").get(id=message.id)


def report(heard: Heard, *, token: str = TOKEN, at: Business | None = None) -> int:
    """Hand a callback of the sandbox to the product; the status answered."""
    client = Client(at or platform_business())
    headers = {"Content-Type": heard.headers["content-type"]}
    answer = client.post(f"/api/v1/messages/webhook/msg91?token={token}", heard.body, headers=headers)
    return answer.status_code


def told(business: Business, message: Message, **changes: Any) -> str:
    """Apply one delivery report inside the tenant, as the last job does."""
    from connectors.sms.port import Report, Verdict

    facts = {
        "vendor_reference": now_of(business, message).vendor_reference,
        "phone": message.to,
        "reference": f"{business.public_id}.{message.id.hex}",
        "verdict": Verdict.DELIVERED,
        **changes,
    }
    with tenant_scope(business):
        return services.report_apply(report=services.told("msg91", Report(**facts)))


Drain = Callable[[], int]
drain: Drain = jobs.drain
