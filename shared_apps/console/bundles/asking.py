"""Asking for a bundle to be brought back, and for a restore that was given up to go on; jobs carry both (`restoring`)."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from kernel import audit, clock, jobs
from kernel.tenancy import platform_scope
from shared_apps.console.bundles.selectors import restore_get
from shared_apps.console.errors import BundleUnfinished, RestoreForbidden, RestoreNotStopped, RestoreUnderWay
from shared_apps.console.models import BundleExport, BundleRestore
from shared_apps.tenants import services as tenants

Kind, State = BundleRestore.Kind, BundleRestore.State
UNFINISHED = (State.RUNNING, State.LOADED, State.SWAPPED)
QUIET_STATES = frozenset({"suspended", "offboarding"})
# Where a restore was when its job was given up, in its report.
STOPPED = "stopped"


@transaction.atomic
def bundle_restore(*, bundle: UUID, reason: str, keep_public: bool = False) -> BundleRestore:
    """Ask for a bundle to be put in its tenant's place, in the operator's scope; a job carries it.

    `keep_public` says that what has moved on in public (credits, orders, the plan) is known and stays as it is now.
    Raises NotFound, BundleUnfinished, BundleBroken, RestoreForbidden while the tenant's people work, RestoreUnderWay,
    and PublicRowsMoved (`rows`: table to how many rows then, now, new, gone).
    """
    row = bundle_finished(bundle)
    tenant = tenants.tenant_locked(row.tenant_id)
    _place_free(tenant, row)
    # One that stopped after the exchange has work left in this schema, and still holds what it replaced.
    unsettled = Q(state__in=UNFINISHED) | Q(report__stopped=State.SWAPPED)
    if BundleRestore.objects.filter(unsettled, tenant=tenant).exists():
        raise RestoreUnderWay
    return _asked(row, tenant.id, Kind.PLACE, reason, {"keep_public": keep_public})


@transaction.atomic
def bundle_stand_up(*, bundle: UUID, slug: str, reason: str, masked: bool = False) -> BundleRestore:
    """Ask for a bundle to stand as a new tenant at `slug`, in the operator's scope; a job carries it.

    As it was, it is suspended when it stands: two living copies would both write to their people. `masked`, it is a
    sandbox on trial in which no person's data is left and from which no message goes out. Raises as `bundle_restore` and
    `tenants.services.tenant_request`.
    """
    row = bundle_finished(bundle)
    source = row.tenant
    word = "sandbox" if masked else "restored"
    new = tenants.tenant_request(
        name=f"{source.name} ({word})"[:120],
        slug=slug,
        **{name: getattr(source, name) for name in ("kind", "plan", "zone", "language")},
        **{name: getattr(source, name) for name in ("owner_name", "owner_email", "owner_phone")},
    )
    if masked:
        tenants.tenant_contact_erase(tenant=new.id)
    return _asked(row, new.id, Kind.CLONE if masked else Kind.BESIDE, reason, {})


@transaction.atomic
def restore_again(*, restore: UUID) -> UUID:
    """Carry on with a restore that was given up, where it stopped; gives the job. In the operator's scope.

    Raises NotFound, RestoreNotStopped, and as `bundle_restore`: much may have happened since.
    """
    row = picked_up(restore)
    audit.record(
        action="tenants.restore_again",
        subject_type="tenant",
        subject_id=str(row.tenant_id),
        changes={"restore": [None, str(row.id)]},
    )
    return jobs.put("console.bundle_restore", restore=str(row.id), priority=jobs.BULK)


def restore_give_up(restore_id: UUID, why: str) -> None:
    """The job is a dead letter: the restore has failed, by what it last failed with. Repeating it changes nothing."""
    with platform_scope(), transaction.atomic():
        row = BundleRestore.objects.select_for_update().get(pk=restore_id)
        if row.state in UNFINISHED:
            row.report = {**row.report, STOPPED: row.state}
            row.state, row.error, row.finished_at = State.FAILED, row.error or why[:300], clock.now()
            row.save(update_fields=["state", "report", "error", "finished_at"])


def restore_job(restore: UUID) -> UUID:
    """The job that carries a restore, put in the caller's transaction unless it was."""
    return jobs.put("console.bundle_restore", restore=str(restore), dedupe=f"restore:{restore}", priority=jobs.BULK)


def bundle_finished(bundle_id: UUID) -> BundleExport:
    """One that can be brought back, with its tenant. Raises BundleUnfinished."""
    row = BundleExport.objects.select_related("tenant").filter(pk=bundle_id).first()
    if row is None or row.state != BundleExport.State.DONE:
        raise BundleUnfinished(state=row.state if row else "unknown")
    return row


def picked_up(restore_id: UUID) -> BundleRestore:
    """A restore that was given up, under way again at the step it stopped at. In a transaction of the operator's."""
    tenant = tenants.tenant_locked(restore_get(restore_id).tenant_id)
    row = BundleRestore.objects.select_for_update(of=("self",)).select_related("bundle").get(pk=restore_id)
    stopped = row.report.pop(STOPPED, None)
    if row.state != State.FAILED or stopped is None:
        raise RestoreNotStopped(state=row.state)
    bundle_finished(row.bundle_id)
    if row.kind == Kind.PLACE and stopped != State.SWAPPED:
        _place_free(tenant, row.bundle)
    if BundleRestore.objects.filter(tenant=tenant, state__in=UNFINISHED).exists():
        raise RestoreUnderWay
    row.state, row.error, row.finished_at = stopped, "", None
    row.save(update_fields=["state", "report", "error", "finished_at"])
    return row


def _place_free(tenant: Any, bundle: BundleExport) -> None:
    if tenant.state not in QUIET_STATES or tenant.schema_name != bundle.schema:
        raise RestoreForbidden(state=tenant.state)


def _asked(bundle: BundleExport, tenant: UUID, kind: str, reason: str, report: dict[str, Any]) -> BundleRestore:
    restore = BundleRestore.objects.create(
        bundle=bundle, tenant_id=tenant, kind=kind, reason=reason[:200], report=report, started_at=clock.now()
    )
    audit.record(
        action="tenants.restore",
        subject_type="tenant",
        subject_id=str(tenant),
        changes={"bundle": [None, str(bundle.id)], "kind": [None, str(kind)], "reason": [None, restore.reason]},
    )
    restore_job(restore.id)
    return restore
