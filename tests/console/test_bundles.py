"""One tenant as one bundle: taken whole, brought back exactly, whoever dies on the way; nobody else is touched."""

import csv
import io
import json
import threading
from typing import Any

import pytest
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from kernel import jobs
from kernel.tenancy import Business, copies, platform_scope, tenant_scope
from kernel.tenancy.compact import compact
from kernel.tenancy.fleet import registry
from kernel.tenancy.fleet.migrate import fleet_migrate
from kernel.tenancy.fleet.versions import code_names
from kernel.tenancy.models import ReadySchema, Snapshot
from kernel.tenancy.router import DDL_ALIAS
from kernel.tenancy.schemas import alone
from kernel.tenancy.scope import schema_scope
from shared_apps.console.bundles import bundle_export, bundle_restore, bundle_stand_up, exporting
from shared_apps.console.bundles.parts import DATA, MANIFEST, archive_reading, part_of, part_reading
from shared_apps.console.bundles.public_rows import OWNED
from shared_apps.console.errors import BundleBroken, PublicRowsMoved, RestoreForbidden, RestoreUnderWay
from shared_apps.console.models import BundleExport
from shared_apps.credits import services as credits
from shared_apps.files import services as files
from shared_apps.tenants.registry import registry_look
from tests.console.bundling import (
    SINCE,
    UNTOLD,
    changed,
    differing,
    everybody_else,
    exported,
    fresh,
    held,
    home,
    lived_in,
    restore_asked,
    restored,
    suspended,
)
from tests.support.people import phone_make
from tests.support.processes import drain_dying_at
from tests.support.queue import empty_queue
from tests.support.recycling import schema_recycle

__all__ = ["empty_queue", "home"]

EXPORT_POINTS = ("bundles.data_copied", "bundles.part_stored", "bundles.part_noted")


def test_one_tenant_is_restored_to_last_night_and_nobody_else_is_touched(home: Any, other_academy: Business) -> None:
    business, facts = home
    lived_in(other_academy)
    before = held(business.schema)
    bundle = exported(business)
    assert (bundle.state, bundle.error) == ("done", "")
    with part_reading(bundle, {"name": MANIFEST, "sha256": bundle.sha256}) as source:
        manifest = json.load(source)
    assert {name: one["sha256"] for name, one in manifest["tables"].items()} == {
        name: one.sha256 for name, one in before.items()
    }
    assert manifest["tables"]["people_student"]["rows"] == 2
    assert manifest["wallet"][f"wallet:{business.schema}:sms"] == {"posted": 100, "held": 0}
    assert [(part["name"], part.get("files")) for part in manifest["parts"]] == [("data", None), ("files-0001", 2)]
    assert set(manifest["public"]) == set(OWNED)

    with platform_scope(), pytest.raises(RestoreForbidden):
        bundle_restore(bundle=bundle.id, reason="at work")
    changed(business, facts)
    now = held(business.schema)
    assert now != before
    suspended(business)
    others = everybody_else(business)
    restore = restored(bundle)
    assert (restore.state, restore.error) == ("done", "")
    assert differing(business.schema, before) == SINCE
    with tenant_scope(fresh(bundle).tenant.business()):
        for number, (file, _) in zip((1, 30_000), facts["files"], strict=True):
            with files.file_open(file) as pieces:
                assert b"".join(pieces) == f"file {number}".encode() * number
    after = everybody_else(business)
    assert {name: after[name] for name in others if name != "public"} == {
        name: others[name] for name in others if name != "public"
    }
    assert {name for name in after["public"] if after["public"][name] != others["public"][name]} == set()
    assert not copies.schema_stands(restore.previous)
    # What was replaced is itself a bundle, and brings back the day that was lost.
    with platform_scope():
        safety = BundleExport.objects.select_related("tenant").get(pk=restore.report["safety"])
    again = restored(safety)
    assert (again.state, differing(business.schema, now)) == ("done", {"audit_entry"})


def test_what_moved_on_in_public_is_never_taken_back(home: Any) -> None:
    business, _ = home
    bundle = exported(business)
    with tenant_scope(business):
        hold = credits.hold(channel="sms", units=10, key="one")
        credits.consume(hold=hold, units=4, vendor="msg91", reference=f"r-{hold}")
    suspended(business)
    here, public = held(business.schema), held("public")
    refused = restored(bundle)
    assert refused.state == "failed"
    assert refused.error.startswith("console.public_rows_moved")
    moved = refused.report["public"]
    assert moved["ledger_transfer"] == {"then": 1, "now": 3, "new": 2, "gone": 0}
    assert moved["ledger_account"] == {"then": 1, "now": 2, "new": 2, "gone": 1}
    assert held(business.schema) == here
    assert {name for name, one in held("public").items() if one != public[name]} <= UNTOLD
    # Known and accepted: the rest comes back, the wallet stays as spent as it is, and what nobody will send is freed.
    kept = restored(bundle, keep_public=True)
    assert (kept.state, kept.error) == ("done", "")
    with platform_scope():
        from shared_apps.credits import selectors

        wallet = selectors.wallet(schema=business.schema, channel="sms")
    assert (wallet.available, wallet.held) == (96, 0)


def test_a_bundle_is_of_one_moment_while_people_work(home: Any) -> None:
    from tenant_apps.people import services as people
    from tenant_apps.people.drafts import draft_of
    from tenant_apps.people.models import Branch

    business, _ = home
    begun, over = threading.Event(), threading.Event()

    def work() -> None:
        with tenant_scope(business):
            branch = Branch.objects.get()
            while not over.is_set():
                people.student_create(draft=draft_of({"name": "One more", "phone": phone_make()}), branch=branch)
                begun.set()
        connections.close_all()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        assert begun.wait(30)
        bundle = exported(business)
    finally:
        over.set()
        worker.join()
    with archive_reading(bundle, part_of(bundle, DATA)) as archive:
        facts = json.loads(archive.read("facts.json"))
        quotas = csv.DictReader(io.TextIOWrapper(archive.open("tables/quotas_quota.csv"), "utf-8"))
        used = {row["name"]: int(row["used"]) for row in quotas}
    students = facts["tables"]["people_student"]["rows"]
    assert used["students"] == students
    assert 2 < students < held(business.schema)["people_student"].rows


def test_an_export_killed_at_each_step_goes_on(home: Any) -> None:
    business, _ = home
    with platform_scope():
        bundle = bundle_export(tenant=business.id, reason="nightly")
        assert bundle_export(tenant=business.id, reason="twice").id == bundle.id
    for point in EXPORT_POINTS:
        assert drain_dying_at(point), point
        assert fresh(bundle).state == "running"
    assert [part["name"] for part in fresh(bundle).parts] == [DATA]
    jobs.drain()
    done = fresh(bundle)
    assert done.state == "done"
    assert [part["name"] for part in done.parts] == [DATA, "files-0001"]
    with archive_reading(done, part_of(done, DATA)) as archive:
        assert {name: one["sha256"] for name, one in json.loads(archive.read("facts.json"))["tables"].items()} == {
            name: one.sha256 for name, one in held(business.schema).items()
        }


def test_a_bundle_somebody_is_at_is_left_to_them(home: Any, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "PATIENCE", "50ms")
    business, _ = home
    with platform_scope():
        bundle = bundle_export(tenant=business.id, reason="nightly")
    at_it, over = threading.Event(), threading.Event()

    def work() -> None:
        with alone(f"bundle {bundle.id}", wait="50ms") as is_ours:
            assert is_ours
            at_it.set()
            over.wait(30)
        connections.close_all()

    other = threading.Thread(target=work)
    other.start()
    assert at_it.wait(30)
    jobs.drain()
    assert (fresh(bundle).state, fresh(bundle).parts) == ("waiting", [])
    over.set()
    other.join()
    clock.move(minutes=2)
    jobs.drain()
    assert fresh(bundle).state == "done"


def test_a_restore_killed_at_each_step_goes_on(home: Any) -> None:
    business, _ = home
    restore, before, now = restore_asked(home)
    with platform_scope(), pytest.raises(RestoreUnderWay):
        bundle_restore(bundle=restore.bundle_id, reason="again")
    for point in ("bundles.loaded", "bundles.file_put_back", "bundles.load_noted", *EXPORT_POINTS[:1]):
        assert drain_dying_at(point), point
        assert held(business.schema) == now, point
    for point in ("bundles.swapped", "bundles.settled", "bundles.former_dropped"):
        assert drain_dying_at(point), point
        assert differing(business.schema, before) <= SINCE, point
    jobs.drain()
    assert fresh(restore).state == "done"
    assert differing(business.schema, before) == SINCE
    assert held(business.schema)["audit_entry"].rows == before["audit_entry"].rows + 1
    with platform_scope():
        taken = ReadySchema.objects.filter(name__in=[business.schema, restore.schema, fresh(restore).previous])
        assert dict(taken.values_list("name", "state")) == {
            business.schema: "taken", fresh(restore).previous: "dropped",
        }  # fmt: skip


def test_a_schema_that_is_loaded_is_no_fault_while_its_restore_goes_on(home: Any, clock: Any) -> None:
    business, _ = home
    bundle = exported(business)
    suspended(business)
    with platform_scope():
        place = bundle_restore(bundle=bundle.id, reason="asked by its owner")
        beside = bundle_stand_up(bundle=bundle.id, slug=f"twin-{business.public_id}", reason="a look")
    others: set[tuple[str, str]] = set()

    def faults() -> set[tuple[str, str]]:
        with platform_scope():
            registry_look()
            return set(registry.faults().values_list("schema", "fault")) - others

    others = faults()
    for point in ("bundles.loaded", "bundles.swapped"):
        assert drain_dying_at(point), point
        assert faults() == set(), point
    previous = fresh(place).previous
    # One that nobody goes on with is told of after a day, and mended by going on.
    clock.move(hours=23)
    assert faults() == set()
    clock.move(hours=2)
    assert (previous, "no tenant") in faults()
    assert drain_dying_at("bundles.loaded")
    assert (fresh(place).state, faults()) == ("done", set())
    jobs.drain()
    assert (fresh(place).state, fresh(beside).state, faults()) == ("done", "done", set())
    with platform_scope():
        states = dict(ReadySchema.objects.values_list("name", "state"))
    assert [states[one] for one in (business.schema, previous, fresh(beside).schema)] == ["taken", "dropped", "taken"]
    schema_recycle(fresh(beside).tenant.business())


def test_a_bundle_of_older_migrations_is_brought_up(academy: Business, bucket: str) -> None:
    lately = ("progress", "0002_stopped")
    with schema_scope(academy.schema), connections[DDL_ALIAS].cursor() as cursor:
        MigrationExecutor(connections[DDL_ALIAS]).migrate([("progress", "0001_initial")])
        statements = compact(cursor, academy.schema)
    with schema_scope("public"):
        names = sorted(name for name in code_names() if name != lately)
        Snapshot.objects.using(DDL_ALIAS).create(
            fingerprint="older", statements=statements, names=names, made_at="2020-01-01T00:00Z"
        )
        ReadySchema.objects.using(DDL_ALIAS).filter(name=academy.schema).update(fingerprint="older")
    facts = lived_in(academy)
    bundle = exported(academy)
    assert fleet_migrate(schemas=[academy.schema]).is_whole
    newer = held(academy.schema)
    changed(academy, facts)
    suspended(academy)
    assert restored(bundle).state == "done"
    after = held(academy.schema)
    assert {name for name in newer if newer[name] != after[name]} == {"django_migrations", *SINCE}
    assert newer["django_migrations"].rows == after["django_migrations"].rows
    with schema_scope("public"):
        Snapshot.objects.using(DDL_ALIAS).filter(fingerprint="older").delete()


def test_an_altered_or_missing_part_is_refused_and_nothing_changes(home: Any) -> None:
    business, _ = home
    bundle = exported(business)
    suspended(business)
    now = held(business.schema)
    key = f"{bundle.key}/{DATA}"
    with files.storage().read(key) as pieces:
        body = bytearray(b"".join(pieces))
    body[len(body) // 2] ^= 1
    files.storage().put(key, io.BytesIO(body), content_type="application/octet-stream")
    assert restored(bundle).error.startswith(BundleBroken.code)
    files.storage().remove(key)
    assert restored(bundle).error.startswith(BundleBroken.code)
    assert held(business.schema) == now
    assert not PublicRowsMoved.code.startswith(BundleBroken.code)
