"""The ground the matrix stands on: both businesses hold the same keys in every table, and nothing of each other's."""

from typing import Any

from django.db import connections
from psycopg import sql

from kernel.tenancy.scope import schema_scope
from tests.isolation.twins import AWAY, HOME, tables_of
from tests.isolation.world import World

# Rows of an import wait there only while it runs; second factors have no door that makes them yet.
EMPTY = {"people_refusedrow", "accounts_secondfactor", "accounts_recoverycode"}


def found(world: World, statement: str, schema: str, table: str) -> Any:
    with schema_scope(world.away.schema), connections["ddl"].cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(table=sql.Identifier(schema, table)))
        return cursor.fetchone()[0]


def test_every_table_is_lived_in_and_copied(world: World) -> None:
    with schema_scope(world.away.schema), connections["ddl"].cursor() as cursor:
        tables = tables_of(cursor, world.home.schema)
    counts = {table: found(world, "SELECT count(*) FROM {table}", world.home.schema, table) for table in tables}
    assert {table for table, count in counts.items() if not count} <= EMPTY
    for table in tables:
        rows = "SELECT string_agg(one::text, '' ORDER BY one::text) FROM {table} one"
        home, away = (found(world, rows, one.schema, table) or "" for one in (world.home, world.away))
        assert f"canary-{AWAY}" not in home
        assert f"canary-{HOME}" not in away
        assert world.home.public_id not in away
