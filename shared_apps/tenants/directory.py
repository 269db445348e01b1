"""The look-up behind kernel.tenancy.directory: which business a host or a schema belongs to."""

from django.db.models import OuterRef, Q, QuerySet, Subquery

from kernel import clock
from kernel.tenancy import ALIVE_STATES, UNMADE_STATES, Business
from kernel.tenancy.models import ReadySchema
from shared_apps.tenants.models import Host, Tenant
from shared_apps.tenants.selectors import CLOSED


def by_host(domain: str) -> Business | None:
    """The tenant that answers at `domain` (without port), whatever its state.

    One that is gone is known by its names for as long as they are closed, so that people read what became of it.
    """
    closed = Q(tenant__state=Tenant.State.DELETED, released_at__gt=clock.now() - CLOSED)
    held = Host.objects.filter(Q(released_at=None) | closed, domain=domain).values("tenant")
    tenant = _tenants().filter(pk__in=held).first()
    return tenant.business() if tenant else None


def by_schema(schema: str) -> Business | None:
    tenant = _tenants().filter(schema_name=schema).first()
    return tenant.business() if tenant else None


def alive() -> list[Business]:
    """Every tenant whose people may work, for the schedule."""
    return [tenant.business() for tenant in _tenants().filter(state__in=ALIVE_STATES).order_by("schema_name")]


def standing() -> list[Business]:
    """Every tenant that is made and has not left."""
    left = {*UNMADE_STATES, Tenant.State.DELETED}
    return [tenant.business() for tenant in _tenants().exclude(state__in=left).order_by("schema_name")]


def _tenants() -> QuerySet[Tenant]:
    """With the version each one's schema has been brought to."""
    schema = ReadySchema.objects.filter(name=OuterRef("schema_name"))
    return Tenant.objects.annotate(fingerprint=Subquery(schema.values("fingerprint")))
