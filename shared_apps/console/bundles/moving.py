"""Moving a tenant's schema to another machine, where the database is several (Citus)."""

from uuid import UUID

from django.db import transaction

from kernel import audit, jobs
from kernel.tenancy import citus
from shared_apps.console.errors import CitusAbsent, NodeUnknown
from shared_apps.tenants import selectors as tenant_selectors
from shared_apps.tenants import services as tenants
from shared_apps.tenants.errors import StateForbids


def tenant_move(*, tenant: UUID, node: str) -> UUID:
    """Ask for a tenant's schema to be moved to `host:port` while it is used; gives the job that moves it.

    In the operator's scope, outside transactions. Raises NotFound, StateForbids for a tenant without a schema,
    CitusAbsent where the database is one machine, NodeUnknown.
    """
    if not citus.is_here():
        raise CitusAbsent
    if node not in map(str, citus.nodes()):
        raise NodeUnknown(field="node")
    # Before the transaction: what the server is asked, it is asked on another login's connection.
    schema = tenant_selectors.tenant_get(tenant).schema_name
    stands = citus.place(schema) if schema else None
    with transaction.atomic():
        row = tenants.tenant_locked(tenant)
        if not row.schema_name:
            raise StateForbids(state=row.state, wanted="move")
        audit.record(
            action="tenants.move",
            subject_type="tenant",
            subject_id=str(tenant),
            changes={"node": [str(stands) if stands else None, node]},
        )
        return jobs.put("console.tenant_move", schema=row.schema_name, node=node, priority=jobs.BULK)
