"""A restore or an export whose job is a dead letter has failed and says why; a restore is carried on where it stopped."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings

from kernel import jobs
from kernel.jobs import claims, registry
from kernel.tenancy import copies, platform_scope
from shared_apps.console.bundles import bundle_export, bundle_restore, restore_again
from shared_apps.console.errors import RestoreNotStopped, RestoreUnderWay
from shared_apps.console.models import BundleExport, BundleRestore
from shared_apps.files import services as files
from shared_apps.tenants import services as tenants
from tests.console.bundling import SINCE, dead, differing, exported, fresh, held, home, job_of, restore_asked, suspended
from tests.support.people import admin
from tests.support.processes import drain_dying_at
from tests.support.queue import empty_queue

__all__ = ["empty_queue", "home"]


@contextmanager
def storage_away() -> Iterator[None]:
    """Nobody listens where the storage was."""
    kept = dict(settings.S3)
    settings.S3 = {**kept, "endpoint_url": "http://127.0.0.1:9"}
    files.storage.cache_clear()
    try:
        yield
    finally:
        settings.S3 = kept
        files.storage.cache_clear()


def test_a_restore_given_up_has_failed_says_why_and_is_carried_on(home: Any) -> None:
    business, _ = home
    restore, before, now = restore_asked(home)
    attempts = registry.find("console.bundle_restore").attempts
    with storage_away():
        assert jobs.drain() == 1
        assert (fresh(restore).state, fresh(restore).error[:18]) == ("running", "StorageUnavailable")
        job_of("console.bundle_restore", tried=attempts - 1)
        dead()
    failed = fresh(restore)
    assert (failed.state, failed.error[:18], failed.finished_at is None) == ("failed", "StorageUnavailable", False)
    assert held(business.schema) == now

    chief, page = admin("super_admin"), f"/tenants/{business.id}/bundles/{restore.bundle_id}"
    again = f"/tenants/{business.id}/restores/{restore.id}/again"
    assert admin("operations").page("POST", again).status_code == 403
    assert again not in admin("operations").page("GET", page).content.decode()
    for shown in (page, f"/tenants/{business.id}"):
        body = chief.page("GET", shown).content.decode()
        assert ("StorageUnavailable" in body, again in body) == (True, True)
    with platform_scope():
        tenants.tenant_reactivate(tenant=business.id)
    at_work = chief.page("POST", again)
    assert (at_work.status_code, "people are at work" in at_work.content.decode()) == (409, True)
    assert fresh(restore).state == "failed"
    suspended(business)
    assert chief.page("POST", again).status_code == 302
    assert again not in chief.page("GET", page).content.decode()
    jobs.drain()
    assert (fresh(restore).state, fresh(restore).error) == ("done", "")
    assert differing(business.schema, before) == SINCE
    with platform_scope(), pytest.raises(RestoreNotStopped):
        restore_again(restore=restore.id)


def test_a_dead_letter_tried_again_carries_on_where_its_restore_stopped(home: Any) -> None:
    business, _ = home
    restore, before, _ = restore_asked(home)
    assert drain_dying_at("bundles.swapped")
    job = job_of("console.bundle_restore", tried=registry.find("console.bundle_restore").attempts)
    dead()
    failed = fresh(restore)
    assert (failed.state, failed.report["stopped"]) == ("failed", "swapped")
    assert failed.error == "Dead: every attempt was lost with its worker"
    assert copies.schema_stands(failed.previous)
    with platform_scope(), pytest.raises(RestoreUnderWay):
        bundle_restore(bundle=restore.bundle_id, reason="instead")
    assert claims.revive(job)
    jobs.drain()
    done = fresh(restore)
    assert (done.state, done.error, "stopped" in done.report) == ("done", "", False)
    assert differing(business.schema, before) == SINCE
    assert not copies.schema_stands(done.previous)
    with platform_scope():
        assert BundleRestore.objects.filter(tenant=business.id).count() == 1


def test_an_export_whose_worker_dies_every_time_has_failed_and_another_is_taken(home: Any) -> None:
    business, _ = home
    with platform_scope():
        bundle = bundle_export(tenant=business.id, reason="nightly")
    assert drain_dying_at("bundles.data_copied")
    job_of("console.bundle_export", tried=registry.find("console.bundle_export").attempts)
    dead()
    failed = fresh(bundle)
    assert (failed.state, failed.error) == ("failed", "Dead: every attempt was lost with its worker")
    assert failed.finished_at is not None
    assert exported(business).state == "done"
    with platform_scope():
        assert set(BundleExport.objects.filter(tenant=business.id).values_list("state", flat=True)) == {
            "failed",
            "done",
        }
