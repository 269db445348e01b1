"""The operator's writes that touch several apps."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction

from kernel import audit, clock, jobs
from kernel.audit.models import Entry
from kernel.inbox import selectors as inbox_selectors
from kernel.inbox import services as inbox
from kernel.observe import context
from kernel.tenancy import PUBLIC_SCHEMA, business_by_schema, tenant_scope
from shared_apps.console.provisioning import steps_plan
from shared_apps.credits import services as credits
from shared_apps.credits.errors import TenantUnknown
from shared_apps.plans import selectors as plans
from shared_apps.plans import services as plan_services
from shared_apps.tenants import selectors as tenant_selectors
from shared_apps.tenants import services as tenants

if TYPE_CHECKING:
    from shared_apps.credits.models import Purchase
    from shared_apps.tenants.models import Tenant

# Looking again within the hour is one reading.
READ_ANEW = timedelta(hours=1)


@transaction.atomic
def tenant_create(**request: Any) -> "Tenant":
    """Note the tenant, its steps and the job that carries them out; all or nothing.

    Raises as `tenants.services.tenant_request`, and PlanUnknown.
    """
    plans.plan_named(request["plan"])
    tenant = tenants.tenant_request(**request)
    steps_plan(tenant.id)
    jobs.put("console.provision", tenant=str(tenant.id), dedupe=f"provision:{tenant.id}", priority=jobs.HIGH)
    return tenant


@transaction.atomic
def tenant_provision_again(*, tenant: UUID) -> None:
    """Put the job again after a failure that needed a person; what is done stays done."""
    tenants.tenant_locked(tenant)
    jobs.put("console.provision", tenant=str(tenant), priority=jobs.HIGH)


@transaction.atomic
def credits_buy(*, vendor: str, channel: str, units: int, key: str) -> "Purchase":
    """Book units bought from a vendor, once per `key`, and note who did. Raises VendorUnknown and ledger's KeyReused."""
    bought = credits.vendor_purchase(vendor=vendor, channel=channel, units=units, key=key)
    facts = {"vendor": vendor, "channel": channel, "units": units}
    _noted_once("credits.purchase", "purchase", bought.id, facts)
    return bought


@transaction.atomic
def credits_give(*, tenant: UUID, channel: str, units: int, key: str) -> UUID:
    """Give a tenant units of the stock, once per `key`, and note who did.

    Raises NotFound, TenantUnknown, StockShort (needed, available) and ledger's KeyReused.
    """
    row = tenant_selectors.tenant_get(tenant)
    if not row.schema_name or row.business().has_left:
        raise TenantUnknown(field="tenant")
    transfer = credits.allocate(business=row.business(), channel=channel, units=units, key=key)
    facts = {"transfer": str(transfer), "channel": channel, "units": units}
    if not Entry.objects.filter(action="credits.allocate", changes__transfer__1=str(transfer)).exists():
        _noted("credits.allocate", "tenant", tenant, facts)
    return transfer


def _noted_once(action: str, subject_type: str, subject: UUID, facts: dict[str, Any]) -> None:
    """A form sent twice books once, and is noted once; the second waits for the first at the ledger's key."""
    if not Entry.objects.filter(action=action, subject_type=subject_type, subject_id=str(subject)).exists():
        _noted(action, subject_type, subject, facts)


def _noted(action: str, subject_type: str, subject: UUID, facts: dict[str, Any]) -> None:
    changes = {name: [None, value] for name, value in facts.items()}
    audit.record(action=action, subject_type=subject_type, subject_id=str(subject), changes=changes)


@transaction.atomic
def plan_edit(*, code: str, **changes: Any) -> bool:
    """Change an offer, and note what of it changed; False when nothing did. Raises NotFound."""
    pairs = plan_services.plan_edit(code=code, **changes)
    if pairs:
        audit.record(action="plans.change", subject_type="plan", subject_id=code, changes=pairs)
    return bool(pairs)


def callback_replay(*, callback: UUID) -> UUID:
    """Work on a callback of any business again, as that business. Gives the job.

    In the operator's scope, between transactions. Raises CallbackUnknown, NotReplayable.
    """
    row = inbox_selectors.callback_get(callback)
    if row.business == PUBLIC_SCHEMA:
        job = inbox.replay(callback)
    else:
        business = business_by_schema(row.business)
        with tenant_scope(business, visited_for="console.replay"):
            job = inbox.replay(callback)
    audit.record(
        action="webhooks.replay",
        subject_type="callback",
        subject_id=str(callback),
        changes={"business": [None, row.business], "job": [None, str(job)]},
    )
    return job


def callback_read(*, callback: UUID) -> Any:
    """One callback as it came; that somebody read a tenant's is noted, once an hour. Raises CallbackUnknown."""
    row = inbox_selectors.callback_get(callback)
    who = context.actor.get()
    noted = Entry.objects.filter(action="webhooks.read", subject_type="callback", subject_id=str(callback))
    lately = noted.filter(actor_id=who.user_id if who else None, at__gt=clock.now() - READ_ANEW)
    if row.business != PUBLIC_SCHEMA and not lately.exists():
        audit.record(
            action="webhooks.read",
            subject_type="callback",
            subject_id=str(callback),
            changes={"business": [None, row.business]},
        )
    return row
