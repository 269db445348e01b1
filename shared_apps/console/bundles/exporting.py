"""Taking a tenant's bundle: asked for once, carried by a job that goes on where a killed one stopped.

First the schema and the public rows, of one moment, as one part: killed before it is stored, it is taken anew. Then the
files the moment knew, which never change, in packs. Then the manifest. A part that is stored and noted is not done again.
"""

import json
import zipfile
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from connectors.storage.port import ObjectMissing
from kernel import audit, clock, crash, jobs
from kernel.errors import error_line
from kernel.tenancy import copies, platform_scope
from kernel.tenancy.schemas import alone
from shared_apps.console.bundles.parts import (
    DATA,
    MANIFEST,
    Part,
    archive_reading,
    member_read,
    member_writing,
    part_of,
    part_writing,
)
from shared_apps.console.bundles.public_rows import OWNED
from shared_apps.console.models import BundleExport
from shared_apps.files.services import storage
from shared_apps.tenants import services as tenants
from shared_apps.tenants.errors import StateForbids

State = BundleExport.State
UNFINISHED = (State.WAITING, State.RUNNING)
VERSION = 1
LOOK_AGAIN = timedelta(minutes=1)
PATIENCE = "5s"
GIVE_UP = timedelta(days=1)
IN_ONE_PACK = 64 * 1024 * 1024  # bytes of files

DATA_COPIED = crash.register("bundles.data_copied")
PART_STORED = crash.register("bundles.part_stored")
PART_NOTED = crash.register("bundles.part_noted")

_FILES = "SELECT key, size, content_type FROM files_file WHERE state = 'stored' ORDER BY id"
_LEDGER = """
SELECT a.unit, count(*), sum(a.posted), sum(a.posted) FILTER (WHERE NOT a.outside), sum(a.held)
FROM ledger_account a GROUP BY a.unit ORDER BY a.unit
"""
_WALLET = """
SELECT a.code, a.posted, a.held FROM public.ledger_account a
WHERE starts_with(a.code, 'wallet:' || %s || ':') OR starts_with(a.code, 'consumed:' || %s || ':') ORDER BY a.code
"""


@transaction.atomic
def bundle_export(*, tenant: UUID, reason: str) -> BundleExport:
    """Ask for a tenant's bundle, in the operator's scope. While one is being taken, gives that one.

    The row moves waiting → running → done, or failed with `error`. Raises NotFound; StateForbids for a tenant without a
    schema.
    """
    row = tenants.tenant_locked(tenant)
    if not row.schema_name:
        raise StateForbids(state=row.state, wanted="export")
    under_way = BundleExport.objects.filter(tenant=row, state__in=UNFINISHED).first()
    if under_way is not None:
        return under_way
    bundle = BundleExport(tenant=row, reason=reason[:200], schema=row.schema_name, requested_at=clock.now())
    bundle.key = f"bundles/{row.public_id}/{bundle.id}"
    bundle.save(force_insert=True)
    audit.record(
        action="tenants.export",
        subject_type="tenant",
        subject_id=str(tenant),
        changes={"bundle": [None, str(bundle.id)], "reason": [None, bundle.reason]},
    )
    bundle_job(bundle.id)
    return bundle


def bundle_job(bundle: UUID) -> UUID:
    """The job that carries a bundle, put in the caller's transaction unless it was."""
    return jobs.put("console.bundle_export", bundle=str(bundle), dedupe=f"bundle:{bundle}", priority=jobs.BULK)


def bundle_take(bundle_id: UUID) -> None:
    """Carry out what is left of a bundle. Called without a scope and outside transactions; repeating it adds nothing.

    What goes wrong is noted as the row's `error` and raised; a day after it was asked for, the bundle has failed.
    """
    with alone(f"bundle {bundle_id}", wait=PATIENCE) as is_ours:
        if is_ours:
            _take(bundle_id)
            return
    # A job that lasts long is taken for lost while it still works: come back when it has ended, or died.
    with platform_scope(), transaction.atomic():
        jobs.put("console.bundle_export", bundle=str(bundle_id), due=clock.now() + LOOK_AGAIN, priority=jobs.BULK)


def _take(bundle_id: UUID) -> None:
    bundle = _begun(bundle_id)
    if bundle is None:
        return
    try:
        _carry(bundle)
    except Exception as error:
        with platform_scope():
            BundleExport.objects.filter(pk=bundle_id).update(error=error_line(error))
        if clock.now() > bundle.requested_at + GIVE_UP:
            raise jobs.Dead("not taken within a day") from error
        raise


def bundle_give_up(bundle_id: UUID, why: str) -> None:
    """The job is a dead letter: the bundle has failed, by what it last failed with. Repeating it changes nothing."""
    with platform_scope(), transaction.atomic():
        row = BundleExport.objects.select_for_update().get(pk=bundle_id)
        if row.state in UNFINISHED:
            row.state, row.error, row.finished_at = State.FAILED, row.error or why[:300], clock.now()
            row.save(update_fields=["state", "error", "finished_at"])


def _carry(bundle: BundleExport) -> None:
    if not _has(bundle, DATA):
        _noted(bundle, _data_store(bundle), taken_at=clock.now())
    with archive_reading(bundle, part_of(bundle, DATA)) as data:
        facts, files = member_read(data, "facts.json"), member_read(data, "files.json")
    for number, pack in enumerate(_packs(files), start=1):
        if not _has(bundle, name := f"files-{number:04}"):
            _noted(bundle, _pack_store(bundle, name, pack))
    _finished(bundle, _manifest_store(bundle, facts))


def _begun(bundle_id: UUID) -> BundleExport | None:
    with platform_scope(), transaction.atomic():
        bundle = BundleExport.objects.select_for_update(of=("self",)).select_related("tenant").get(pk=bundle_id)
        if bundle.state not in UNFINISHED:
            return None
        bundle.state, bundle.started_at = State.RUNNING, bundle.started_at or clock.now()
        bundle.save(update_fields=["state", "started_at"])
        return bundle


def _has(bundle: BundleExport, name: str) -> bool:
    return any(part["name"] == name for part in bundle.parts)


def _noted(bundle: BundleExport, part: Part, **more: Any) -> None:
    """A part is stored: say so, and never do it again."""
    crash.point(PART_STORED)
    bundle.parts = [*bundle.parts, part]
    bundle.bytes = sum(one["bytes"] for one in bundle.parts)
    for field, value in more.items():
        setattr(bundle, field, value)
    with platform_scope():
        bundle.save(update_fields=["parts", "bytes", *more])
    crash.point(PART_NOTED)


def _data_store(bundle: BundleExport) -> Part:
    """The tenant's schema and its public rows, as they are at one moment."""
    with part_writing(bundle, DATA) as (out, store):
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
            _data_write(bundle, archive)
        crash.point(DATA_COPIED)
        return store()


def _data_write(bundle: BundleExport, archive: zipfile.ZipFile) -> None:
    recipe = copies.recipe_of(bundle.schema)
    with copies.moment(bundle.schema) as moment:
        held = {}
        for table in moment.tables():
            with member_writing(archive, f"tables/{table.name}.csv") as write:
                held[table.name] = moment.copy(table, write).as_dict()
        facts = {
            "schema": bundle.schema,
            "fingerprint": recipe.fingerprint,
            "taken_at": moment.at.isoformat(),
            "tables": held,
            "public": dict(_public_write(bundle, archive, moment)),
            "sequences": moment.sequences(),
            "ledger": {
                unit: {"accounts": accounts, "posted": int(posted), "inside": int(inside or 0), "held": int(on_hold)}
                for unit, accounts, posted, inside, on_hold in moment.totals(_LEDGER)
            },
            "wallet": {
                code: {"posted": posted, "held": on_hold}
                for code, posted, on_hold in moment.totals(_WALLET, [bundle.schema, bundle.schema])
            },
        }
        files = [{"key": key, "size": size, "type": kind} for key, size, kind in moment.totals(_FILES)]
    for name, content in (("schema.json", recipe.as_dict()), ("files.json", files), ("facts.json", facts)):
        archive.writestr(zipfile.ZipInfo(name), json.dumps(content), zipfile.ZIP_DEFLATED)


def _public_write(
    bundle: BundleExport, archive: zipfile.ZipFile, moment: copies.Moment
) -> Iterator[tuple[str, dict[str, Any]]]:
    values = {"schema": bundle.schema, "tenant": bundle.tenant_id}
    for table in moment.tables("public"):
        if table.name in OWNED:
            with member_writing(archive, f"public/{table.name}.csv") as write:
                rows = moment.copy(table, write, schema="public", where=OWNED[table.name].where, values=values)
            yield table.name, rows.as_dict()


def _packs(files: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Files in parts of some 64 MiB; the same files give the same parts."""
    pack: list[dict[str, Any]] = []
    for file in files:
        if pack and sum(one["size"] for one in pack) + file["size"] > IN_ONE_PACK:
            yield pack
            pack = []
        pack.append(file)
    if pack:
        yield pack


def _pack_store(bundle: BundleExport, name: str, files: list[dict[str, Any]]) -> Part:
    """Files as they lie in the storage. One that was removed since the moment is named as missing."""
    missing: list[str] = []
    with part_writing(bundle, name) as (out, store):
        # Most of what people upload is compressed already.
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
            for file in files:
                if not _file_write(archive, file, bundle.schema):
                    missing.append(file["key"])
        part = store()
    return {**part, "files": len(files) - len(missing), "missing": missing}


def _file_write(archive: zipfile.ZipFile, file: dict[str, Any], schema: str) -> bool:
    name = file["key"].removeprefix(f"tenants/{schema}/")
    try:
        with storage().read(file["key"]) as pieces, member_writing(archive, name, note=file["type"]) as write:
            for piece in pieces:
                write(piece)
    except ObjectMissing:
        return False
    return True


def _manifest_store(bundle: BundleExport, facts: dict[str, Any]) -> Part:
    """What the bundle is: whose, of when, what each part and table holds."""
    tenant = bundle.tenant
    manifest = {
        "version": VERSION,
        "bundle": str(bundle.id),
        "tenant": {
            "id": str(tenant.id),
            "public_id": tenant.public_id,
            **{name: getattr(tenant, name) for name in ("name", "slug", "kind", "plan", "zone", "language")},
        },
        **facts,
        "parts": bundle.parts,
    }
    with part_writing(bundle, MANIFEST) as (out, store):
        out.write(json.dumps(manifest, indent=1, sort_keys=True).encode())
        return store()


def _finished(bundle: BundleExport, manifest: Part) -> None:
    crash.point(PART_STORED)
    bundle.state, bundle.sha256, bundle.error = State.DONE, manifest["sha256"], ""
    bundle.bytes, bundle.finished_at = bundle.bytes + manifest["bytes"], clock.now()
    with platform_scope():
        bundle.save(update_fields=["state", "sha256", "bytes", "error", "finished_at"])
