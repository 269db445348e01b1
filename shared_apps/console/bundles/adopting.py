"""A bundle from a folder: parts that were copied out, of this installation or of another that has the same sealing keys."""

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.db import transaction

from kernel import audit, clock
from kernel.errors import error_line
from kernel.sealing import SealBroken
from kernel.tenancy import platform_scope
from shared_apps.console.bundles.exporting import VERSION
from shared_apps.console.bundles.parts import DATA, MANIFEST, TYPE, Part
from shared_apps.console.bundles.sealed import Name, SealedReader, header_of
from shared_apps.console.bundles.selectors import bundle_find
from shared_apps.console.errors import BundleBroken
from shared_apps.console.models import BundleExport
from shared_apps.files.services import storage
from shared_apps.tenants import services as tenants


def bundle_adopt(*, folder: Path) -> BundleExport:
    """Take note of a bundle that lies in a folder and store its parts; outside any scope, safe to repeat.

    Its tenant is found by public id; one that was never here leaves a tombstone, beside which the bundle can stand.
    Raises BundleBroken when a part is missing, altered or sealed under a key that is not here.
    """
    manifest, parts = _checked(folder)
    whose = manifest["tenant"]
    with platform_scope():
        known = bundle_find(manifest["bundle"])
    key = f"bundles/{whose['public_id']}/{manifest['bundle']}"
    for part in parts:
        with _file(folder, part["name"]).open("rb") as file:
            storage().put(f"{key}/{part['name']}", file, content_type=TYPE)
    if known is not None:
        return known
    with platform_scope(), transaction.atomic():
        tenant = tenants.tenant_remembered(**{name: str(value) for name, value in whose.items() if name != "id"})
        now = clock.now()
        bundle = BundleExport.objects.create(
            id=manifest["bundle"],
            tenant_id=tenant.id,
            state=BundleExport.State.DONE,
            reason="from a folder",
            schema=manifest["schema"],
            key=key,
            parts=manifest["parts"],
            bytes=sum(part["bytes"] for part in parts),
            sha256=next(part["sha256"] for part in parts if part["name"] == MANIFEST),
            requested_at=now,
            started_at=now,
            taken_at=datetime.fromisoformat(manifest["taken_at"]),
            finished_at=now,
        )
        audit.record(
            action="tenants.adopt",
            subject_type="tenant",
            subject_id=str(tenant.id),
            changes={"bundle": [None, str(bundle.id)]},
        )
    with platform_scope():
        return bundle_find(bundle.id) or bundle


def _checked(folder: Path) -> tuple[dict[str, Any], list[Part]]:
    """The manifest, and every part with it last, each as large as is said and unaltered."""
    try:
        with _file(folder, MANIFEST).open("rb") as file:
            says = header_of(cast(BinaryIO, file))
            name = Name(tenant=says["tenant"], bundle=says["bundle"], part=MANIFEST)
            manifest = json.loads(SealedReader(cast(BinaryIO, file), name).read())
        found = {
            "name": MANIFEST,
            "bytes": _file(folder, MANIFEST).stat().st_size,
            "sha256": _digest(_file(folder, MANIFEST)),
        }
        for part in manifest["parts"]:
            if _digest(_file(folder, part["name"])) != part["sha256"]:
                raise BundleBroken(part=part["name"], why="altered")
    except (OSError, SealBroken, KeyError, ValueError) as error:
        raise BundleBroken(part=DATA, why=error_line(error)) from error
    if manifest["version"] != VERSION:
        raise BundleBroken(part=MANIFEST, why=f"version {manifest['version']}")
    return manifest, [*manifest["parts"], found]


def _file(folder: Path, name: str) -> Path:
    """A part as it was copied out, or as it was downloaded: `data` or `<slug>-<day>.data`. Raises OSError."""
    found = [path for path in (folder / name, *folder.glob(f"*.{name}")) if path.is_file()]
    if len(found) != 1:
        raise FileNotFoundError(f"{len(found)} files hold the part {name}")
    return found[0]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
