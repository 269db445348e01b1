"""Handing a bundle out: for a short while, links that read its sealed parts straight from storage, each on record."""

import shlex
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from kernel import audit, clock
from shared_apps.console.bundles.parts import MANIFEST
from shared_apps.console.bundles.selectors import bundle_get
from shared_apps.console.errors import BundleErased, BundleUnfinished
from shared_apps.console.models import BundleExport
from shared_apps.files.services import storage

LINK_SECONDS = 30 * 60


@dataclass(frozen=True, slots=True)
class PartLink:
    """One part: `file` is what it is saved as, `bytes` and `sha256` are of what is stored, `link` reads it."""

    name: str
    file: str
    bytes: int
    sha256: str
    link: str


@dataclass(frozen=True, slots=True)
class BundleLinks:
    """A bundle's parts, the manifest last, and until when their links begin a download."""

    expires_at: datetime
    parts: list[PartLink]

    @property
    def command(self) -> str:
        """One command that fetches all parts, or what is missing of them: curl goes on where a file ends."""
        fetched = (f"-o {shlex.quote(part.file)} {shlex.quote(part.link)}" for part in self.parts)
        return f"curl -f -C - {' '.join(fetched)}"


@transaction.atomic
def bundle_links(*, bundle: UUID) -> BundleLinks:
    """Links to a finished bundle's parts, good for half an hour. In the operator's scope; noted in the trail each time.

    What they give is ciphertext. Storage answers ranges, so a download that broke off goes on, by a new link if need be.
    Raises NotFound, BundleUnfinished, BundleErased.
    """
    row = bundle_get(bundle)
    if row.state == BundleExport.State.ERASED:
        raise BundleErased
    if row.state != BundleExport.State.DONE:
        raise BundleUnfinished(state=row.state)
    ends = clock.now() + timedelta(seconds=LINK_SECONDS)
    parts = parts_of(row)
    audit.record(
        action="tenants.download",
        subject_type="tenant",
        subject_id=str(row.tenant_id),
        changes={
            "bundle": [None, str(row.id)],
            "parts": [None, [name for name, _, _ in parts]],
            "until": [None, ends.isoformat()],
        },
    )
    return BundleLinks(ends, [_link(row, *part) for part in parts])


def parts_of(bundle: BundleExport) -> list[tuple[str, int, str]]:
    """Name, bytes and SHA-256 of each part that is stored; of a finished bundle the manifest is the last."""
    parts = [(one["name"], one["bytes"], one["sha256"]) for one in bundle.parts]
    if bundle.sha256:
        parts.append((MANIFEST, bundle.bytes - sum(size for _, size, _ in parts), bundle.sha256))
    return parts


def _link(bundle: BundleExport, name: str, size: int, sha256: str) -> PartLink:
    day = (bundle.taken_at or bundle.requested_at).date()
    file = f"{bundle.tenant.slug}-{day}.{name}"
    link = storage().link_get(f"{bundle.key}/{name}", seconds=LINK_SECONDS, name=file)
    return PartLink(name, file, size, sha256, link)
