"""Jobs of the operator's desk."""

from uuid import UUID

from django.conf import settings

from kernel import jobs
from kernel.tenancy import citus, platform_scope
from kernel.tenancy.schemas import pool_fill
from shared_apps.console.bundles.asking import restore_give_up
from shared_apps.console.bundles.exporting import bundle_give_up, bundle_take
from shared_apps.console.bundles.restoring import restore_carry
from shared_apps.console.domains import owners_tell
from shared_apps.console.offboarding import offboard, offboardings_go_on
from shared_apps.console.provisioning import provision
from shared_apps.console.usage import usage_measure
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


def _export_dead(*, bundle: str, why: str) -> None:
    bundle_give_up(UUID(bundle), why)


@jobs.handler("console.bundle_export", atomic=False, scoped=False, attempts=200, on_dead=_export_dead)
def console_bundle_export(*, bundle: str) -> None:
    """Take a bundle, part by part."""
    bundle_take(UUID(bundle))


@jobs.on(DomainMoved, atomic=False)
def domain_tell(*, event: DomainMoved) -> None:
    """Tell a tenant's owners what became of their own domain."""
    owners_tell(event)


@jobs.handler("console.offboard", atomic=False, scoped=False, attempts=20)
def console_offboard(*, offboarding: str) -> None:
    """Take a tenant that leaves as far down as its time allows."""
    offboard(UUID(offboarding))


@jobs.handler("console.offboardings", atomic=False)
def console_offboardings() -> dict[str, int]:
    """The operator's: go on with each offboarding whose time has come."""
    return {"due": offboardings_go_on()}


@jobs.handler("console.tenant_move", atomic=False, scoped=False)
def console_tenant_move(*, schema: str, node: str) -> dict[str, str]:
    """Move a tenant's schema to another machine; a database that is one machine by now has none."""
    return {"node": str(citus.move(schema, node)) if citus.is_here() else ""}


def _restore_dead(*, restore: str, why: str) -> None:
    restore_give_up(UUID(restore), why)


@jobs.handler("console.bundle_restore", atomic=False, scoped=False, attempts=20, on_dead=_restore_dead)
def console_bundle_restore(*, restore: str) -> None:
    """Bring a bundle back, step by step."""
    restore_carry(UUID(restore))


@jobs.handler("console.usage", atomic=False, scoped=False)
def console_usage() -> dict[str, int]:
    """How large tenants are, those measured longest ago."""
    return {"measured": usage_measure()}
