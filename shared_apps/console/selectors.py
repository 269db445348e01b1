"""Reads of the operator's desk."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from kernel import quotas
from kernel.tenancy import tenant_scope
from shared_apps.accounts import selectors as accounts
from shared_apps.console.models import ProvisioningStep
from shared_apps.tenants import selectors as tenants


def steps_of(tenant: UUID) -> QuerySet[ProvisioningStep]:
    """The steps of one tenant in their order."""
    return ProvisioningStep.objects.filter(tenant_id=tenant).order_by("position")


def tenant_stats(tenant: UUID) -> dict[str, Any]:
    """How a tenant uses what it has taken: `{"users", "quotas": [{"name", "used", "limit"}]}`.

    Visits the tenant's schema; a tenant that has none yet has used nothing. Raises NotFound.
    """
    row = tenants.tenant_get(tenant)
    if row.schema_name is None:
        return {"users": 0, "quotas": []}
    with tenant_scope(row.business(), visited_for="console.stats"):
        used = [{"name": q.name, "used": q.used, "limit": q.limit} for q in quotas.usage()]
        return {"users": accounts.users_count(), "quotas": used}
