"""The office in Chromium: settings, set-up, messages, credits and campaigns in every look; the palette by keyboard."""

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from kernel.tenancy import tenant_scope
from shared_apps.messaging.models import Template
from tests.support.browser import origin, visit
from tests.support.factories.office import Office, office_make
from tests.support.people import staff
from tests.support.queue import empty_queue

__all__ = ["empty_queue"]


@pytest.fixture(autouse=True)
def _unhurried(settings: Any) -> None:
    """Pages are looked at faster than people turn them."""
    settings.REQUESTS_PER_MINUTE = 100_000


@pytest.fixture(scope="module")
def office() -> Office:
    return office_make(kind="both")


def test_settings_in_every_look(browser: Browser, port: int, office: Office) -> None:
    owner = staff(office.business)
    with visit(browser, origin(office.business, port), client=owner) as seen:
        pages = {
            "organisation": "/settings",
            "brand": "/settings/brand",
            "branches": "/settings/branches",
            "gateways": "/settings/gateways",
            "gateway-new": "/settings/gateways/new",
            "gateway": f"/settings/gateways/{office.gateway}",
            "staff": "/settings/staff",
            "member": f"/settings/staff/{owner.user.id}",
            "invite": "/settings/staff/invite",
            "roles": "/settings/roles",
            "setup": "/setup",
        }
        for name, path in pages.items():
            seen.go(path)
            expect(seen.page.locator("[data-code]")).to_have_count(0)
            seen.look(f"office-{name}")


def test_messages_in_every_look(browser: Browser, port: int, office: Office) -> None:
    with tenant_scope(office.business):
        texts = {one.channel: one.id for one in Template.objects.filter(name="payment", language="hi")}
        chosen = Template.objects.get(name="reminder", channel="sms", language="en").id
    with visit(browser, origin(office.business, port), client=staff(office.business)) as seen:
        pages = {
            "log": "/messages",
            "message": f"/messages/{office.messages[8].id}",
            "statistics": "/messages/statistics",
            "templates": "/messages/templates",
            "template-sms": f"/messages/templates/{texts['sms']}",
            "template-email": f"/messages/templates/{texts['email']}",
            "campaigns": "/campaigns",
            "campaign-choose": "/campaigns/new",
            "campaign-new": f"/campaigns/new?text={chosen}",
            "campaign-draft": f"/campaigns/{office.draft.id}",
            "campaign-sent": f"/campaigns/{office.sent.id}",
            "campaign-recipients": f"/campaigns/{office.sent.id}/recipients",
            "credits": "/credits",
            "search": "/search?q=an",
        }
        for name, path in pages.items():
            seen.go(path)
            expect(seen.page.locator("[data-code]")).to_have_count(0)
            seen.look(f"office-{name}")
