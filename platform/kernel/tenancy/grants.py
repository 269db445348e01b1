"""Who may touch which table. The only place that grants; schemas are never copied with their rights."""

import hashlib
from typing import Any

from django.conf import settings
from psycopg import sql

from kernel.tenancy.business import PUBLIC_SCHEMA
from kernel.tenancy.roles import system_role, tenant_role, tenants_group

# A business's role has its schema's rows, and less of the tables that `settings.TABLE_GRANTS` names. What lies in the schema
# is found by what depends on it: `ON ALL TABLES IN SCHEMA` reads the whole catalogue five times, every tenant's part too.
_SCHEMA_GRANTS = """
GRANT USAGE ON SCHEMA {schema} TO {role};
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {schema} FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role};
DO $grants$
DECLARE one record;
BEGIN
  FOR one IN
    SELECT c.relkind = 'S' AS counts, less.privileges, string_agg(format('%I.%I', {schema_text}, c.relname), ', ') AS places
    FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    LEFT JOIN (VALUES {less}) less (name, privileges) ON less.name = c.relname AND c.relkind = 'r'
    WHERE d.classid = 'pg_catalog.pg_class'::regclass
      AND d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = {schema_text}::regnamespace
    GROUP BY 1, 2
  LOOP
    IF one.counts THEN
      EXECUTE format('GRANT USAGE ON SEQUENCE %s TO %I', one.places, {role_text});
    ELSIF one.privileges IS NULL THEN
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %I', one.places, {role_text});
    ELSE
      EXECUTE format('REVOKE ALL ON %s FROM %I', one.places, {role_text});
      EXECUTE format('GRANT %s ON %s TO %I', one.privileges, one.places, {role_text});
    END IF;
  END LOOP;
END $grants$
"""


def tenant_grants(schema: str) -> str:
    """The statements that give a tenant's role its own schema, to be sent together on the owner's connection.

    What every tenant may call in public its role has by membership.
    """
    return _schema_grants(schema, tenant_role(schema))


def tables_of_less() -> dict[str, str]:
    """The tables of which a business's role has less than all rows: what it may do with each."""
    return {**settings.TABLE_GRANTS, "django_migrations": "SELECT"}


def grant_tenant(cursor: Any, schema: str) -> None:
    """Renew a tenant's rights in one round trip."""
    cursor.execute(tenant_grants(schema))


def grants_fingerprint() -> str:
    """What the rules for a tenant's rights are called: rights given by other rules are to be renewed."""
    return hashlib.sha256(_schema_grants("schema", "role").encode()).hexdigest()


def grant_public(cursor: Any) -> None:
    """Give the operator's role the public schema, tenants their functions there, and the narrow roles their tables.

    In one round trip.
    """
    texts = [_schema_grants(PUBLIC_SCHEMA, system_role("platform"))]
    for function in settings.TENANT_FUNCTIONS:
        texts.append(_text("GRANT EXECUTE ON FUNCTION public.{} TO {}", function, tenants_group()))
    for task, tables in settings.SYSTEM_GRANTS.items():
        for table, privileges in tables.items():
            texts.append(_text(f"GRANT {privileges} ON public.{{}} TO {{}}", table, system_role(task)))
    for task, functions in settings.SYSTEM_FUNCTIONS.items():
        for function in functions:
            texts.append(_text("GRANT EXECUTE ON FUNCTION public.{} TO {}", function, system_role(task)))
    cursor.execute(";\n".join(texts))


def _schema_grants(schema: str, role: str) -> str:
    less = tables_of_less()
    rows = sql.SQL(", ").join(sql.SQL("({}, {})").format(name, privileges) for name, privileges in less.items())
    return (
        sql.SQL(_SCHEMA_GRANTS)
        .format(
            schema=sql.Identifier(schema),
            role=sql.Identifier(role),
            schema_text=sql.Literal(schema),
            role_text=sql.Literal(role),
            less=rows,
        )
        .as_string()
    )


def _text(template: str, *names: str) -> str:
    return sql.SQL(template).format(*map(sql.Identifier, names)).as_string()
