"""Reads of tenants, in the platform's scope."""

from uuid import UUID

from django.db.models import QuerySet

from kernel.http.lookup import found
from shared_apps.tenants.models import Tenant

KINDS = Tenant.Kind.choices


def tenants() -> QuerySet[Tenant]:
    """Every tenant, whatever its state."""
    return Tenant.objects.all()


def tenant(tenant_id: UUID) -> QuerySet[Tenant]:
    return Tenant.objects.filter(pk=tenant_id)


def tenant_get(tenant_id: UUID) -> Tenant:
    """One tenant. Raises NotFound."""
    return found(Tenant.objects.all(), pk=tenant_id)
