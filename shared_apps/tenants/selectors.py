"""Reads of tenants, in the platform's scope."""

from uuid import UUID

from django.db.models import QuerySet

from kernel.errors import NotFound
from shared_apps.tenants.models import Tenant

KINDS = Tenant.Kind.choices


def tenants() -> QuerySet[Tenant]:
    """Every tenant, whatever its state."""
    return Tenant.objects.all()


def tenant(tenant_id: UUID) -> QuerySet[Tenant]:
    return Tenant.objects.filter(pk=tenant_id)


def tenant_get(tenant_id: UUID) -> Tenant:
    """One tenant. Raises NotFound."""
    found = Tenant.objects.filter(pk=tenant_id).first()
    if found is None:
        raise NotFound()
    return found


def tenant_named(schema: str) -> Tenant:
    """The tenant that has this schema. Raises Tenant.DoesNotExist."""
    return Tenant.objects.get(schema_name=schema)
