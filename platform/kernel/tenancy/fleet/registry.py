"""Registry against catalogue: every schema of a tenant has its row, its role and its tenant, and no row is without.

Compared in one statement, so that work going on meanwhile is seen whole or not at all. What differs is kept with the
moment it was first seen, until it is mended.
"""

import logging
from collections.abc import Collection
from datetime import timedelta

from django.db import connection
from django.db.models import QuerySet
from prometheus_client import Gauge

from kernel import clock
from kernel.tenancy.models import RegistryFault
from kernel.tenancy.roles import tenant_role

log = logging.getLogger(__name__)

FAULTS = Gauge(
    "shala_registry_faults", "Schemas that catalogue and registry disagree on", multiprocess_mode="livemostrecent"
)

# A restore goes on for half a day at most, tries and all.
LOADING = timedelta(days=1)

# no row: the schema stands, the registry does not know it. no schema: the registry says it stands. not dropped: the
# registry says it was dropped, and it stands. no role: nobody can work in it. no tenant: taken, and no tenant has it, or
# loaded from a bundle longer ago than that goes on. not taken: a tenant has it that never took it, so another one may.
_COMPARED = """
WITH held AS (SELECT unnest(%(held)s::text[]) AS name),
  standing AS (SELECT nspname::text AS name FROM pg_catalog.pg_namespace WHERE nspname ~ '^t_[1-9][0-9]*$'),
  roles AS (SELECT rolname FROM pg_catalog.pg_roles WHERE pg_has_role(%(login)s, oid, 'SET')),
  known AS (SELECT name, state, made_at FROM tenancy_readyschema)
SELECT name, fault FROM (
  SELECT name, standing.name IS NOT NULL AS stands, known.state, known.made_at, held.name IS NOT NULL AS is_held,
    roles.rolname IS NOT NULL AS has_role
  FROM standing FULL JOIN known USING (name) FULL JOIN held USING (name)
  LEFT JOIN roles ON roles.rolname = %(prefix)s || name
) each CROSS JOIN LATERAL (VALUES
  ('no row', stands AND state IS NULL),
  ('no schema', NOT stands AND (is_held OR COALESCE(state, 'dropped') <> 'dropped')),
  ('not dropped', stands AND state = 'dropped'),
  ('no role', stands AND COALESCE(state, 'dropped') <> 'dropped' AND NOT has_role),
  ('no tenant', (state = 'taken' OR state = 'loading' AND made_at < %(loading_since)s) AND NOT is_held),
  ('not taken', is_held AND state IS DISTINCT FROM 'taken')
) told (fault, holds) WHERE holds ORDER BY name, fault
"""


def compare(held: Collection[str]) -> set[tuple[str, str]]:
    """`(schema, fault)` of everything that differs; `held` are the schemas of all tenants that are not deleted.

    In the operator's scope. Read `held` in the same transaction, at the level where it sees one moment.
    """
    with connection.cursor() as cursor:
        login = connection.settings_dict["USER"]
        told = {"held": list(held), "login": login, "prefix": tenant_role(""), "loading_since": clock.now() - LOADING}
        cursor.execute(_COMPARED, told)
        return set(cursor.fetchall())


def faults_keep(found: set[tuple[str, str]]) -> int:
    """Make the faults found the ones that stand, each with the moment it was first seen. Gives how many there are.

    In the operator's scope and the caller's transaction. What is new is an error in the log.
    """
    standing = set(RegistryFault.objects.select_for_update().values_list("schema", "fault"))
    for schema, fault in sorted(standing - found):
        RegistryFault.objects.filter(schema=schema, fault=fault).delete()
        log.info("registry.mended", extra={"schema": schema, "fault": fault})
    moment = clock.now()
    for schema, fault in sorted(found - standing):
        RegistryFault.objects.create(schema=schema, fault=fault, since=moment)
        log.error("registry.fault", extra={"schema": schema, "fault": fault})
    FAULTS.set(len(found))
    return len(found)


def faults() -> QuerySet[RegistryFault]:
    """What stands, oldest first; in the operator's scope."""
    return RegistryFault.objects.order_by("since", "schema", "fault")
