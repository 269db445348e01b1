"""Which migrations each schema has had, read for all of them in a few queries."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connections
from psycopg import sql

from kernel.tenancy.business import PUBLIC_SCHEMA
from kernel.tenancy.fleet.versions import Name
from kernel.tenancy.router import DDL_ALIAS
from kernel.tenancy.scope import schema_scope

# A query locks two relations a schema while it runs; this many fit beside others in the smallest lock table there is.
SCHEMAS_A_QUERY = 500

_RECORDED = """
SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = 'django_migrations' AND c.relkind = 'r'
"""
_HEAD = sql.SQL(
    "SELECT {}, md5(string_agg(app || '.' || name, ',' ORDER BY app COLLATE \"C\", name COLLATE \"C\")) FROM {}"
)


def heads(schemas: Iterable[str]) -> Mapping[str, frozenset[Name]]:
    """The migrations of each schema that keeps a record of them; a schema without one is left out.

    Schemas with the same record share one value, however many they are: their records are told apart by a digest, and
    each different one is read once.
    """
    with schema_scope(PUBLIC_SCHEMA), connections[DDL_ALIAS].cursor() as cursor:
        cursor.execute(_RECORDED)
        recorded = {row[0] for row in cursor.fetchall()}
        wanted = [schema for schema in schemas if schema in recorded]
        digests: dict[str, str | None] = {}
        for start in range(0, len(wanted), SCHEMAS_A_QUERY):
            parts = [_HEAD.format(sql.Literal(s), _record(s)) for s in wanted[start : start + SCHEMAS_A_QUERY]]
            cursor.execute(sql.SQL(" UNION ALL ").join(parts))
            digests.update(cursor.fetchall())
        names = {digest: _names(cursor, schema) for schema, digest in _examples(digests).items()}
    return {schema: names[digest] for schema, digest in digests.items()}


def _examples(digests: Mapping[str, str | None]) -> dict[str, str | None]:
    """One schema of each digest."""
    return {schema: digest for digest, schema in {digest: schema for schema, digest in digests.items()}.items()}


def _names(cursor: Any, schema: str) -> frozenset[Name]:
    cursor.execute(sql.SQL("SELECT app, name FROM {}").format(_record(schema)))
    return frozenset((app, name) for app, name in cursor.fetchall())


def _record(schema: str) -> sql.Composed:
    return sql.SQL("{}.django_migrations").format(sql.Identifier(schema))
