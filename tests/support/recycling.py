"""Schemas of tenants whose test has ended, emptied and put back in stock: making one anew costs ten times as much.

Their tenant is gone for good, like one deleted; the schema comes back under a number nobody had before.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import psycopg
from psycopg import sql

from kernel import clock
from kernel.tenancy import Business
from kernel.tenancy.business import EXTENSIONS_SCHEMA
from kernel.tenancy.directory import forget
from kernel.tenancy.grants import grant_tenant
from kernel.tenancy.roles import tenant_role
from kernel.tenancy.schemas import TEMPLATE_SCHEMA, schema_reserve
from tests.support.database import superuser_url

# How many tables, functions and sequences there are: a test that dropped or added one does not hand its schema on.
SHAPE = """
SELECT count(*) FROM pg_depend
WHERE refclassid = 'pg_namespace'::regclass AND refobjid = (SELECT oid FROM pg_namespace WHERE nspname = %s)
"""
EMPTY = """
DO $$ DECLARE one regclass; BEGIN
  SET LOCAL session_replication_role = replica; -- asks no foreign key, so any order will do
  FOR one IN SELECT objid FROM pg_depend JOIN pg_class ON pg_class.oid = objid
    WHERE refclassid = 'pg_namespace'::regclass AND refobjid = {literal}::regnamespace
      AND classid = 'pg_class'::regclass AND relkind = 'r' AND relname <> 'django_migrations'
      AND pg_relation_size(objid) > 0
  LOOP
    EXECUTE format('DELETE FROM %s', one);
  END LOOP;
END $$
"""
PINNED = "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = %s::regnamespace AND proconfig IS NOT NULL"


def schema_recycle(business: Business) -> None:
    """Delete the tenant and empty its schema for the next one; a schema in use, or changed in shape, stays as it is."""
    new = schema_reserve()
    try:
        with _transaction() as cursor:
            if _shape(cursor, business.schema) == _shape(cursor, TEMPLATE_SCHEMA):
                _empty(cursor, business.schema)
                _rename(cursor, business.schema, new)
    except psycopg.errors.LockNotAvailable:
        return  # someone still has it open
    forget()


def _empty(cursor: Any, schema: str) -> None:
    cursor.execute(sql.SQL(EMPTY).format(literal=sql.Literal(schema)))


def _rename(cursor: Any, old: str, new: str) -> None:
    names = {"old": sql.Identifier(old), "new": sql.Identifier(new), "role": sql.Identifier(tenant_role(old))}
    for statement in (
        "ALTER SCHEMA {old} RENAME TO {new}",
        "REVOKE ALL ON SCHEMA {new} FROM {role}",
        "REVOKE ALL ON ALL TABLES IN SCHEMA {new} FROM {role}",
        "REVOKE ALL ON ALL SEQUENCES IN SCHEMA {new} FROM {role}",
        "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {new} FROM {role}",
    ):
        cursor.execute(sql.SQL(statement).format(**names))
    cursor.execute(sql.SQL("SET LOCAL search_path TO {}, {}").format(names["new"], sql.Identifier(EXTENSIONS_SCHEMA)))
    for (function,) in cursor.execute(PINNED, [new]).fetchall():
        cursor.execute(f"ALTER FUNCTION {function} SET search_path FROM CURRENT")
    grant_tenant(cursor, new)
    cursor.execute(
        "UPDATE public.tenants_tenant SET state = 'deleted', schema_name = NULL WHERE schema_name = %s", [old]
    )
    # The queue is one for all: what waits for a tenant that is gone would be the next test's to fail over.
    cursor.execute("DELETE FROM public.jobs_job WHERE business = %s AND state IN ('queued', 'running')", [old])
    cursor.execute(
        "UPDATE public.tenancy_readyschema SET number = %s, name = %s, state = 'ready', made_at = %s WHERE name = %s",
        [int(new[2:]), new, clock.now(), old],
    )


def _shape(cursor: Any, schema: str) -> int:
    return int(cursor.execute(SHAPE, [schema]).fetchone()[0])


@contextmanager
def _transaction() -> Iterator[Any]:
    connection = _connection()
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '2s'")
        yield cursor


@cache
def _connection() -> psycopg.Connection:
    return psycopg.connect(superuser_url(), autocommit=True)
