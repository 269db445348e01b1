"""A tenant's end in Chromium: closed by its typed name, watched, stopped again; and what its own people read meanwhile."""

import re

from playwright.sync_api import Browser, expect

from kernel import jobs
from kernel.tenancy import platform_business, platform_scope
from kernel.tenancy.directory import forget
from shared_apps.console import offboarding
from shared_apps.plans import services as plans
from shared_apps.tenants.models import Tenant
from tests.support.browser import origin, visit
from tests.support.people import admin, staff, student
from tests.support.queue import empty_queue
from tests.support.tenants import tenant_make

__all__ = ["empty_queue"]


def state_of(tenant: object) -> str:
    with platform_scope():
        return Tenant.objects.get(id=tenant).state


def test_a_tenant_is_closed_by_its_name_and_let_stay(browser: Browser, port: int) -> None:
    business = tenant_make()
    with platform_scope():
        plans.plans_ensure()
        plans.subscription_start(schema=business.schema, plan="starter")
    with visit(browser, origin(platform_business(), port), client=admin("super_admin")) as seen:
        seen.go(f"/tenants/{business.id}")
        seen.page.get_by_role("button", name="Close for good").first.click()
        dialog = seen.page.get_by_role("dialog")
        go = dialog.get_by_role("button", name="Close for good")
        dialog.get_by_label("Reason").fill("asked for")
        expect(go).to_be_disabled()
        dialog.get_by_label("Type the name to confirm").fill(business.name)
        expect(go).to_be_enabled()
        go.click()
        expect(seen.page.get_by_text(re.compile("is read only from now on")).first).to_be_visible()
        assert state_of(business.id) == "offboarding"
        jobs.drain()
        seen.look("leaving-tenant")
        forget()
        with visit(browser, origin(business, port), client=student(business)) as there:
            there.go("/notices")
            expect(there.page.get_by_text("nothing can be changed")).to_be_visible()
            there.look("leaving-portal")
        seen.go(f"/tenants/{business.id}")
        seen.page.get_by_role("button", name="Let it stay").first.click()
        seen.page.get_by_role("dialog").get_by_label("Reason").fill("a mistake")
        seen.page.get_by_role("dialog").get_by_role("button", name="Let it stay").click()
        expect(seen.page.get_by_text(re.compile("stays; its owner is told")).first).to_be_visible()
        assert state_of(business.id) == "active"
        with platform_scope():
            latest = offboarding.offboarding_of(business.id)
            assert latest is not None
            assert latest.state == "cancelled"


def test_a_suspended_business_leads_its_owner_to_what_settles_it(browser: Browser, port: int) -> None:
    business = tenant_make(state="suspended")
    with platform_scope():
        plans.plans_ensure()
        plans.subscription_start(schema=business.schema, plan="starter")
    with visit(browser, origin(business, port), client=staff(business)) as seen:
        assert seen.go("/") == 403
        seen.look("suspended-home")
        seen.go("/")
        seen.page.get_by_role("link", name="Settle with the platform").click()
        expect(seen.page).to_have_url(re.compile(r"/credits$"))
