"""The office in Chromium: settings, set-up, messages, credits and campaigns in every look; the palette by keyboard."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from kernel.tenancy import platform_business, platform_scope, tenant_scope
from shared_apps.messaging.models import Template
from shared_apps.plans.services import plans_ensure
from tests.support.browser import origin, visit
from tests.support.factories.office import Office, office_make
from tests.support.people import admin, staff
from tests.support.queue import empty_queue
from tests.support.tenants import tenant_make

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
    branch = {"name": "Baner", "code": "BAN", "kind": "academy", "city": "Pune"}
    assert owner.page("POST", "/settings/branches", branch).status_code == 302
    assert owner.page("POST", "/settings", {"name": "Lakshya Academy", "zone": "Asia/Kolkata", "language": "en"})
    with visit(browser, origin(office.business, port), client=staff(office.business)) as seen:
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
            "security": "/me/security",
            "home": "/",
        }
        for name, path in pages.items():
            seen.look(f"office-{name}", path)
            expect(seen.page.locator("[data-code]")).to_have_count(0)


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
            "credit-order": f"/credits/orders/{office.order}",
            "search": "/search?q=an",
        }
        for name, path in pages.items():
            seen.look(f"office-{name}", path)
            expect(seen.page.locator("[data-code]")).to_have_count(0)


def test_the_palette_by_keyboard(browser: Browser, port: int, office: Office) -> None:
    """Found while typed, moved by arrows, opened by Enter; Esc gives the focus back; letters jump unless switched off."""
    owner, student = staff(office.business), office.students[0]
    with visit(browser, origin(office.business, port), client=owner) as seen:
        page = seen.page
        seen.go("/messages")
        search = page.get_by_label("Search messages")
        search.focus()
        page.keyboard.press("Control+k")
        box = page.get_by_role("combobox", name="Search or jump to")
        expect(box).to_be_focused()
        expect(page.get_by_role("option", name="Write to many")).to_be_visible()
        assert not seen.violations()
        seen.shot("office-palette")
        page.keyboard.type("anan")
        hit = page.get_by_role("option", name=re.compile("Ananya Iyer"))
        expect(hit).to_have_attribute("aria-selected", "true")
        page.keyboard.press("Escape")
        expect(search).to_be_focused()
        page.keyboard.press("Control+k")
        page.keyboard.type("staff")
        chosen = page.locator('[role=option][aria-selected="true"]')
        expect(page.get_by_role("option", name=re.compile("^Staff"))).to_be_visible()
        first = chosen.inner_text()
        page.keyboard.press("ArrowDown")
        expect(chosen).not_to_have_text(first)
        page.keyboard.press("ArrowUp")
        expect(chosen).to_have_text(first)
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/settings/staff"))
        # A pasted number goes straight there.
        page.locator("h1").click()
        page.keyboard.press("/")
        expect(box).to_be_focused()
        box.evaluate(
            "(field, text) => { field.dispatchEvent(new ClipboardEvent('paste', {bubbles: true}));"
            " field.value = text; field.dispatchEvent(new Event('input', {bubbles: true})); }",
            student.phone,
        )
        expect(page).to_have_url(re.compile(f"/students/{student.id}"))
        page.keyboard.press("g")
        page.keyboard.press("m")
        expect(page).to_have_url(re.compile("/messages$"))
        page.keyboard.press("n")
        expect(page).to_have_url(re.compile("/campaigns/new$"))
        page.keyboard.press("?")
        keys = page.get_by_role("dialog", name="Keys")
        expect(keys).to_be_visible()
        keys.get_by_role("button", name="Switch single letters off").click()
        expect(page.locator("html")).to_have_attribute("data-keys", "off")
        page.keyboard.press("g")
        page.keyboard.press("m")
        page.keyboard.press("?")
        expect(page).to_have_url(re.compile("/campaigns/new$"))
        expect(keys).to_be_hidden()
        page.keyboard.press("Control+k")
        expect(box).to_be_focused()
        seen.silent()


def test_a_colour_is_chosen_and_the_operator_searches_too(browser: Browser, port: int) -> None:
    with platform_scope():
        plans_ensure()
    business = tenant_make(kind="academy")
    with visit(browser, origin(business, port), client=staff(business)) as seen:
        seen.go("/setup")
        expect(seen.page.get_by_text("Show your logo and colour", exact=True)).to_be_visible()
        seen.look("office-setup-new")
        seen.go("/settings/brand")
        seen.page.get_by_label("Colour", exact=True).fill("#f2a413")
        expect(seen.page.locator('#brand-preview rect[fill="#956307"]').first).to_be_visible()
        seen.page.get_by_role("button", name="Use this colour").click()
        expect(seen.page.get_by_text("Your colour is on every page now.")).to_be_visible()
        expect(seen.page.locator(".btn-primary").first).to_have_css("background-color", "rgb(149, 99, 7)")
        seen.look("office-brand-chosen")
    with visit(browser, origin(platform_business(), port), client=admin()) as seen:
        seen.go("/")
        seen.page.keyboard.press("Control+k")
        seen.page.keyboard.type(business.slug)
        expect(seen.page.get_by_role("option", name=re.compile(business.name))).to_be_visible()
        seen.page.keyboard.press("Enter")
        expect(seen.page).to_have_url(re.compile(f"/tenants/{business.id}"))
        seen.silent()
