"""What our side is told to do, each thing timed by itself."""

import importlib
import time
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from django.core.management import call_command
from django.db import close_old_connections, connection, transaction

from kernel import clock
from kernel.ids import public_id, uuid7
from kernel.tenancy import platform_scope, tenant_scope
from kernel.tenancy.directory import business_by_schema, forget
from kernel.tenancy.fleet import versions
from kernel.tenancy.models import Snapshot
from kernel.tenancy.roles import system_role
from kernel.tenancy.schemas import pool_fill, schema_claim, schema_create
from scripts.benches import tenancy_sql
from scripts.benches.requests import branches_make, requests
from shared_apps.accounts.services import Device, RoleHeld, sign_in_start, user_create
from shared_apps.tenants.models import Host, Tenant

__all__ = ["pool_fill", "requests", "schema_create"]

_limit: dict[str, psycopg.Connection] = {}


def claim(times: int) -> dict[str, Any]:
    """Milliseconds of each new tenant with a schema of the stock and a host, and the schemas they took."""
    taken, schemas = [], []
    for _ in range(times):
        rows = _rows()
        begun = time.perf_counter()
        schemas.append(_tenant_with_schema(*rows))
        taken.append((time.perf_counter() - begun) * 1000)
    return {"ms": taken, "schemas": schemas}


def create(times: int) -> dict[str, Any]:
    """The same with nothing in stock: the schema is made first."""
    drain()
    taken, schemas = [], []
    for _ in range(times):
        rows = _rows()
        begun = time.perf_counter()
        schema_create()
        schemas.append(_tenant_with_schema(*rows))
        taken.append((time.perf_counter() - begun) * 1000)
    return {"ms": taken, "schemas": schemas}


def insert(times: int) -> list[float]:
    """Milliseconds of each durable insert of a tenant's row and a host's, by the driver alone: the least it can cost."""
    if "it" not in _limit:
        with platform_scope():
            connection.ensure_connection()
        _limit["it"] = psycopg.connect(**{**connection.get_connection_params(), "cursor_factory": psycopg.Cursor})
        _limit["it"].execute(tenancy_sql.role_taken(system_role("platform")))
        _limit["it"].commit()
    taken = []
    for _ in range(times):
        tenant, host = _rows()
        with platform_scope():
            statements = [_insert(row) for row in (tenant, host)]
        begun = time.perf_counter()
        with _limit["it"].transaction():
            for statement, values in statements:
                _limit["it"].execute(statement, values)
        taken.append((time.perf_counter() - begun) * 1000)
    return taken


def fleet(number: int) -> list[str]:
    """Active tenants with schemas until there are so many; the schemas of all of them."""
    with platform_scope():
        missing = number - Tenant.objects.filter(state="active").count()
    if missing > 0:
        pool_fill(missing)
    for _ in range(missing):
        _tenant_with_schema(*_rows())
    forget()
    with platform_scope():
        return list(Tenant.objects.filter(state="active").order_by("created_at").values_list("schema_name", flat=True))


def furnish(schema: str, names: list[str]) -> str:
    """Branches in one tenant; the name it answers at."""
    with tenant_scope(business_by_schema(schema)):
        branches_make(names)
    with platform_scope():
        return str(Host.objects.get(tenant__schema_name=schema).domain)


def lists(schema: str) -> dict[str, str]:
    """What lists show in one tenant, and how its owner asks for it."""
    from scripts.benches.lists_data import lists_make

    business = business_by_schema(schema)
    with tenant_scope(business):
        owner = user_create(name="Asha Rao", phone=None, email="asha@rao.example", roles=[RoleHeld("owner")])
        token = sign_in_start(user=owner, student=None, device=Device(name="bench")).access
        seats = lists_make(owner)
    return {"host": f"{business.public_id}.localhost", "token": token, **seats}


def snapshot() -> list[str]:
    """The statements every new schema is made from."""
    with platform_scope():
        statements: list[str] = Snapshot.objects.latest("made_at").statements
        return statements


def drain() -> None:
    """Empty the stock."""
    with platform_scope():
        while schema_claim():
            pass


def migrate() -> float:
    """Seconds of `fleet migrate` over public, the template, the stock and every tenant."""
    importlib.invalidate_caches()  # of the folder migrations are written into meanwhile
    versions.forget()
    begun = time.perf_counter()
    call_command("fleet", "migrate")
    return time.perf_counter() - begun


def visit(schemas: list[str], tables: list[str]) -> dict[str, Any]:
    """Serve each tenant once; the most MB any server process of ours came to, and how many there were."""
    total, most, processes = 0, 0.0, set()
    for schema in schemas:
        business = business_by_schema(schema)
        with tenant_scope(business), connection.cursor() as cursor:
            for table in tables:
                cursor.execute(tenancy_sql.rows_counted(table))
                total += cursor.fetchone()[0]
        pid = connection.connection.info.backend_pid
        processes.add(pid)
        most = max(most, resident_mb(pid))
        close_old_connections()  # as at the end of each request
    return {"rows": total, "mb": most, "processes": len(processes)}


def resident_mb(pid: int) -> float:
    """Memory a process keeps for itself: neither shared buffers nor mapped files."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _tenant_with_schema(tenant: Tenant, host: Host) -> str:
    """One tenant, its permanent host and a schema of the stock, in one transaction."""
    with platform_scope(), transaction.atomic(), connection.cursor() as cursor:
        tenant.schema_name = schema_claim()
        assert tenant.schema_name, "the stock is empty"
        for row in (tenant, host):
            cursor.execute(*_insert(row))
    return tenant.schema_name


def _rows() -> tuple[Tenant, Host]:
    name, moment = public_id(), clock.now()
    tenant = Tenant(
        id=uuid7(), public_id=name, name=f"Academy {name}", slug=f"a-{name}", kind="academy", state="active",
        plan="professional", owner_name="Asha Rao", owner_email=f"owner@{name}.example", owner_phone="+919800000001",
        schema_name=f"none_{name}", created_at=moment, updated_at=moment,
    )  # fmt: skip
    return tenant, Host(id=uuid7(), tenant=tenant, domain=f"{name}.localhost", kind="permanent", created_at=moment)


def _insert(row: Tenant | Host) -> tuple[str, list[Any]]:
    fields = row._meta.local_concrete_fields
    return _text_of(row._meta.db_table), [
        field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields
    ]


@cache
def _text_of(table: str) -> str:
    """Put together once, as it is for the limit: neither is measured by it."""
    (model,) = (one for one in (Tenant, Host) if one._meta.db_table == table)
    return tenancy_sql.row_inserted(
        table, [str(field.column) for field in model._meta.local_concrete_fields]
    ).as_string()
