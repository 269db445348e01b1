"""What the peer is told to do, each thing timed by itself. Schemas are called `s_<n>`."""

import importlib
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import close_old_connections, connection
from django_tenants.utils import schema_context  # noqa: TID251 - the way the peer is used

from scripts.benches import tenancy_sql
from scripts.benches.peers.stock.models import Client, Domain
from scripts.benches.requests import branches_make, requests

__all__ = ["requests"]


def prepare() -> None:
    """The public schema, as after an installation."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS ext")
        cursor.execute("CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA ext")
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA ext")
    call_command("migrate_schemas", shared=True, interactive=False, verbosity=0)


def create(schema: str) -> float:
    """Milliseconds from nothing to a tenant that is migrated and has a domain."""
    begun = time.perf_counter()
    client = Client(schema_name=schema, name=schema)
    client.save(verbosity=0)
    Domain.objects.create(domain=_domain(schema), tenant=client, is_primary=True)
    return (time.perf_counter() - begun) * 1000


def clone(schema: str, base: str) -> float:
    """The same with `TENANT_BASE_SCHEMA`: the tables of another tenant are copied by its function."""
    settings.TENANT_BASE_SCHEMA, settings.TENANT_CREATION_FAKES_MIGRATIONS = base, True
    try:
        return create(schema)
    finally:
        settings.TENANT_BASE_SCHEMA, settings.TENANT_CREATION_FAKES_MIGRATIONS = None, False


def fleet(schemas: list[str], statements: list[str], path: str) -> int:
    """Tenants whose schemas are made from given statements: how a fleet came to be is measured elsewhere."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace")
        standing = {row[0] for row in cursor.fetchall()}
    for schema in (one for one in schemas if one not in standing):
        with connection.cursor() as cursor:
            cursor.execute(tenancy_sql.schema_made(schema, path, statements))
    known = set(Client.objects.values_list("schema_name", flat=True))
    fresh = [schema for schema in schemas if schema not in known]
    clients = Client.objects.bulk_create(Client(schema_name=schema, name=schema) for schema in fresh)
    Domain.objects.bulk_create(
        Domain(domain=_domain(client.schema_name), tenant=client, is_primary=True) for client in clients
    )
    return len(fresh)


def only(schemas: list[str]) -> None:
    """Leave the named tenants alone in the list, and all schemas where they are."""
    Client.objects.exclude(schema_name__in=[*schemas, "public"]).delete()


def migrate() -> float:
    """Seconds of `migrate_schemas` over every tenant."""
    importlib.invalidate_caches()  # of the folder migrations are written into meanwhile
    begun = time.perf_counter()
    call_command("migrate_schemas", tenant=True, interactive=False, verbosity=0)
    return time.perf_counter() - begun


def visit(schemas: list[str], tables: list[str]) -> dict[str, Any]:
    """Serve each tenant once on the one connection that stays; MB of its server process at the end."""
    total = 0
    for schema in schemas:
        with schema_context(schema), connection.cursor() as cursor:
            for table in tables:
                cursor.execute(tenancy_sql.rows_counted(table))
                total += cursor.fetchone()[0]
        close_old_connections()  # as at the end of each request
    connection.ensure_connection()
    return {"rows": total, "mb": resident_mb(connection.connection.info.backend_pid)}


def furnish(schema: str, names: list[str]) -> str:
    """Branches in one tenant; the name it answers at."""
    with schema_context(schema):
        branches_make(names)
    return str(Domain.objects.get(tenant__schema_name=schema).domain)


def lists(schema: str) -> dict[str, str]:
    """What lists show in one tenant, and how its owner asks for it."""
    from rest_framework_simplejwt.tokens import AccessToken

    from scripts.benches.lists_data import lists_make
    from shared_apps.accounts.models import User

    with schema_context(schema):
        owner = User.objects.create(name="Asha Rao", email="asha@rao.example")
        token = str(AccessToken.for_user(owner))
        seats = lists_make(owner)
    return {"host": _domain(schema), "token": token, **seats}


def resident_mb(pid: int) -> float:
    """Memory a process keeps for itself: neither shared buffers nor mapped files."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _domain(schema: str) -> str:
    return f"{schema.replace('_', '-')}.localhost"  # names of hosts know no underscore
