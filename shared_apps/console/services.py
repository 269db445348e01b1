"""The operator's writes that touch several apps."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction

from kernel import jobs
from shared_apps.console.provisioning import steps_plan
from shared_apps.plans import selectors as plans
from shared_apps.tenants import services as tenants

if TYPE_CHECKING:
    from shared_apps.tenants.models import Tenant


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
