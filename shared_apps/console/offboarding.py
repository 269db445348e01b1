"""The offboarding machine: from the notice to what is left of a tenant.

Notice, a time in which everything is read only, export, then the doors are shut for good and all it had is taken down;
cancellable until they are. As with provisioning, each step commits its effect and is then marked done, and a worker that
dies anywhere leaves steps that can be repeated. A step that has to wait says until when; the schedule comes back then.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import formats, translation
from django.utils.translation import gettext_noop as _

from kernel import audit, clock, crash, inbox, jobs, realtime
from kernel.errors import error_line
from kernel.tenancy import UNMADE_STATES, platform_scope, tenant_scope
from kernel.tenancy.directory import TRUSTED_SECONDS
from kernel.tenancy.schemas import schema_drop
from shared_apps.console.bundles import bundle_export
from shared_apps.console.bundles.restoring import UNFINISHED
from shared_apps.console.errors import OffboardingAbsent, RestoreUnderWay
from shared_apps.console.models import BundleExport, BundleRestore, Offboarding, OffboardingStep
from shared_apps.console.provisioning import Busy, tenant_held
from shared_apps.console.steps import Step, steps
from shared_apps.credits import services as credits
from shared_apps.files import services as files
from shared_apps.messaging import services as messaging
from shared_apps.payments import selectors as payments
from shared_apps.plans import services as plans
from shared_apps.tenants import services as tenants

if TYPE_CHECKING:
    from shared_apps.tenants.models import Tenant

State = OffboardingStep.State
Run = Offboarding.State

LOOK_AGAIN = timedelta(minutes=1)
# How long before the end its owner is reminded of it.
REMINDED = timedelta(days=3)
# How long a gateway that says nothing of a payment holds up the end.
PATIENCE = timedelta(days=7)
# Longer than any process takes a tenant for what it was before.
DOORS_SHUT = timedelta(seconds=2 * TRUSTED_SECONDS)


class Wait(Exception):
    """A step cannot be done before `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until


@contextmanager
def _running(leaving: Offboarding) -> Iterator[Offboarding]:
    """The row under lock in the operator's scope, if nobody has cancelled it meanwhile."""
    with platform_scope(), transaction.atomic():
        row = Offboarding.objects.select_for_update(of=("self",)).get(pk=leaving.pk)
        if row.state != Run.RUNNING:
            raise OffboardingAbsent
        yield row


def _notice(leaving: Offboarding) -> None:
    with _running(leaving) as row:
        _write(row, "leaving")


def _grace(leaving: Offboarding) -> None:
    """Reading and exporting; the owner is reminded before it is over, unless the notice itself is as young as that."""
    now, ends = clock.now(), leaving.grace_ends_at
    if now >= ends:
        return
    remind_at = ends - REMINDED
    if remind_at > leaving.started_at:
        if now < remind_at:
            raise Wait(remind_at)
        with _running(leaving) as row:
            _write(row, "leaving_soon")
    raise Wait(ends)


def _export(leaving: Offboarding) -> None:
    """A bundle of what there is now that nothing changes any more; one that failed is taken anew.

    Money under way is waited for: the schedule looks after it in this state too, and nobody begins a payment any more.
    """
    if clock.now() < leaving.grace_ends_at + PATIENCE:
        with tenant_scope(leaving.tenant.business()):
            if payments.under_way():
                raise Wait(clock.now() + LOOK_AGAIN)
    with _running(leaving) as row:
        bundle = row.bundle
        if bundle is None or bundle.state == BundleExport.State.FAILED or bundle.requested_at < row.started_at:
            row.bundle = bundle = bundle_export(tenant=row.tenant_id, reason=row.reason)
            row.save(update_fields=["bundle"])
    if bundle.state != BundleExport.State.DONE:
        raise Wait(clock.now() + LOOK_AGAIN)


def _close(leaving: Offboarding) -> None:
    """From here on nothing can be cancelled, and nobody makes anything of a tenant that was turned down."""
    try:
        with tenant_held(leaving.tenant_id), _running(leaving) as row:
            row.schema = tenants.tenant_close(tenant=row.tenant_id).schema_name or row.schema
            row.save(update_fields=["schema"])
    except Busy as busy:
        raise Wait(clock.now() + LOOK_AGAIN) from busy


def _of_schema(run: Callable[[Offboarding], None]) -> Callable[[Offboarding], None]:
    """A tenant that was turned down early never took one."""

    def run_if_taken(leaving: Offboarding) -> None:
        if leaving.schema:
            run(leaving)

    return run_if_taken


def _settle(leaving: Offboarding) -> None:
    """What the operator's schema keeps for its work: jobs, callbacks, plan, wallets. Once no process works for it."""
    with _running(leaving) as row:
        shut = row.steps.get(name="close").finished_at
        is_quiet = shut is not None and clock.now() >= shut + DOORS_SHUT and jobs.clear(row.schema)
        if is_quiet:
            inbox.clear(row.schema)
            plans.subscription_end(schema=row.schema)
            row.returned = credits.wallets_close(schema=row.schema)
            row.save(update_fields=["returned"])
    if not is_quiet:
        raise Wait(clock.now() + DOORS_SHUT)


def _files(leaving: Offboarding) -> None:
    files.business_erase(schema=leaving.schema)


def _drop(leaving: Offboarding) -> None:
    """The schema, its role and the tenant's hold on them, in one transaction."""
    tenant, schema = leaving.tenant_id, leaving.schema
    schema_drop(schema, is_free=lambda: tenants.tenant_lets_go(tenant=tenant, schema=schema))


def _tombstone(leaving: Offboarding) -> None:
    with _running(leaving) as row:
        if row.came_from in UNMADE_STATES:
            tenants.tenant_unname(tenant=row.tenant_id)
        else:
            tenants.tenant_bury(tenant=row.tenant_id)
            _write(row, "left")


STEPS = steps(
    "offboarding",
    ("notice", _("Owner told"), _notice),
    ("grace", _("Time to read and export"), _grace),
    ("export", _("Everything packed up"), _export),
    ("close", _("Doors shut"), _close),
    ("settle", _("Jobs, plan and credits settled"), _of_schema(_settle)),
    ("files", _("Files erased"), _of_schema(_files)),
    ("drop", _("Database schema dropped"), _of_schema(_drop)),
    ("tombstone", _("Addresses closed"), _tombstone),
)


# What is done with all that a tenant has, once nobody can come in any more.
TAKEN_DOWN = STEPS[3:]


def offboarding(offboarding_id: UUID) -> QuerySet[Offboarding]:
    """One of them, for `row`."""
    return Offboarding.objects.filter(pk=offboarding_id)


def offboarding_of(tenant: UUID) -> Offboarding | None:
    """The tenant's latest, running or not."""
    return Offboarding.objects.filter(tenant=tenant).select_related("bundle").order_by("-id").first()


@transaction.atomic
def offboarding_begin(*, tenant: UUID, reason: str, grace_days: int | None = None) -> Offboarding:
    """Close a tenant for good, `grace_days` (default: the installation's) from now; it is read only at once.

    In the operator's scope. Repeating it while one runs gives that one. Raises NotFound, StateForbids.
    """
    row = tenants.tenant_locked(tenant)
    running = Offboarding.objects.filter(tenant=row, state=Run.RUNNING).first()
    if running is not None:
        return running
    came_from, schema = row.state, row.schema_name or ""
    tenants.tenant_offboard(tenant=tenant, reason=reason)
    days = settings.OFFBOARDING_GRACE_DAYS if grace_days is None else grace_days
    return _begun(tenant, STEPS, days=days, schema=schema, came_from=came_from, reason=reason)


@transaction.atomic
def tenant_decline(*, tenant: UUID, reason: str) -> Offboarding | None:
    """Turn down a tenant that has not opened; of that and its opening one happens. In the operator's scope.

    What was made of it goes by the last steps of an offboarding, which is given, and its address is free with the last;
    of one that was merely asked for there is nothing, and its address is free now. Whoever asked for it is told, unless it
    was to stand from a bundle: nobody asked for that one. Repeating it changes nothing. Raises NotFound, StateForbids,
    RestoreUnderWay.
    """
    row = tenants.tenant_locked(tenant)
    restore = BundleRestore.objects.filter(tenant=row).order_by("-id").first()
    if restore is not None and restore.state in UNFINISHED:
        raise RestoreUnderWay
    came_from, schema = row.state, row.schema_name or (restore.schema if restore else "")
    row = tenants.tenant_decline(tenant=tenant, reason=reason)
    if came_from in UNMADE_STATES and restore is None:
        _mail(row, "declined", key=f"declined:{row.id}")
    if came_from == "provisioning" or (came_from == "requested" and schema):
        return _begun(tenant, TAKEN_DOWN, days=0, schema=schema, came_from=came_from, reason=reason)
    _tell(tenant)
    return None


def _begun(tenant: UUID, steps: tuple[Step[Offboarding], ...], *, days: int, **facts: str) -> Offboarding:
    now = clock.now()
    leaving = Offboarding.objects.create(
        tenant_id=tenant, grace_ends_at=now + timedelta(days=days), due=now, started_at=now, **facts
    )
    OffboardingStep.objects.bulk_create(
        OffboardingStep(offboarding=leaving, position=position, name=step.name, title=step.title)
        for position, step in enumerate(steps, start=1)
    )
    _put(leaving)
    return leaving


def offboarding_cancel(*, tenant: UUID, reason: str) -> Offboarding:
    """Let a tenant stay, as it was before; its owner is told. In the operator's scope.

    Raises OffboardingAbsent when none runs, StateForbids once its doors are shut.
    """
    with transaction.atomic():
        # In the order of the steps: the offboarding, then its tenant.
        found = Offboarding.objects.select_for_update(of=("self",)).filter(tenant=tenant, state=Run.RUNNING)
        leaving = found.first()
        if leaving is None:
            raise OffboardingAbsent
        tenants.tenant_stay(tenant=tenant, to=leaving.came_from, reason=reason)
        leaving.state, leaving.ended_at = Run.CANCELLED, clock.now()
        leaving.save(update_fields=["state", "ended_at"])
        _write(leaving, "staying")
        _tell(tenant)
    return leaving


@transaction.atomic
def offboarding_again(*, tenant: UUID) -> None:
    """Put the job again after a failure that needed a person. Raises OffboardingAbsent."""
    leaving = Offboarding.objects.filter(tenant=tenant, state=Run.RUNNING).first()
    if leaving is None:
        raise OffboardingAbsent
    jobs.put("console.offboard", offboarding=str(leaving.id), priority=jobs.HIGH)


def offboardings_go_on() -> int:
    """Put a job for each offboarding whose time has come; gives how many. In the operator's scope."""
    due = Offboarding.objects.filter(state=Run.RUNNING, due__lte=clock.now())
    with transaction.atomic():
        for leaving in due:
            _put(leaving)
    return len(due)


def offboard(offboarding: UUID) -> None:
    """Carry out what can be done now. Called without a scope; each step opens its own."""
    for step in STEPS:
        found = _started(offboarding, step)
        if found is None:
            return
        leaving, is_done = found
        if is_done:
            continue
        try:
            step.run(leaving)
        except OffboardingAbsent:
            return
        except Wait as wait:
            _put_off(leaving, wait.until)
            return
        except Exception as error:
            _mark(leaving, step, state=State.FAILED, error=error_line(error))
            raise
        crash.point(step.effect)
        _mark(leaving, step, state=State.DONE, error="", finished_at=clock.now())
        crash.point(step.marked)
    _end(offboarding)


def _started(offboarding: UUID, step: Step[Offboarding]) -> tuple[Offboarding, bool] | None:
    """Mark the step running; the offboarding, and whether there is no more to do in it. None when it runs no more."""
    with platform_scope(), transaction.atomic():
        rows = Offboarding.objects.select_for_update(of=("self",)).select_related("bundle", "tenant")
        leaving = rows.get(pk=offboarding)
        if leaving.state != Run.RUNNING:
            return None
        row = leaving.steps.filter(name=step.name).first()
        if row is None or row.state == State.DONE:
            return leaving, True
        row.state, row.started_at = State.RUNNING, row.started_at or clock.now()
        row.save(update_fields=["state", "started_at"])
        _tell(leaving.tenant_id)
        return leaving, False


def _mark(leaving: Offboarding, step: Step[Offboarding], **marks: object) -> None:
    with platform_scope():
        leaving.steps.filter(name=step.name).update(**marks)
        _tell(leaving.tenant_id)


def _end(offboarding: UUID) -> None:
    with platform_scope(), transaction.atomic():
        leaving = Offboarding.objects.select_for_update(of=("self",)).get(pk=offboarding)
        if leaving.state != Run.RUNNING:
            return
        leaving.state, leaving.ended_at = Run.DONE, clock.now()
        leaving.save(update_fields=["state", "ended_at"])
        changes: dict[str, list[Any]] = {f"credits_{name}": [units, 0] for name, units in leaving.returned.items()}
        changes["schema"] = [leaving.schema, None]
        if leaving.bundle_id:
            changes["bundle"] = [None, str(leaving.bundle_id)]
        audit.record(action="tenants.delete", subject_type="tenant", subject_id=str(leaving.tenant_id), changes=changes)
        _tell(leaving.tenant_id)


def _put_off(leaving: Offboarding, until: datetime) -> None:
    """The schedule comes back then; what is due within the minute does not wait for it."""
    with platform_scope(), transaction.atomic():
        leaving.due = until
        leaving.save(update_fields=["due"])
        if until - clock.now() <= LOOK_AGAIN:
            _put(leaving)


def _put(leaving: Offboarding) -> None:
    """Once for each time it is due."""
    dedupe = f"offboard:{leaving.id}:{leaving.due.isoformat()}"
    jobs.put("console.offboard", offboarding=str(leaving.id), due=leaving.due, dedupe=dedupe, priority=jobs.HIGH)


def _write(leaving: Offboarding, template: str) -> None:
    """Mail the owner, once for each offboarding and text."""
    tenant = leaving.tenant
    with clock.in_zone(tenant.zone) as zone, translation.override(tenant.language):
        day = formats.date_format(leaving.grace_ends_at.astimezone(zone), "j F Y")
    _mail(tenant, template, key=f"offboarding:{leaving.id}:{template}", day=day)


def _mail(tenant: "Tenant", template: str, *, key: str, **values: str) -> None:
    """Mail the owner in the tenant's language, once for each key."""
    address = f"{tenant.slug}.{settings.DOMAIN}"
    messaging.message_queue(
        template=template,
        channel="email",
        to=tenant.owner_email,
        language=tenant.language,
        values={"name": tenant.owner_name, "business": tenant.name, "address": address, **values},
        key=key,
    )


def _tell(tenant: UUID) -> None:
    """Whoever watches the tenant's page reads the steps again."""
    realtime.send(f"provisioning.{tenant}", "offboarding.moved", {})
