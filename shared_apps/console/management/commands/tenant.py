"""One tenant as one bundle: `tenant export|links|restore|resume|abandon|clone|erase|move`."""

import json
import sys
import threading
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from kernel.errors import DomainError
from kernel.jobs import runner
from kernel.tenancy import citus, platform_scope
from shared_apps.console.bundles import (
    bundle_adopt,
    bundle_export,
    bundle_links,
    bundle_restore,
    bundle_stand_up,
    restore_abandon,
    restore_again,
    tenant_erase,
    tenant_move,
)
from shared_apps.console.bundles.asking import restore_job
from shared_apps.console.bundles.exporting import bundle_job
from shared_apps.console.bundles.parts import MANIFEST
from shared_apps.console.bundles.selectors import bundle_get, restore_get
from shared_apps.console.models import BundleExport, BundleRestore
from shared_apps.files.services import storage
from shared_apps.tenants import selectors as tenants

EVERY_SECONDS = 2.0


class Command(BaseCommand):
    help = "Export, restore, clone, erase or move one tenant. What is done is printed as JSON, progress goes to stderr."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        export = verbs.add_parser("export", help="take a bundle of everything a tenant has")
        export.add_argument("tenant", help="slug or id")
        export.add_argument("--to", type=Path, help="copy its parts (sealed) into this folder as well")
        links = verbs.add_parser("links", help="links that download a bundle's sealed parts, good for half an hour")
        links.add_argument("bundle", help="its id")
        restore = verbs.add_parser("restore", help="put a bundle in its tenant's place, or beside it")
        restore.add_argument("bundle", help="its id, or a folder its parts were copied to")
        restore.add_argument("--as", dest="slug", default="", help="stand beside, as a new tenant at this address")
        restore.add_argument("--keep-public", action="store_true", help="credits and plan stay as they are now")
        resume = verbs.add_parser("resume", help="carry on with a restore or clone that was given up")
        resume.add_argument("restore", help="its id")
        abandon = verbs.add_parser("abandon", help="give a failed restore up for good: what it loaded is dropped")
        abandon.add_argument("restore", help="its id")
        clone = verbs.add_parser("clone", help="a sandbox in which nobody's data is left")
        clone.add_argument("bundle", help="its id, or a folder its parts were copied to")
        clone.add_argument("--as", dest="slug", required=True)
        erase = verbs.add_parser("erase", help="erase what a tenant that was offboarded has left")
        erase.add_argument("tenant", help="slug or id")
        erase.add_argument("--yes", required=True, metavar="SLUG", help="its slug once more")
        move = verbs.add_parser("move", help="move a tenant's schema to another machine (Citus)")
        move.add_argument("tenant", help="slug or id")
        move.add_argument("node", help="host:port")
        for verb in (export, restore, abandon, clone, erase):
            verb.add_argument("--reason", default="by hand", help="noted in the trail")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        try:
            done = getattr(self, f"_{verb}")(**options)
        except DomainError as refused:
            facts = f" {json.dumps(refused.data, default=str)}" if refused.data else ""
            raise CommandError(f"{refused.code}: {refused.title}.{facts} {refused.action}") from refused
        self.stdout.write(json.dumps(done, indent=1, default=str))

    def _export(self, *, tenant: str, to: Path | None, reason: str, **_: Any) -> dict[str, Any]:
        with platform_scope(), transaction.atomic():
            bundle = bundle_export(tenant=_tenant(tenant), reason=reason)
            job = bundle_job(bundle.id)
        with self._telling(lambda: f"{len((found := bundle_get(bundle.id)).parts)} parts, {found.bytes:,} bytes"):
            runner.run_one(job)
        with platform_scope():
            bundle = bundle_get(bundle.id)
        if bundle.state != BundleExport.State.DONE:
            raise CommandError(f"bundle {bundle.id} is {bundle.state}: {bundle.error or 'a worker goes on with it'}")
        if to is not None:
            _copied(bundle, to)
        facts = ("id", "key", "bytes", "sha256", "taken_at", "finished_at")
        return {name: getattr(bundle, name) for name in facts} | {"parts": [part["name"] for part in bundle.parts]}

    def _links(self, *, bundle: str, **_: Any) -> dict[str, Any]:
        with platform_scope():
            links = bundle_links(bundle=UUID(bundle))
        return {**asdict(links), "command": links.command}

    def _restore(self, *, bundle: str, slug: str, keep_public: bool, reason: str, **_: Any) -> dict[str, Any]:
        found = _bundle(bundle)
        with platform_scope():
            if slug:
                restore = bundle_stand_up(bundle=found, slug=slug, reason=reason)
            else:
                restore = bundle_restore(bundle=found, reason=reason, keep_public=keep_public)
        return self._restored(restore)

    def _clone(self, *, bundle: str, slug: str, reason: str, **_: Any) -> dict[str, Any]:
        found = _bundle(bundle)
        with platform_scope():
            restore = bundle_stand_up(bundle=found, slug=slug, reason=reason, masked=True)
        return self._restored(restore)

    def _resume(self, *, restore: str, **_: Any) -> dict[str, Any]:
        with platform_scope():
            job = restore_again(restore=UUID(restore))
            found = restore_get(UUID(restore))
        return self._restored(found, job)

    def _abandon(self, *, restore: str, reason: str, **_: Any) -> dict[str, Any]:
        with platform_scope():
            job = restore_abandon(restore=UUID(restore), reason=reason)
            loaded = restore_get(UUID(restore)).schema
        runner.run_one(job)
        with platform_scope():
            row = restore_get(UUID(restore))
        if row.schema:
            raise CommandError(f"{row.schema} of restore {row.id} stands yet; job {job} goes on with it")
        return {"id": row.id, "tenant": row.tenant_id, "dropped": loaded or None, "report": row.report}

    def _restored(self, restore: BundleRestore, job: UUID | None = None) -> dict[str, Any]:
        with platform_scope(), transaction.atomic():
            job = job or restore_job(restore.id)
        with self._telling(lambda: restore_get(restore.id).state):
            runner.run_one(job)
        with platform_scope():
            restore = restore_get(restore.id)
        if restore.state != BundleRestore.State.DONE:
            raise CommandError(
                f"restore {restore.id} is {restore.state}: {restore.error or 'a worker goes on with it'}"
            )
        return {"id": restore.id, "tenant": restore.tenant_id, "kind": restore.kind, "report": restore.report}

    def _erase(self, *, tenant: str, yes: str, reason: str, **_: Any) -> dict[str, Any]:
        found = _tenant(tenant)
        with platform_scope():
            slug = tenants.tenant_get(found).slug
        if yes != slug:
            raise CommandError(f"--yes says {yes!r}, the tenant is {slug!r}; nothing was erased")
        erasure = tenant_erase(tenant=found, reason=reason)
        return {"kept": erasure.kept, "keep_until": erasure.keep_until, "gone": erasure.gone}

    def _move(self, *, tenant: str, node: str, **_: Any) -> dict[str, Any]:
        found = _tenant(tenant)
        with platform_scope():
            schema = tenants.tenant_get(found).schema_name or ""
            job = tenant_move(tenant=found, node=node)
        if runner.run_one(job) != runner.DONE:
            raise CommandError(f"{schema} stands on {citus.place(schema)} yet; job {job} goes on with it")
        return {"schema": schema, "node": str(citus.place(schema))}

    @contextmanager
    def _telling(self, state: Any) -> Iterator[None]:
        """Say how far it is, at once and every two seconds."""
        over = threading.Event()

        def tell() -> None:
            from django.db import connections

            while True:
                with platform_scope():
                    self.stderr.write(str(state()))
                if over.wait(EVERY_SECONDS):
                    break
            connections.close_all()

        told = threading.Thread(target=tell, daemon=True)
        told.start()
        try:
            yield
        finally:
            over.set()
            told.join()


def _tenant(name: str) -> UUID:
    """The tenant of a slug or an id; of those that left and had one slug, none is meant by it."""
    with platform_scope():
        try:
            return tenants.tenant_get(UUID(name)).id
        except ValueError:
            found = list(tenants.tenants().filter(slug=name).order_by("id"))
    here = [one for one in found if one.state != "deleted"] or found
    if len(here) != 1:
        raise CommandError(f"{len(here)} tenants are called {name!r}; name one by its id")
    return here[0].id


def _bundle(named: str) -> UUID:
    """A bundle's id, or that of the one in a folder."""
    try:
        return UUID(named)
    except ValueError:
        return bundle_adopt(folder=Path(named)).id


def _copied(bundle: BundleExport, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in [*(part["name"] for part in bundle.parts), MANIFEST]:
        with storage().read(f"{bundle.key}/{name}") as pieces, (folder / name).open("wb") as file:
            file.writelines(pieces)
        sys.stderr.write(f"{folder / name}\n")
