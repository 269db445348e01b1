"""Erasing what a tenant that was offboarded has left behind, except what the law has the operator keep.

Its schema and files went with the offboarding. Here go its bundles, its rows of public that nobody has to keep, its
owner's contact and what was written there; what stays is counted, with the reason, and the list is stored beside the
tombstone.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from uuid import UUID

from django.db import transaction

from kernel import audit, clock, crash
from kernel.tenancy import copies, platform_scope
from shared_apps.console.bundles.public_rows import OWNED
from shared_apps.console.bundles.selectors import erasure_of
from shared_apps.console.errors import NotErasable
from shared_apps.console.models import BundleExport, Erasure, Offboarding
from shared_apps.files.services import storage
from shared_apps.messaging import services as messaging
from shared_apps.tenants import selectors as tenant_selectors
from shared_apps.tenants import services as tenants

# Financial years whose books are kept: Companies Act 2013, section 128 (5).
YEARS = 8

OBJECTS_GONE = crash.register("bundles.objects_gone")
ROWS_GONE = crash.register("bundles.rows_gone")


def tenant_erase(*, tenant: UUID, reason: str) -> Erasure:
    """Erase a deleted tenant for good and say what is left. Outside any scope; repeating it goes on, then gives the same.

    Raises NotFound, NotErasable while it stands.
    """
    with platform_scope():
        row = tenant_selectors.tenant_get(tenant)
        done = erasure_of(tenant)
        schemas = set(BundleExport.objects.filter(tenant=tenant).values_list("schema", flat=True))
        leavings = dict(Offboarding.objects.filter(tenant=tenant).values_list("id", "schema"))
        schemas |= set(leavings.values())
    if done is not None:
        return done
    if row.state != "deleted" or row.schema_name is not None:
        raise NotErasable(state=row.state)
    objects = storage().remove_below(f"bundles/{row.public_id}/")
    crash.point(OBJECTS_GONE)
    gone = _count(tenant, schemas, kept=False)
    crash.point(ROWS_GONE)
    kept = _count(tenant, schemas, kept=True)
    with platform_scope(), transaction.atomic():
        tenants.tenant_contact_erase(tenant=tenant)
        keys = [f"declined:{tenant}", *(f"offboarding:{leaving}:" for leaving in leavings)]
        letters = sum(messaging.messages_forget(key_prefix=key) for key in keys)
        BundleExport.objects.filter(tenant=tenant).update(state=BundleExport.State.ERASED)
        erasure, is_new = Erasure.objects.get_or_create(
            tenant_id=tenant,
            defaults={
                "kept": {table: {"rows": rows, "why": OWNED[table].kept} for table, rows in kept.items()},
                "gone": {**gone, "objects of bundles": objects, "letters to its owner": letters},
                "keep_until": keep_until(clock.today()),
                "erased_at": clock.now(),
            },
        )
        if is_new:
            audit.record(
                action="tenants.erase",
                subject_type="tenant",
                subject_id=str(tenant),
                changes={"reason": [None, reason[:200]], "kept": [None, kept], "gone": [None, gone]},
            )
    return erasure


def keep_until(today: date) -> date:
    """The last day books of today are kept: eight financial years, from April to March, after the one that runs."""
    ends = today.year + (today.month > 3)
    return date(ends + YEARS, 4, 1) - timedelta(days=1)


def _count(tenant: UUID, schemas: Iterable[str], *, kept: bool) -> dict[str, int]:
    """Rows that stay, by table; or of the others, which are deleted, how many there were."""
    counts = {}
    for table, rows in OWNED.items():
        if bool(rows.kept) == kept:
            counts[table] = sum(
                copies.public_count(table, where=rows.where, values={"schema": s, "tenant": tenant}, delete=not kept)
                for s in ([*schemas] if "%(schema)s" in rows.where else [""])
            )
    return {table: count for table, count in counts.items() if count}
