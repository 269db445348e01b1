"""A restore that failed before it exchanged anything is given up for good: all it loaded goes, and nothing else."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from kernel import jobs
from kernel.audit.models import Entry
from kernel.ids import uuid7
from kernel.jobs import registry as handlers
from kernel.tenancy import Business, copies, platform_scope
from kernel.tenancy.fleet import registry
from kernel.tenancy.models import ReadySchema
from shared_apps.console import offboarding
from shared_apps.console.bundles import bundle_stand_up, restore_abandon, restore_again, restoring
from shared_apps.console.bundles.asking import restore_give_up
from shared_apps.console.errors import RestoreNotStopped, RestoreUnderWay
from shared_apps.console.models import BundleRestore
from shared_apps.tenants.registry import registry_look
from tests.console.bundling import SINCE, dead, differing, exported, fresh, held, home, job_of, restore_asked, restored
from tests.console.test_offboarding import objects_below
from tests.support.people import admin
from tests.support.processes import drain_dying_at
from tests.support.queue import empty_queue

__all__ = ["empty_queue", "home"]


def given_up_at(restore: BundleRestore, point: str) -> BundleRestore:
    """The restore, once its last attempt has died at a point."""
    assert drain_dying_at(point)
    job_of("console.bundle_restore", tried=handlers.find("console.bundle_restore").attempts)
    dead()
    return fresh(restore)


def command(restore: BundleRestore) -> dict[str, Any]:
    said = io.StringIO()
    call_command("tenant", "abandon", str(restore.id), "--reason", "the wrong night", stdout=said)
    return json.loads(said.getvalue())


def faults() -> set[tuple[str, str]]:
    with platform_scope():
        registry_look()
        return set(registry.faults().values_list("schema", "fault"))


def registered(schema: str) -> str:
    with platform_scope():
        return ReadySchema.objects.get(name=schema).state


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def deeds_of(business: Business, deed: str = "restore_abandon") -> list[dict[str, Any]]:
    with platform_scope():
        rows = Entry.objects.filter(action=f"tenants.{deed}", subject_id=str(business.id)).order_by("id")
        return [row.changes for row in rows]


def test_what_it_loaded_goes_with_its_registration_however_often_the_worker_dies(home: Any, clock: Any) -> None:
    business, _ = home
    restore, before, now = restore_asked(home)
    others = faults()
    assert drain_dying_at("bundles.loaded")
    with pytest.raises(CommandError, match=r"console\.restore_under_way"):
        command(restore)
    failed = given_up_at(restore, "bundles.load_noted")
    loaded = failed.schema
    assert (failed.state, failed.report["stopped"], registered(loaded)) == ("failed", "loaded", "loading")
    clock.move(hours=25)
    assert faults() - others == {(loaded, "no tenant")}
    chief, door = admin("super_admin"), f"tenants/{business.id}/restore/{restore.id}/abandon"
    assert chief.post(door, {}).status_code == 400
    told = [chief.post(door, {"reason": reason}) for reason in ("the wrong night", "once more")]
    assert {(one.status_code, one.content) for one in told} == {(202, told[0].content)}
    assert told[0].json()["report"]["abandoned"] == "the wrong night"
    for point, is_gone in (
        ("bundles.abandoned_files", False), ("tenancy.schema_gone", False), ("tenancy.schema_dropped", True),
    ):  # fmt: skip
        assert drain_dying_at(point), point
        assert copies.schema_stands(loaded) is not is_gone, point
        assert (registered(loaded), fresh(restore).schema) == (("dropped", "") if is_gone else ("loading", loaded))
    jobs.drain()
    ended = fresh(restore)
    assert (ended.state, ended.error, ended.report["abandoned"]) == ("failed", failed.error, "the wrong night")
    assert (held(business.schema), faults() - others) == (now, set())
    again = command(restore)
    assert (again["dropped"], again["report"]) == (None, ended.report)
    assert deeds_of(business) == [
        {"restore": [None, str(restore.id)], "schema": [loaded, None], "reason": [None, "the wrong night"]}
    ]
    with platform_scope(), pytest.raises(RestoreNotStopped):
        restore_again(restore=restore.id)
    assert restored(restore.bundle).state == "done"
    assert differing(business.schema, before) == SINCE


def test_what_has_taken_its_place_is_carried_on_and_not_given_up(home: Any, other_academy: Business) -> None:
    business, _ = home
    restore, _, _ = restore_asked(home)
    failed = given_up_at(restore, "bundles.swapped")
    now = held(business.schema)
    chief, door, reason = admin("super_admin"), f"tenants/{business.id}/restore/{restore.id}", {"reason": "late"}
    key = str(uuid7())
    for deed in ("again", "abandon"):
        assert admin("operations").post(f"{door}/{deed}", reason, key=key).status_code == 403
        assert (
            chief.post(f"tenants/{other_academy.id}/restore/{restore.id}/{deed}", reason, key=deed).status_code == 404
        )
    with pytest.raises(CommandError, match=r"console\.restore_exchanged"):
        command(restore)
    assert refusal(chief.post(f"{door}/abandon", reason)) == (409, "console.restore_exchanged")
    assert (fresh(restore).report, held(business.schema)) == (failed.report, now)
    assert copies.schema_stands(failed.previous)
    assert refusal(chief.post(f"{door}/again")) == (400, "idempotency.key_missing")
    told = [chief.post(f"{door}/again", key=key) for _ in range(2)]
    assert {(one.status_code, one.content) for one in told} == {(202, told[0].content)}
    assert (told[0].json()["id"], told[0].json()["state"]) == (str(restore.id), "swapped")
    assert refusal(chief.post(f"{door}/again", key=str(uuid7()))) == (409, "console.restore_not_stopped")
    jobs.drain()
    assert fresh(restore).state == "done"
    assert refusal(chief.post(f"{door}/abandon", reason)) == (409, "console.restore_exchanged")
    assert (len(deeds_of(business, "restore_again")), deeds_of(business)) == (1, [])


def test_of_one_that_was_to_stand_beside_the_files_go_too(home: Any) -> None:
    business, _ = home
    bundle = exported(business)
    with platform_scope():
        restore = bundle_stand_up(bundle=bundle.id, slug=f"twin-{business.public_id}", reason="a look")
    failed = given_up_at(restore, "bundles.load_noted")
    own, others = f"tenants/{business.schema}/", f"tenants/{failed.schema}/"
    assert (objects_below(own), objects_below(others)) == (2, 2)
    chief, page = admin("super_admin"), f"/tenants/{business.id}/bundles/{bundle.id}"
    abandon, field = f"/tenants/{restore.tenant_id}/restores/{restore.id}/abandon", f"abandon-{restore.id}-reason"
    assert admin("operations").page("POST", abandon, {field: "no use"}).status_code == 403
    assert abandon not in admin("operations").page("GET", page).content.decode()
    assert abandon in chief.page("GET", page).content.decode()
    assert chief.page("POST", abandon.replace(str(restore.tenant_id), str(business.id))).status_code == 404
    assert chief.page("POST", abandon, {field: " "}).status_code == 422
    assert chief.page("POST", abandon, {field: "no use"}).status_code == 302
    body = chief.page("GET", page).content.decode()
    assert (abandon in body, "Given up for good: no use" in body) == (False, True)
    assert copies.schema_stands(failed.schema)
    assert command(restore)["dropped"] == failed.schema
    assert (objects_below(own), objects_below(others), copies.schema_stands(failed.schema)) == (2, 0, False)
    with platform_scope():
        assert offboarding.tenant_decline(tenant=restore.tenant_id, reason="nothing came of it") is None
    assert fresh(restore).tenant.state == "deleted"


def test_whoever_was_taken_for_dead_exchanges_nothing_any_more(home: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it packs up what stands now, it is given up, by a person for good as well."""
    business, _ = home
    restore, _, now = restore_asked(home)
    safety = restoring._safety

    def given_up_meanwhile(row: BundleRestore) -> Any:
        taken = safety(row)
        with platform_scope(), pytest.raises(RestoreUnderWay):
            restore_abandon(restore=restore.id, reason="too early")
        restore_give_up(restore.id, "Dead: every attempt was lost with its worker")
        with platform_scope():
            restore_abandon(restore=restore.id, reason="the wrong night")
        return taken

    monkeypatch.setattr(restoring, "_safety", given_up_meanwhile)
    jobs.drain()
    ended = fresh(restore)
    assert (ended.state, ended.schema, ended.report["abandoned"]) == ("failed", "", "the wrong night")
    assert held(business.schema) == now
