"""Reads of tenants, in the platform's scope."""

from uuid import UUID

from django.db.models import QuerySet

from shared_apps.tenants.models import Tenant


def tenants() -> QuerySet[Tenant]:
    """Every tenant, whatever its state."""
    return Tenant.objects.all()


def tenant(tenant_id: UUID) -> QuerySet[Tenant]:
    return Tenant.objects.filter(pk=tenant_id)


def tenant_named(schema: str) -> Tenant:
    """The tenant that has this schema. Raises Tenant.DoesNotExist."""
    return Tenant.objects.get(schema_name=schema)
