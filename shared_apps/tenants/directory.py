"""The look-up behind kernel.tenancy.directory: which business a host or a schema belongs to."""

from kernel.tenancy import Business
from kernel.tenancy.business import ALIVE_STATES
from shared_apps.tenants.models import Host, Tenant


def by_host(domain: str) -> Business | None:
    """The tenant that answers at `domain` (without port), whatever its state."""
    host = Host.objects.select_related("tenant").filter(domain=domain, released_at__isnull=True).first()
    return host.tenant.business() if host else None


def by_schema(schema: str) -> Business | None:
    tenant = Tenant.objects.filter(schema_name=schema).first()
    return tenant.business() if tenant else None


def alive() -> list[Business]:
    """Every tenant whose people may work, for the schedule."""
    return [tenant.business() for tenant in Tenant.objects.filter(state__in=ALIVE_STATES).order_by("schema_name")]
