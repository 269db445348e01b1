"""Bringing a bundle back: into its tenant's place, beside it as a new tenant, or as a sandbox with nobody's data in it.

The rows are loaded into a schema of their own and compared with the manifest before anything else changes. In place,
a bundle of what stands now is taken first; then the two schemas exchange their names in one transaction, refused when
the present one has changed since that bundle; the former one is dropped last. So nothing is lost, and a restore is
itself undone by restoring the bundle it took. Of `public` nothing is ever put back: money has moved on there.
"""

import zipfile
from contextlib import suppress
from typing import Any, BinaryIO, cast
from uuid import UUID

from django.db import transaction

from connectors.storage.port import ObjectMissing
from kernel import audit, clock, crash, jobs, quotas
from kernel.audit.models import Entry
from kernel.errors import error_line
from kernel.jobs import runner
from kernel.tenancy import copies, platform_scope, tenant_scope
from kernel.tenancy.fleet.migrate import fleet_migrate
from kernel.tenancy.fleet.versions import is_behind
from kernel.tenancy.router import DDL_ALIAS
from kernel.tenancy.schemas import alone, schema_drop, schema_reserve
from shared_apps.console.bundles import exporting, masks
from shared_apps.console.bundles.abandoning import ABANDONED, abandoned_drop
from shared_apps.console.bundles.asking import STOPPED, UNFINISHED, bundle_finished, picked_up
from shared_apps.console.bundles.exporting import bundle_export, bundle_job
from shared_apps.console.bundles.moves import public_moves
from shared_apps.console.bundles.parts import DATA, archive_reading, member_read, part_of
from shared_apps.console.bundles.public_rows import OWNED
from shared_apps.console.errors import (
    BundleBroken,
    BundleOld,
    PublicRowsMoved,
    TenantMoved,
)
from shared_apps.console.models import BundleExport, BundleRestore
from shared_apps.credits import services as credits
from shared_apps.files.services import storage
from shared_apps.ledger import services as ledger
from shared_apps.messaging import services as messaging
from shared_apps.plans import selectors as plans
from shared_apps.plans import services as plan_services
from shared_apps.tenants import selectors as tenant_selectors
from shared_apps.tenants import services as tenants

Kind, State = BundleRestore.Kind, BundleRestore.State
# Numbers given to somebody, which are never given again: receipts, students' codes.
SERIES = ("payments_receiptseries", "people_codeseries")

LOADED = crash.register("bundles.loaded")
LOAD_NOTED = crash.register("bundles.load_noted")
FILE_PUT_BACK = crash.register("bundles.file_put_back")
SWAPPED = crash.register("bundles.swapped")
SETTLED = crash.register("bundles.settled")
FORMER_DROPPED = crash.register("bundles.former_dropped")


class GivenUp(Exception):
    """Whoever works at a restore was taken for dead, and it has failed: another one may have begun since."""


def restore_carry(restore_id: UUID) -> None:
    """Carry out what is left of a restore. Called without a scope and outside transactions; repeating it adds nothing."""
    with alone(f"restore {restore_id}", wait=exporting.PATIENCE) as is_ours:
        if is_ours:
            _carry(restore_id)
            return
    with platform_scope(), transaction.atomic():
        due = clock.now() + exporting.LOOK_AGAIN
        jobs.put("console.bundle_restore", restore=str(restore_id), due=due, priority=jobs.BULK)


def _carry(restore_id: UUID) -> None:
    with platform_scope():
        restore = BundleRestore.objects.select_related("bundle__tenant", "tenant").get(pk=restore_id)
    if ABANDONED in restore.report:
        if restore.schema:
            abandoned_drop(restore)
        return
    if STOPPED in restore.report:
        # The dead letter was tried again, which means the same.
        with platform_scope(), transaction.atomic():
            picked_up(restore_id)
        _carry(restore_id)
        return
    with suppress(GivenUp):
        _carried(restore)


def _carried(restore: BundleRestore) -> None:
    if restore.state not in UNFINISHED:
        return
    try:
        if restore.state == State.RUNNING:
            _load(restore)
        if restore.state == State.LOADED:
            (_take_place if restore.kind == Kind.PLACE else _stand_up)(restore)
        _brought_up(restore)
        _settle(restore)
    except (BundleBroken, PublicRowsMoved) as refused:
        _ended(restore, State.FAILED, error=f"{refused.code}: {refused.detail}"[:300])
    except Exception as error:
        _note(restore, error=error_line(error))
        raise


def _load(restore: BundleRestore) -> None:
    """The bundle's rows in a schema of their own, proven equal to the manifest, and its files where they belong."""
    bundle = restore.bundle
    if restore.kind == Kind.PLACE:
        _public_checked(restore)
    if not restore.schema:
        _note(restore, schema=schema_reserve())
    with archive_reading(bundle, part_of(bundle, DATA)) as archive:
        facts = member_read(archive, "facts.json")
        if not copies.schema_stands(restore.schema):
            recipe = copies.Recipe(**member_read(archive, "schema.json"))
            with copies.schema_loading(restore.schema, recipe) as loading:
                _fill(restore, loading, archive, facts)
            crash.point(LOADED)
    if restore.kind != Kind.CLONE:
        _files_put_back(restore)
    _note(restore, state=State.LOADED)
    crash.point(LOAD_NOTED)


def _public_checked(restore: BundleRestore) -> None:
    moves = public_moves(restore.bundle)
    money = {table: moved for table, moved in moves.items() if OWNED[table].money}
    _note(restore, report={**restore.report, "public": moves})
    if money and not restore.report["keep_public"]:
        raise PublicRowsMoved(", ".join(f"{table} {moved}" for table, moved in money.items()), rows=money)


def _fill(restore: BundleRestore, loading: copies.Loading, archive: zipfile.ZipFile, facts: dict[str, Any]) -> None:
    wanted = facts["tables"]
    masked = restore.kind == Kind.CLONE
    tables = {table.name: table for table in loading.tables()}
    if {name: sorted(table.columns) for name, table in tables.items()} != {
        name: sorted(held["columns"]) for name, held in wanted.items()
    }:
        raise BundleBroken(part=DATA, why="its tables are not those its schema is made of")
    for name, table in tables.items():
        if not (masked and name in masks.LEFT_OUT):
            with archive.open(f"tables/{name}.csv") as source:
                loading.load(table, cast(BinaryIO, source))
    loading.advance(facts["sequences"])
    for name, held in loading.held().items():
        if not (masked and name in masks.LEFT_OUT) and held.sha256 != wanted[name]["sha256"]:
            raise BundleBroken(part=DATA, why=f"{name} does not hold what the manifest says")
    if masked:
        masks.mask(loading, salt=str(restore.id))
    elif restore.schema != restore.bundle.schema and restore.kind == Kind.BESIDE:
        places = {"was": len(f"tenants/{restore.bundle.schema}/") + 1, "now": f"tenants/{restore.schema}/"}
        loading.change("files_file", {"key": "%(now)s::text || substr(key, %(was)s::int)"}, places)


def _files_put_back(restore: BundleRestore) -> None:
    """Files that are not where their rows say, from the bundle. What lies there is the same: files never change."""
    bundle = restore.bundle
    schema = bundle.schema if restore.kind == Kind.PLACE else restore.schema
    for part in bundle.parts:
        if not part["name"].startswith("files-"):
            continue
        with archive_reading(bundle, part) as archive:
            for member in archive.infolist():
                key = f"tenants/{schema}/{member.filename}"
                if not _is_there(key, member.file_size):
                    with archive.open(member) as source:
                        storage().put(key, cast(BinaryIO, source), content_type=member.comment.decode())
                    crash.point(FILE_PUT_BACK)


def _take_place(restore: BundleRestore) -> None:
    """The loaded schema under the tenant's name, once all that stands there is in a bundle."""
    tenant, safety = restore.tenant, _safety(restore)
    with archive_reading(safety, part_of(safety, DATA)) as archive:
        facts = member_read(archive, "facts.json")["tables"]
    expected = {name: copies.Held(tuple(one["columns"]), one["rows"], one["sha256"]) for name, one in facts.items()}

    schema = tenant.schema_name or ""

    def within() -> None:
        for table in SERIES:
            copies.numbers_kept(restore.schema, former=schema, table=table, key="prefix", last="last")
        rows = BundleRestore.objects.using(DDL_ALIAS).filter(pk=restore.pk, state=State.LOADED)
        if not rows.update(state=State.SWAPPED, previous=restore.schema):
            raise GivenUp

    if not copies.schema_swap(schema, restore.schema, expected=expected, within=within):
        # Written to meanwhile (payments under way are booked even now): what stands there is kept anew.
        _note(restore, report={**restore.report, "safety": None})
        raise TenantMoved
    restore.state, restore.previous = State.SWAPPED, restore.schema
    crash.point(SWAPPED)


def _safety(restore: BundleRestore) -> BundleExport:
    """The bundle of what is about to be replaced, taken now unless it was."""
    if not restore.report.get("safety"):
        with platform_scope():
            asked = bundle_export(tenant=restore.tenant_id, reason=f"before restoring {restore.bundle_id}")
        _note(restore, report={**restore.report, "safety": str(asked.id)})
    with platform_scope(), transaction.atomic():
        job = bundle_job(UUID(restore.report["safety"]))
    runner.run_one(job)
    with platform_scope():
        return bundle_finished(UUID(restore.report["safety"]))


def _stand_up(restore: BundleRestore) -> None:
    """The loaded schema as the new tenant's: its addresses, its plan, and a wallet unless it is a sandbox."""
    masked = restore.kind == Kind.CLONE
    with platform_scope(), transaction.atomic():
        state = "trial" if masked else "suspended"
        row = tenants.tenant_stand(
            tenant=restore.tenant_id, schema=restore.schema, state=state, reason="" if masked else restore.reason
        )
        copies.schema_taken(restore.schema)
        tenants.tenant_take_hosts(tenant=row.id)
        plan_services.subscription_start(schema=restore.schema, plan=row.plan)
        if not masked:
            credits.wallet_open(schema=restore.schema)
        _note(restore, state=State.SWAPPED)
    restore.tenant = row


def _brought_up(restore: BundleRestore) -> None:
    """Rows of older migrations to those in code: until then no process works with them."""
    with platform_scope():
        schema = tenant_selectors.tenant_get(restore.tenant_id).schema_name or ""
    if is_behind(copies.recipe_of(schema).fingerprint):
        result = fleet_migrate(schemas=[schema])
        if not result.is_whole:
            raise BundleOld(result.failed.get(schema, "the fleet's migration stopped before it"))


def _settle(restore: BundleRestore) -> None:
    """What the restored rows must not do again, the limits of today's plan, and the former schema's end."""
    with platform_scope():
        tenant = tenant_selectors.tenant_get(restore.tenant_id)
        schema = tenant.schema_name or ""
        limits = plans.limits_of(plans.plan_of(schema).code)
    with tenant_scope(tenant.business()), transaction.atomic():
        _noted_there(restore)
        messaging.messages_stop(code="messaging.restored")
        for name, limit in limits.items():
            try:
                quotas.set_limit(name, limit.limit, limit.lifted_by)
            except quotas.UseExceeds:
                restore.report.setdefault("above_plan", []).append(name)
        if restore.kind == Kind.CLONE:
            quotas.set_limit(messaging.SENDING, 0)
    with platform_scope(), transaction.atomic():
        # Those whose messages these holds were for are gone.
        for channel in ("sms", "email", "whatsapp"):
            ledger.release_all(account=f"wallet:{schema}:{channel}", key=f"restore:{restore.id}")
    crash.point(SETTLED)
    if restore.previous:
        schema_drop(
            restore.previous,
            is_free=lambda: tenants.tenant_lets_go(tenant=restore.tenant_id, schema=restore.previous),
        )
        crash.point(FORMER_DROPPED)
    _ended(restore, State.DONE)


def _noted_there(restore: BundleRestore) -> None:
    """In the tenant's own trail, which is as old as its rows: what became of the days since, and where they are kept."""
    noted = Entry.objects.filter(action="tenants.restore", subject_id=str(restore.id))
    if restore.kind != Kind.CLONE and not noted.exists():
        facts = {
            "taken_at": str(restore.bundle.taken_at),
            "bundle": str(restore.bundle_id),
            "kept": restore.report.get("safety"),
        }
        changes = {name: [None, fact] for name, fact in facts.items()}
        audit.record(action="tenants.restore", subject_type="restore", subject_id=str(restore.id), changes=changes)


def _ended(restore: BundleRestore, state: str, error: str = "") -> None:
    _note(restore, state=state, error=error, finished_at=clock.now(), report=restore.report)


def _note(restore: BundleRestore, **facts: Any) -> None:
    with platform_scope():
        if not BundleRestore.objects.filter(pk=restore.pk, state__in=UNFINISHED).update(**facts):
            raise GivenUp
    for field, value in facts.items():
        setattr(restore, field, value)


def _is_there(key: str, size: int) -> bool:
    try:
        return storage().head(key).size == size
    except ObjectMissing:
        return False
