"""The provisioning machine: from a request to a tenant whose owner can sign in.

Each step commits its effect in the scope it belongs to and is then marked done. A worker that dies anywhere leaves
steps that can be repeated: the next attempt passes over what is done and repeats the one that was under way.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop as _

from kernel import clock, crash, quotas, realtime
from kernel.errors import error_line
from kernel.tenancy import platform_scope, tenant_scope
from kernel.tenancy.schemas import alone, schema_create
from shared_apps.accounts import selectors as account_selectors
from shared_apps.accounts import services as accounts
from shared_apps.accounts.roles import OWNER
from shared_apps.console.models import ProvisioningStep
from shared_apps.console.steps import Step, steps
from shared_apps.credits import services as credits
from shared_apps.messaging import services as messaging
from shared_apps.plans import selectors as plans
from shared_apps.plans import services as plan_services
from shared_apps.tenants import selectors as tenant_selectors
from shared_apps.tenants import services as tenants

if TYPE_CHECKING:
    from shared_apps.tenants.models import Tenant

State = ProvisioningStep.State
# How long to wait for another process that makes the same tenant, before the job comes again.
PATIENCE = "5s"


@dataclass(frozen=True, slots=True)
class Request:
    """What a step may need to know, read in the operator's scope before it starts."""

    tenant: "Tenant"
    limits: Mapping[str, quotas.Limit]


def _in_public(write: Callable[[Request], object]) -> Callable[[Request], None]:
    def run(request: Request) -> None:
        with platform_scope(), transaction.atomic():
            write(request)

    return run


def _in_tenant(write: Callable[[Request], object]) -> Callable[[Request], None]:
    def run(request: Request) -> None:
        with tenant_scope(request.tenant.business()), transaction.atomic():
            write(request)

    return run


def _schema(request: Request) -> None:
    """Take a schema from the stock; when it is empty make one, which is slower by some tens of milliseconds."""

    def taken() -> bool:
        with platform_scope(), transaction.atomic():
            return tenants.tenant_take_schema(tenant=request.tenant.id) is not None

    # What was made for the stock another tenant may have taken first.
    while not taken():
        schema_create()


def _plan(request: Request) -> None:
    plan_services.subscription_start(schema=request.tenant.schema_name or "", plan=request.tenant.plan)


def _owner(request: Request) -> None:
    row = request.tenant
    # Invited by an attempt that died before its mark, the owner may have come already: theirs is a password by now.
    if account_selectors.users_with_role(OWNER).filter(email=row.owner_email).exists():
        return
    accounts.staff_invite(
        email=row.owner_email, phone=row.owner_phone, name=row.owner_name, roles=[accounts.RoleHeld(OWNER)]
    )


STEPS = steps(
    "provisioning",
    ("begin", _("Request accepted"), _in_public(lambda r: tenants.tenant_provisioning_begin(tenant=r.tenant.id))),
    ("schema", _("Database schema and role"), _schema),
    ("hosts", _("Addresses"), _in_public(lambda r: tenants.tenant_take_hosts(tenant=r.tenant.id))),
    (
        "wallet",
        _("Message credit wallet"),
        _in_public(lambda r: credits.wallet_open(schema=r.tenant.schema_name or "")),
    ),
    ("plan", _("Plan"), _in_public(_plan)),
    ("limits", _("Limits of the plan"), _in_tenant(lambda r: quotas.set_limits(r.limits))),
    ("templates", _("Message templates"), _in_tenant(lambda r: messaging.templates_seed())),
    ("owner", _("Owner invited"), _in_tenant(_owner)),
    ("open", _("Open"), _in_public(lambda r: tenants.tenant_open(tenant=r.tenant.id))),
)


def steps_plan(tenant: UUID) -> None:
    """Write down every step as waiting, in the transaction that requests the tenant."""
    ProvisioningStep.objects.bulk_create(
        ProvisioningStep(tenant_id=tenant, position=position, name=step.name, title=step.title)
        for position, step in enumerate(STEPS, start=1)
    )


class Declined(Exception):
    """The tenant was turned down meanwhile: there is nothing more to do."""


class Busy(Exception):
    """Another process makes this tenant, or takes down what was made of it."""


@contextmanager
def tenant_held(tenant: UUID) -> Iterator[None]:
    """Only one process at a time makes a tenant or unmakes it; outside scopes. Raises Busy after some seconds."""
    with alone(f"tenant {tenant}", wait=PATIENCE) as is_ours:
        if not is_ours:
            raise Busy(str(tenant))
        yield


def provision(tenant: UUID) -> None:
    """Carry out what is left, unless it was turned down. Called without a scope; each step opens its own."""
    with tenant_held(tenant), suppress(Declined):
        _carry(tenant)


def _carry(tenant: UUID) -> None:
    for step in STEPS:
        request = _started(tenant, step)
        if request is None:
            continue
        try:
            step.run(request)
        except Exception as error:
            _mark(tenant, step, state=State.FAILED, error=error_line(error))
            raise
        crash.point(step.effect)
        _mark(tenant, step, state=State.DONE, error="", finished_at=clock.now())
        crash.point(step.marked)


def _started(tenant: UUID, step: Step[Request]) -> Request | None:
    """Mark the step running and read what it needs; None when it is done. Raises Declined."""
    with platform_scope(), transaction.atomic():
        row = ProvisioningStep.objects.select_for_update().get(tenant_id=tenant, name=step.name)
        if row.state == State.DONE:
            return None
        found = tenant_selectors.tenant_get(tenant)
        if found.business().has_left:
            raise Declined
        row.state = State.RUNNING
        row.started_at = row.started_at or clock.now()
        row.save(update_fields=["state", "started_at"])
        _tell(tenant)
        return Request(tenant=found, limits=plans.limits_of(found.plan))


def _mark(tenant: UUID, step: Step[Request], **marks: object) -> None:
    with platform_scope():
        ProvisioningStep.objects.filter(tenant_id=tenant, name=step.name).update(**marks)
        _tell(tenant)


def _tell(tenant: UUID) -> None:
    """Whoever watches reads the steps again."""
    realtime.send(f"provisioning.{tenant}", "provisioning.moved", {})
