"""The operator's desk in Chromium: every page and state in every look, and support's way into a tenant and out."""

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.test import override_settings
from playwright.sync_api import Browser, expect

from kernel import clock, inbox, jobs, quotas
from kernel.ids import public_id
from kernel.inbox import receive
from kernel.jobs.models import Job
from kernel.tenancy import Business, platform_business, platform_scope, tenant_scope
from shared_apps.accounts import services as accounts
from shared_apps.console import support
from shared_apps.credits import services as credits
from shared_apps.credits.models import Order
from shared_apps.payments.models import Payment
from shared_apps.plans import services as plans
from shared_apps.plans.models import Subscription
from shared_apps.tenants import services as tenants
from shared_apps.tenants.models import Tenant
from tests.conftest import TestClock
from tests.support.browser import origin, visit
from tests.support.people import admin, user_make
from tests.support.queue import empty_queue
from tests.support.tenants import tenant_make

__all__ = ["empty_queue"]

SCHOOLS = (
    ("Lakshya Academy", "academy", "active"),
    ("Saraswati Reading Room and Competitive Examination Centre, Kothrud", "library", "trial"),
    ("Shiksha Kendra", "both", "past_due"),
    ("Nalanda Library", "library", "suspended"),
)
TOLD = """{"event": "payment.captured", "account_id": "acc_PqR7", "payload": {"payment": {"entity": {"id": "pay_Qx81Lm",
"order_id": "order_Qx7zT2", "amount": 650000, "currency": "INR", "method": "upi", "notes": {"student": "आर्या कुलकर्णी"}}}}}"""


@pytest.fixture(scope="module")
def school() -> Iterator[Business]:
    """Four tenants with wallets, a stock that runs out, failed callbacks and jobs; the first is the one looked at."""
    with platform_scope():
        plans.plans_ensure()
        credits.defaults_ensure()
        credits.vendor_purchase(vendor="msg91", channel="sms", units=48_000, key=f"browser:{uuid4()}")
    made = [tenant_make(kind=kind, state=state) for _, kind, state in SCHOOLS]
    for (name, _, _), business in zip(SCHOOLS, made, strict=True):
        with platform_scope():
            Tenant.objects.filter(id=business.id).update(name=name, owner_name="Priya Deshmukh")
            plans.subscription_start(schema=business.schema, plan="professional")
            Subscription.objects.filter(schema=business.schema).update(state="active", trial_ends_at=None)
            tenants.tenant_edit(tenant=business.id, owner_name="Asha Rao")
    trade(made)
    first = made[0]
    user_make(first, role="owner", name="Priya Deshmukh")
    with tenant_scope(first):
        quotas.set_limits({"students": quotas.Limit(1000, ""), "libraries": quotas.Limit(5, "Enterprise")})
        quotas.take("students", 874)
        quotas.take("libraries", 2)
    callbacks_make(first)
    with platform_scope():
        job = jobs.put_for(first, "payments.poll")
        dead = {"state": "dead", "attempts": 8, "error": "NeverReached: api.razorpay.com did not answer in 10 s"}
        Job.objects.filter(id=job).update(finished_at=clock.now() - timedelta(hours=3), **dead)
        payments_make()
    yield first
    with platform_scope():
        Job.objects.filter(id=job).delete()


def trade(businesses: list[Business]) -> None:
    """Credits given on each of the last days, and what tenants have bought."""
    moved = TestClock(Path(os.environ["SHALA_CLOCK_FILE"]))
    moved.move(days=-13)
    for day, units in enumerate((900, 1200, 400, 2600, 1800, 300, 200, 1400, 1900, 2500, 3100, 900, 600, 1700)):
        with platform_scope():
            credits.allocate(business=businesses[day % 4], channel="sms", units=units, key=f"browser:{uuid4()}")
        moved.move(days=1)
    moved.reset()
    with platform_scope():
        for business, units in zip(businesses, (20_000, 4_000), strict=False):
            now = clock.now()
            Order.objects.create(
                schema=business.schema,
                channel="sms",
                units=units,
                unit_price=25_00,
                amount_paise=units * 25,
                state="filled",
                key=str(uuid4()),
                payment="paid",
                placed_at=now,
                paid_at=now,
                filled_at=now,
            )


def callbacks_make(business: Business) -> None:
    source = inbox.sources.sources()["payments/webhook/razorpay"]
    for number, outcome in enumerate(("failed", "processed", "refused", "received")):
        verdict = (
            inbox.refused("signature")
            if outcome == "refused"
            else inbox.accepted(f"evt_{public_id()}", "payment.captured")
        )
        arrival = receive.Arrival(
            business, source, {"x-razorpay-event-id": public_id()}, TOLD.replace("81", str(number)).encode()
        )
        stored = receive._store([(arrival, verdict)])
        with tenant_scope(business):
            if outcome == "failed":
                inbox.finish(stored[0], "failed", "payments.unverified")
            elif outcome == "processed":
                inbox.finish(stored[0], "processed")


def payments_make() -> None:
    for number, (payer, state) in enumerate((("Lakshya Academy", "pending"), ("Shiksha Kendra", "expired"))):
        Payment.objects.create(
            reference=f"platform-{public_id()}",
            purpose="credits.purchase",
            subject=str(uuid4()),
            amount_paise=2_50_000_00 * (number + 1),
            state=state,
            description="10,00,000 message credits",
            payer_id=uuid4(),
            payer_name=payer,
            payer_phone="+919800000001",
            gateway="cashfree",
            expires_at=clock.now(),
        )


def test_the_desk_in_every_look(browser: Browser, port: int, school: Business) -> None:
    chief = admin("super_admin")
    colleague = user_make(platform_business(), role="finance", name="Ravi Menon")
    with platform_scope():
        accounts.staff_invite(
            email=f"new-{public_id()}@shala.example", name="Kavya Rao", roles=[accounts.RoleHeld("support")]
        )
        from kernel.inbox.models import Inbox

        failed = Inbox.objects.filter(business=school.schema, state="failed").values_list("id", flat=True)[0]
        long_named = Tenant.objects.filter(name=SCHOOLS[1][0]).values_list("id", flat=True)[0]
    with visit(browser, origin(platform_business(), port), client=chief) as seen:
        pages = {
            "home": "/",
            "tenants": "/tenants",
            "tenant": f"/tenants/{school.id}",
            "credits": "/credits",
            "credits-buy": "/credits/buy",
            "credits-choose": "/credits/give",
            "credits-give": f"/credits/give?tenant={school.id}",
            "credits-give-long": f"/credits/give?tenant={long_named}",
            "wallets": "/credits/wallets",
            "payments": "/payments",
            "callbacks": "/callbacks",
            "callback": f"/callbacks/{failed}",
            "jobs": "/jobs",
            "health": "/health",
            "plans": "/plans",
            "plan": "/plans/professional",
            "team": "/team",
            "invite": "/team/invite",
            "member": f"/team/{colleague.id}",
            "audit": "/audit",
            "second-factor": "/second-factor",
        }
        for name, path in pages.items():
            seen.look(f"desk-{name}", path)


def test_empty_and_refused_states_in_every_look(browser: Browser, port: int, school: Business) -> None:
    with visit(browser, origin(platform_business(), port), client=admin("read_only")) as seen:
        for name, path in {"nothing-found": "/callbacks?q=nothing-holds-this", "no-right": "/team/invite"}.items():
            seen.look(f"desk-{name}", path)


def test_support_comes_in_works_and_leaves(browser: Browser, port: int, school: Business) -> None:
    """From the tenant's page by reason and link to the tenant's own pages, with the banner, and out again."""
    here = override_settings(DOMAIN=f"localhost:{port}")
    with here, visit(browser, origin(platform_business(), port), client=admin("support")) as seen:
        page = seen.page
        seen.go(f"/tenants/{school.id}")
        page.get_by_role("button", name="Sign in as owner").click()
        page.get_by_label("Reason").fill("Fees do not show for batch XI")
        page.keyboard.press("Enter")
        link = page.get_by_role("link", name="Come in as Priya Deshmukh")
        expect(link).to_be_visible()
        with page.context.expect_page() as opened:
            link.click()
        inside = opened.value
        expect(inside.get_by_role("heading", name="Come in as Priya Deshmukh")).to_be_visible()
        inside.get_by_role("button", name="Come in as the owner").click()
        banner = inside.get_by_role("region", name="Support")
        expect(banner).to_contain_text("is signed in here until")
        expect(banner).to_contain_text("Fees do not show for batch XI")
        # The console's page has heard of it by itself.
        expect(page.get_by_text("is signed in there now")).to_be_visible(timeout=8_000)
        banner.get_by_role("button", name="End").click()
        expect(inside.get_by_role("heading", name="Support has ended")).to_be_visible()
        expect(page.get_by_text("This visit is over")).to_be_visible(timeout=8_000)
        seen.silent()


def test_the_banner_in_every_look(browser: Browser, port: int, school: Business) -> None:
    chief = admin("super_admin")
    assert chief.user
    from kernel.http.actor import Actor

    with platform_scope():
        by = Actor(kind="admin", user_id=chief.user.id)
        asked = support.support_begin(tenant=school.id, reason="The import stops at row 212", by=by)
        found = support.support_visit(tenant=school.id, visit=asked.id, by=by)
    token = found.link.rsplit("=", 1)[1]
    with visit(browser, origin(school, port)) as seen:
        seen.look("support-door", f"/support?token={token}")
        seen.page.get_by_role("button", name="Come in as the owner").click()
        expect(seen.page.get_by_role("region", name="Support")).to_be_visible()
        seen.look("support-banner")
    with visit(browser, origin(platform_business(), port), client=chief) as seen:
        seen.look("support-visit", f"/tenants/{school.id}/support/{asked.id}")


def test_credits_are_bought_and_given_by_keyboard(browser: Browser, port: int, school: Business) -> None:
    with visit(browser, origin(platform_business(), port), client=admin("finance")) as seen:
        page = seen.page
        seen.go("/credits")
        page.get_by_role("link", name="Record a purchase").click()
        page.get_by_label("Units").fill("0")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_focused()
        page.get_by_label("Units").fill("2000")
        page.keyboard.press("Enter")
        expect(page.get_by_text("2,000 units are in stock, for ₹300.")).to_be_visible()
        page.get_by_role("link", name="Give credits").click()
        page.get_by_label("Search tenants").fill("lakshya")
        page.get_by_role("link", name="Lakshya Academy").click()
        expect(page.get_by_role("link", name="Another tenant")).to_be_visible()
        page.get_by_label("Units").fill("99999999")
        page.keyboard.press("Enter")
        expect(page.get_by_text(re.compile("units are missing"))).to_be_visible()
        page.get_by_label("Units").fill("250")
        page.keyboard.press("Enter")
        expect(page.get_by_text("250 units are in the wallet of Lakshya Academy.")).to_be_visible()
        seen.silent()


def test_figures_nobody_heard_of_turn_grey(browser: Browser, port: int, school: Business) -> None:
    with visit(browser, origin(platform_business(), port), client=admin("operations")) as seen:
        page = seen.page
        page.clock.install()
        seen.go("/health")
        figures = page.locator("#health")
        expect(figures).not_to_have_class(re.compile("stale"))
        page.context.set_offline(True)
        page.clock.run_for(61_000)
        expect(figures).to_have_class(re.compile("stale"))
        expect(page.get_by_text("Older than a minute", exact=True)).to_be_visible()
