"""Who may touch which table. The only place that grants; schemas are never copied with their rights."""

from django.conf import settings
from django.db.backends.utils import CursorWrapper
from psycopg import sql

from kernel.tenancy.business import PUBLIC_SCHEMA
from kernel.tenancy.roles import system_role, tenant_role, tenants_group

_FULL = "SELECT, INSERT, UPDATE, DELETE"


def grant_tenant(cursor: CursorWrapper, schema: str) -> None:
    """Give a tenant's role its own schema, and what every tenant may call in public."""
    _grant_schema(cursor, schema, tenant_role(schema))


def grant_public(cursor: CursorWrapper) -> None:
    """Give the operator's role the public schema, tenants their functions there, and the narrow roles their tables."""
    _grant_schema(cursor, PUBLIC_SCHEMA, system_role("platform"))
    _run(cursor, "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC")
    for function in settings.TENANT_FUNCTIONS:
        _run(cursor, "GRANT EXECUTE ON FUNCTION public.{} TO {}", function, tenants_group())
    for task, tables in settings.SYSTEM_GRANTS.items():
        for table, privileges in tables.items():
            _run(cursor, f"GRANT {privileges} ON public.{{}} TO {{}}", table, system_role(task))
    for task, functions in settings.SYSTEM_FUNCTIONS.items():
        for function in functions:
            _run(cursor, "GRANT EXECUTE ON FUNCTION public.{} TO {}", function, system_role(task))


def _grant_schema(cursor: CursorWrapper, schema: str, role: str) -> None:
    _run(cursor, "GRANT USAGE ON SCHEMA {} TO {}", schema, role)
    _run(cursor, f"GRANT {_FULL} ON ALL TABLES IN SCHEMA {{}} TO {{}}", schema, role)
    _run(cursor, "GRANT USAGE ON ALL SEQUENCES IN SCHEMA {} TO {}", schema, role)
    _run(cursor, "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {} FROM PUBLIC", schema)
    _run(cursor, "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {} TO {}", schema, role)
    existing = _tables(cursor, schema)
    for table, privileges in {**settings.TABLE_GRANTS, "django_migrations": "SELECT"}.items():
        if table in existing:
            _run(cursor, "REVOKE ALL ON {}.{} FROM {}", schema, table, role)
            _run(cursor, f"GRANT {privileges} ON {{}}.{{}} TO {{}}", schema, table, role)


def _tables(cursor: CursorWrapper, schema: str) -> set[str]:
    cursor.execute("SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = %s", [schema])
    return {row[0] for row in cursor.fetchall()}


def _run(cursor: CursorWrapper, template: str, *names: str) -> None:
    cursor.execute(sql.SQL(template).format(*map(sql.Identifier, names)))
