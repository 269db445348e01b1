"""Whether the schemas there are, the registry of them and the tenants agree; looked at by the clock."""

from django.db import connection
from django.db.transaction import atomic

from kernel.tenancy.fleet import registry
from shared_apps.tenants.models import Tenant


def registry_look() -> int:
    """Compare, and keep what differs for the operator to see. Gives how many faults stand. In the operator's scope."""
    with atomic():
        # Tenants and schemas as of one moment: between two reads a tenant may take a schema.
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        tenants = Tenant.objects.exclude(state=Tenant.State.DELETED).exclude(schema_name=None)
        found = registry.compare(list(tenants.values_list("schema_name", flat=True)))
    with atomic():
        return registry.faults_keep(found)
