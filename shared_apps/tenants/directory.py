"""The look-up behind kernel.tenancy.directory: which business a host or a schema belongs to."""

from django.db.models import OuterRef, QuerySet, Subquery

from kernel.tenancy import ALIVE_STATES, Business
from kernel.tenancy.models import ReadySchema
from shared_apps.tenants.models import Host, Tenant


def by_host(domain: str) -> Business | None:
    """The tenant that answers at `domain` (without port), whatever its state."""
    held = Host.objects.filter(domain=domain, released_at__isnull=True).values("tenant")
    tenant = _tenants().filter(pk__in=held).first()
    return tenant.business() if tenant else None


def by_schema(schema: str) -> Business | None:
    tenant = _tenants().filter(schema_name=schema).first()
    return tenant.business() if tenant else None


def alive() -> list[Business]:
    """Every tenant whose people may work, for the schedule."""
    return [tenant.business() for tenant in _tenants().filter(state__in=ALIVE_STATES).order_by("schema_name")]


def _tenants() -> QuerySet[Tenant]:
    """With the version each one's schema has been brought to."""
    schema = ReadySchema.objects.filter(name=OuterRef("schema_name"))
    return Tenant.objects.annotate(fingerprint=Subquery(schema.values("fingerprint")))
