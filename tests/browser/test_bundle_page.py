"""A bundle's page in Chromium, in every look and state: what it is, links that download it, and the ways back."""

import re
from typing import Any
from uuid import UUID

from playwright.sync_api import Browser, expect

from kernel import clock
from kernel.tenancy import Business, platform_business, platform_scope
from shared_apps.console.models import BundleExport, BundleRestore
from shared_apps.tenants.models import Tenant
from tests.console.bundling import exported, lived_in
from tests.support.browser import DESK, PHONE, origin, visit
from tests.support.people import admin
from tests.support.queue import empty_queue
from tests.support.tenants import tenant_make

__all__ = ["empty_queue"]

SIZES: dict[str, Any] = {"phone": PHONE, "desk": DESK}
LONG = "Saraswati Reading Room and Competitive Examination Centre, Kothrud"


def bundle_make(business: Business, **facts: Any) -> UUID:
    moment = clock.now()
    parts = [{"name": "data", "bytes": 48_300_000, "sha256": "a" * 64}]
    parts += [
        {"name": f"files-{n:04}", "bytes": 66_100_000, "sha256": "b" * 64, "files": 212, "missing": []}
        for n in range(1, 10)
    ]
    whole = {"sha256": "c" * 64, "finished_at": moment, "taken_at": moment, "started_at": moment}
    row = {"reason": "Asked for by the owner before the move to Pune", "requested_at": moment, "bytes": 246_700_000}
    with platform_scope():
        Tenant.objects.filter(id=business.id).update(name=LONG)
        return BundleExport.objects.create(
            **{
                "tenant_id": business.id,
                "state": "done",
                "schema": business.schema,
                "key": "bundles/none",
                "parts": parts,
            }
            | row
            | whole
            | facts
        ).id


def test_a_bundle_in_every_look(browser: Browser, port: int) -> None:
    business = tenant_make(state="suspended")
    done = bundle_make(business)
    failed = bundle_make(business, state="failed", sha256="", parts=[], bytes=0, error="StorageUnavailable: SlowDown")
    running = bundle_make(business, state="running", sha256="", finished_at=None)
    with platform_scope():
        for kind, state, told in (
            ("place", "done", {}),
            ("place", "failed", {"error": "StorageUnavailable: SlowDown", "report": {"stopped": "running"}}),
            ("clone", "running", {}),
        ):
            BundleRestore.objects.create(
                bundle_id=done, tenant_id=business.id, kind=kind, state=state, reason="they deleted a batch",
                started_at=clock.now(), **told,
            )  # fmt: skip
    with visit(browser, origin(platform_business(), port), client=admin("super_admin")) as seen:
        for name, bundle in (("done", done), ("failed", failed), ("running", running)):
            seen.go(f"/tenants/{business.id}/bundles/{bundle}")
            seen.look(f"bundle-{name}")
        # Opened, for somebody whose tenant is closed to its people.
        seen.go(f"/tenants/{business.id}/bundles/{done}")
        seen.page.get_by_text("Stand it up beside").click()
        seen.page.get_by_text("Danger zone").click()
        seen.page.get_by_text("Give it up for good").click()
        expect(seen.page.get_by_role("button", name="Drop what it loaded")).to_be_visible()
        go = seen.page.get_by_role("button", name="Bring it back")
        expect(go).to_be_disabled()
        seen.page.get_by_label("Type the name to confirm").fill(LONG)
        expect(go).to_be_enabled()
        for name, size in SIZES.items():
            seen.page.set_viewport_size(size)
            assert not seen.violations()
            seen.shot(f"bundle-open-{name}")
        seen.silent()


def test_a_bundle_is_downloaded_from_its_page(browser: Browser, port: int, bucket: str) -> None:
    business = tenant_make(state="active")
    lived_in(business)
    bundle = exported(business)
    with visit(browser, origin(platform_business(), port), client=admin("super_admin")) as seen:
        page = seen.page
        seen.go(f"/tenants/{business.id}/bundles/{bundle.id}")
        page.get_by_text("Stand it up beside").click()
        page.get_by_label("Reason").fill("half written")
        page.get_by_role("button", name="Get links").click()
        expect(page.get_by_text(re.compile("These links are good until"))).to_be_visible()
        expect(page.get_by_role("status").filter(has_text="These links")).to_be_focused()
        # Neither what was opened nor what was written is lost, nor the address.
        expect(page.get_by_label("Reason")).to_have_value("half written")
        assert page.url.endswith(f"/bundles/{bundle.id}")
        with page.expect_download() as told:
            page.get_by_role("link", name=re.compile("Download.*data")).click()
        assert told.value.suggested_filename == f"{business.slug}-{bundle.taken_at.date()}.data"
        with told.value.path().open("rb") as file:
            assert len(file.read()) == next(part["bytes"] for part in bundle.parts if part["name"] == "data")
        for name, size in SIZES.items():
            page.set_viewport_size(size)
            assert not seen.violations()
            seen.shot(f"bundle-links-{name}")
        seen.silent()
