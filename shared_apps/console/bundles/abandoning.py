"""Giving a restore up for good before it has exchanged anything: nobody carries on with it, and what it loaded goes."""

from uuid import UUID

from django.db import transaction

from kernel import audit, crash, jobs
from kernel.tenancy.router import DDL_ALIAS
from kernel.tenancy.schemas import schema_drop
from shared_apps.console.bundles.asking import STOPPED
from shared_apps.console.bundles.selectors import restore_get
from shared_apps.console.errors import RestoreExchanged, RestoreUnderWay
from shared_apps.console.models import BundleRestore
from shared_apps.files import services as files
from shared_apps.tenants import services as tenants

State = BundleRestore.State
# Why nobody carries on with a restore, in its report.
ABANDONED = "abandoned"

FILES_GONE = crash.register("bundles.abandoned_files")


@transaction.atomic
def restore_abandon(*, restore: UUID, reason: str) -> UUID:
    """Have all that a failed restore has loaded dropped; gives the job. In the operator's scope; repeating it adds nothing.

    The tenant stays as it is; one that was to stand from the bundle is turned down apart. Raises NotFound,
    RestoreUnderWay while it is carried out, RestoreExchanged once the tenant has what was loaded.
    """
    tenants.tenant_locked(restore_get(restore).tenant_id)
    row = BundleRestore.objects.select_for_update(of=("self",)).get(pk=restore)
    if State.SWAPPED in {row.state, row.report.get(STOPPED)} or row.state == State.DONE:
        raise RestoreExchanged
    if row.state != State.FAILED:
        raise RestoreUnderWay
    if ABANDONED not in row.report:
        row.report.pop(STOPPED, None)
        row.report[ABANDONED] = reason[:200]
        row.save(update_fields=["report"])
        audit.record(
            action="tenants.restore_abandon",
            subject_type="tenant",
            subject_id=str(row.tenant_id),
            changes={"restore": [None, str(row.id)], "schema": [row.schema, None], "reason": [None, reason[:200]]},
        )
    return jobs.put("console.bundle_restore", restore=str(row.id), priority=jobs.BULK)


def is_left(restore: BundleRestore) -> bool:
    """Whether a restore has failed before it exchanged anything, and somebody is to say what becomes of it."""
    stopped = restore.report.get(STOPPED)
    is_open = stopped is not None or bool(restore.schema)
    return restore.state == State.FAILED and stopped != State.SWAPPED and ABANDONED not in restore.report and is_open


def abandoned_drop(restore: BundleRestore) -> None:
    """Remove the files and the schema of a restore that was given up for good. Outside transactions.

    Schema, role and both rows that name it change together. What was put back in place lies where its tenant's own files
    do, and stays.
    """
    files.business_erase(schema=restore.schema)
    crash.point(FILES_GONE)
    schema_drop(restore.schema, is_free=lambda: _lets_go(restore.pk))


def _lets_go(restore: UUID) -> bool:
    rows = BundleRestore.objects.using(DDL_ALIAS).filter(pk=restore, state=State.FAILED, report__has_key=ABANDONED)
    return bool(rows.update(schema=""))
