"""Tenants in numbers, the fleet and own domains in Chromium: every page in every look, and a domain's whole way."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import override_settings
from playwright.sync_api import Browser, WebSocket, expect

from kernel import clock, jobs, quotas
from kernel.ids import public_id
from kernel.tenancy import Business, platform_business, platform_scope, tenant_scope
from kernel.tenancy.fleet import versions
from kernel.tenancy.fleet.runs import run_begin, run_held
from kernel.tenancy.fleet.versions import code_fingerprint, code_names
from kernel.tenancy.models import FleetEntry, FleetRun, ReadySchema, Snapshot
from kernel.tenancy.scope import schema_scope
from shared_apps.console import bundles
from shared_apps.console.models import BundleExport
from shared_apps.console.provisioning import steps_plan
from shared_apps.plans import services as plans
from shared_apps.tenants.domains import Finding, domain_claim, domain_judge
from shared_apps.tenants.models import CustomDomain, Tenant
from shared_apps.tenants.usage import usage_note
from tests.support.browser import origin, until, visit
from tests.support.nameserver import Zone, nameserver
from tests.support.people import admin, staff
from tests.support.queue import empty_queue
from tests.support.tenants import tenant_make

__all__ = ["empty_queue"]

OLD, OLDER = "3f9a" * 16, "b07c" * 16
FIRST = 900_000
LONG = "Saraswati Reading Room and Competitive Examination Centre, Kothrud"


@pytest.fixture(scope="module")
def school() -> Business:
    """A tenant with domains in every state, bundles and figures, among others."""
    with platform_scope():
        plans.plans_ensure()
    made = tenant_make(kind="both")
    moment = clock.now()
    with platform_scope():
        usage_note(tenant=made.id, students=874, staff=23, bytes=48_300_000, active_at=moment)
        Tenant.objects.filter(id=made.id).update(name=LONG)
        plans.subscription_start(schema=made.schema, plan="professional")
    with tenant_scope(made):
        quotas.set_limits({"custom_domain": quotas.Limit(1), "students": quotas.Limit(1000, "Enterprise")})
        quotas.take("students", 874)
    domains_make(made)
    with platform_scope():
        for state, size in (("failed", 0), ("done", 312_000_000)):
            bundle = bundles.bundle_export(tenant=made.id, reason="Asked for by the owner before the move to Pune")
            error = "StorageUnavailable in put, line 88" if state == "failed" else ""
            whole = {"sha256": "a" * 64, "taken_at": moment, "finished_at": moment}
            BundleExport.objects.filter(id=bundle.id).update(state=state, bytes=size, error=error, **whole)
    return made


def domains_make(business: Business) -> None:
    base = public_id()
    with platform_scope():
        judged = {
            f"classes.lakshya-{base}.in": Finding("found", is_fact=True, leads_here=True),
            f"lakshya-{base}.co.in": Finding("found", is_fact=True, leads_here=False, leads_to="shops.myshopify.com"),
            f"a-rather-long-name-for-an-academy-of-pune.lakshya-{base}.in": Finding("other", is_fact=True),
            f"लक्ष्य-{base}.भारत": Finding("found", is_fact=True),
        }
        for name, heard in judged.items():
            domain_judge(domain=domain_claim(tenant=business.id, domain=name).id, heard=heard)
        gone = CustomDomain.objects.filter(tenant=business.id).latest("id")
        since = clock.now() - timedelta(days=4)
        CustomDomain.objects.filter(id=gone.id).update(
            failing_since=since, warned_at=since + timedelta(days=3), answer="empty"
        )


@pytest.fixture(scope="module")
def fleet(school: Business) -> Iterator[UUID]:
    """Fifteen hundred schemas at three versions, a run under way with failures, and some that ended."""
    moment = clock.now()
    names = sorted(code_names())
    with schema_scope("public"):
        for number, fingerprint in enumerate((OLD, OLDER), start=1):
            Snapshot.objects.using("ddl").create(
                fingerprint=fingerprint,
                statements=[],
                names=[list(name) for name in names if name[0] != "fees" or number == 1][: -3 * number],
                made_at=moment - timedelta(days=9 * number),
            )
        kept = ReadySchema.objects.using("ddl").get(name=school.schema)
        place = {"state": "taken", "made_at": moment, "grants": kept.grants}
        ReadySchema.objects.using("ddl").bulk_create(
            ReadySchema(number=FIRST + n, name=f"t_{FIRST + n}", fingerprint=_at(n), **place) for n in range(1500)
        )
        ReadySchema.objects.using("ddl").filter(name=school.schema).update(fingerprint=OLD)
        begun = {"what": "migrate", "kind": "migrate", "moved_at": moment}
        live = FleetRun.objects.using("ddl").create(
            **begun, stage="one in a hundred", total=1504, done=611, failed=2, started_at=moment - timedelta(minutes=3)
        )
        days = {n: moment - timedelta(days=n) for n in (2, 3)}
        broke = {"error": "OperationalError: canceling statement due to lock timeout", "failed": 10, "total": 900}
        long_ago = days[2] + timedelta(minutes=7)
        ended = [
            FleetRun(**begun, state="finished", total=1498, done=1498, started_at=days[2], finished_at=long_ago),
            FleetRun(what="accounts.phones_e164", kind="backfill", state="failed", **broke, done=340, moved_at=moment),
        ]
        ended[1].started_at = days[3]
        FleetRun.objects.using("ddl").bulk_create(ended)
        for schema in (f"t_{FIRST + 40}", school.schema):
            FleetEntry.objects.using("ddl").create(
                schema=schema, app="fees", name="0009_due_reminders", run=live.id, state="failed", attempts=3,
                error="LockNotAvailable: canceling statement due to lock timeout while locking fees_due",
            )  # fmt: skip
    versions.forget()
    with run_held(live.id):
        yield live.id
    with schema_scope("public"):
        FleetEntry.objects.using("ddl").filter(run=live.id).delete()
        FleetRun.objects.using("ddl").filter(id__in=[live.id, *(one.id for one in ended)]).delete()
        ReadySchema.objects.using("ddl").filter(number__gte=FIRST).delete()
        ReadySchema.objects.using("ddl").filter(name=school.schema).update(fingerprint=kept.fingerprint)
        Snapshot.objects.using("ddl").filter(fingerprint__in=[OLD, OLDER]).delete()
    versions.forget()


def _at(number: int) -> str:
    return OLDER if number in {733, 734, 901} else OLD if number > 1100 else code_fingerprint()


def test_tenants_and_the_fleet_in_every_look(browser: Browser, port: int, school: Business, fleet: UUID) -> None:
    with visit(browser, origin(platform_business(), port), client=admin("super_admin")) as seen:
        pages = {
            "fleet": "/fleet",
            "fleet-run": f"/fleet/{fleet}",
            "fleet-tenant": f"/tenants/{school.id}",
        }
        for name, path in pages.items():
            seen.look(name, path)


def test_a_run_is_followed_as_it_goes(browser: Browser, port: int) -> None:
    with visit(browser, origin(platform_business(), port), client=admin("operations")) as seen:
        page = seen.page
        heard: list[Any] = []

        def listen(socket: WebSocket) -> None:
            socket.on("framereceived", lambda frame: heard.append(frame))  # noqa: PLW0108 - Playwright marks what it is given

        page.on("websocket", listen)
        seen.go("/fleet")
        until(page, lambda: bool(heard))  # from here on the page hears; it asks by itself once a minute
        with run_begin(kind="run", what="check --deploy", total=40) as run:
            expect(page.get_by_text("0 of 40")).to_be_visible(timeout=8_000)
            run.moved(done=30, failed=1)
            run.tick(now=True)
            expect(page.get_by_text("31 of 40")).to_be_visible(timeout=8_000)
        expect(page.get_by_role("row", name="Command: check --deploy")).to_contain_text("Failed", timeout=8_000)
        seen.silent()
    with schema_scope("public"):
        FleetEntry.objects.using("ddl").filter(run=run.id).delete()
        FleetRun.objects.using("ddl").filter(id=run.id).delete()


def test_a_set_up_is_followed_calmly_and_turned_down(browser: Browser, port: int) -> None:
    """A page that follows steps asks for them when they move, not because it was just answered."""
    made = tenant_make(state="provisioning")
    with platform_scope():
        steps_plan(made.id)
    with visit(browser, origin(platform_business(), port), client=admin("operations")) as seen:
        page = seen.page
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
        seen.go(f"/tenants/{made.id}")
        page.wait_for_timeout(1_500)
        assert asked.count("steps") <= 2
        page.get_by_role("button", name="Turn it down").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Reason").fill("asked for twice")
        dialog.get_by_role("button", name="Turn it down").click()
        expect(page.get_by_text("Its doors are shut; this cannot be taken back.")).to_be_visible(timeout=8_000)
        asked.clear()
        jobs.drain()
        expect(page.locator("li.step-done", has_text="Doors shut")).to_be_visible(timeout=8_000)
        assert asked.count("steps") <= 10  # two for each step that moved
        seen.silent()


def test_domains_in_every_look(browser: Browser, port: int, school: Business) -> None:
    owner = staff(school)
    with visit(browser, origin(school, port), client=owner) as seen:
        seen.look("domains", "/settings/domains")
    other = tenant_make()
    with tenant_scope(other):
        quotas.set_limits({"custom_domain": quotas.Limit(0, "Professional")})
    with visit(browser, origin(other, port), client=staff(other)) as seen:
        seen.look("domains-none", "/settings/domains")


@pytest.fixture
def zone() -> Iterator[Zone]:
    with nameserver() as served, override_settings(PUBLIC_ADDRESSES=("203.0.113.7",)):
        yield served


def test_a_domain_is_added_proven_and_removed_by_its_owner(browser: Browser, port: int, zone: Zone) -> None:
    mine = tenant_make()
    with tenant_scope(mine):
        quotas.set_limits({"custom_domain": quotas.Limit(1)})
    name = f"classes.lakshya-{public_id()}.in"
    with visit(browser, origin(mine, port), client=staff(mine)) as seen:
        page = seen.page
        seen.go("/settings/domains")
        page.get_by_label("Domain").fill("localhost")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_focused()
        page.get_by_label("Domain").fill(f"https://{name}/")
        page.keyboard.press("Enter")
        card = page.get_by_role("region", name=name)
        expect(card).to_contain_text("Waiting for the record")
        expect(card).to_contain_text("We are looking for the record now.")
        jobs.drain()
        expect(card).to_contain_text("There is nothing at this domain yet.", timeout=8_000)
        token = card.get_by_label("Value").first.input_value()
        zone.set(f"_shala.{name}", "TXT", token)
        zone.set(name, "A", "203.0.113.7")
        card.get_by_role("button", name="Check now").click()
        expect(card.get_by_role("button", name="Looking")).to_be_visible()
        jobs.drain()
        expect(card).to_contain_text("Your people reach you by it.", timeout=8_000)
        seen.silent()
        card.get_by_role("button", name="Remove").click()
        page.get_by_role("button", name="Remove the domain").click()
        expect(page.get_by_text("The domain is removed; nobody reaches you by it any more.")).to_be_visible()
        seen.silent()
