"""Taking a tenant's bundle: asked for once, carried by a job that goes on where a killed one stopped."""

from uuid import UUID

from django.db import transaction

from kernel import audit, clock, jobs
from shared_apps.console.models import BundleExport
from shared_apps.tenants import services as tenants
from shared_apps.tenants.errors import StateForbids

State = BundleExport.State
UNFINISHED = (State.WAITING, State.RUNNING)


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
    jobs.put("console.bundle_export", bundle=str(bundle.id), dedupe=f"bundle:{bundle.id}", priority=jobs.BULK)
    return bundle
