"""Jobs of the operator's desk."""

from uuid import UUID

from django.conf import settings

from kernel import jobs
from kernel.tenancy import platform_scope
from kernel.tenancy.schemas import pool_fill
from shared_apps.console.domains import owners_tell
from shared_apps.console.provisioning import provision
from shared_apps.tenants.events import DomainMoved


@jobs.handler("console.provision", atomic=False, scoped=False, attempts=20)
def console_provision(*, tenant: str) -> None:
    provision(UUID(tenant))
    with platform_scope():
        jobs.put("console.pool_fill", dedupe=f"pool:{tenant}", priority=jobs.BULK)


@jobs.handler("console.pool_fill", atomic=False, scoped=False)
def console_pool_fill() -> dict[str, int]:
    """Keep schemas ready ahead of need."""
    return {"made": pool_fill(settings.READY_SCHEMAS)}


@jobs.on(DomainMoved, atomic=False)
def domain_tell(*, event: DomainMoved) -> None:
    """Tell a tenant's owners what became of their own domain."""
    owners_tell(event)
