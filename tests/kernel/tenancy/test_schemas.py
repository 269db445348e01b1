"""A schema made from the snapshot equals one that was really migrated, and is served by its own role alone."""

from collections.abc import Iterator

import pytest
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from kernel.tenancy.models import ReadySchema
from kernel.tenancy.roles import tenant_role
from kernel.tenancy.schemas import pool_fill, schema_claim, schema_create
from kernel.tenancy.scope import platform_scope, schema_scope
from tests.support.racing import race
from tests.support.sql import ddl_cursor

# What a schema holds, with its own name taken out, so that two can be compared.
DESCRIPTIONS = {
    "columns": """
        SELECT table_name, column_name, data_type, udt_name, is_nullable, character_maximum_length, column_default,
               is_identity, identity_generation, collation_name
        FROM information_schema.columns WHERE table_schema = %s ORDER BY 1, 2""",
    "constraints": """
        SELECT c.relname, k.conname, k.contype, k.condeferrable, k.condeferred, pg_get_constraintdef(k.oid)
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = k.connamespace
        WHERE n.nspname = %s ORDER BY 1, 2""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = %s ORDER BY 1, 2",
    "functions": """
        SELECT p.proname, pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = %s ORDER BY 1""",
    "sequences": "SELECT sequencename, data_type FROM pg_sequences WHERE schemaname = %s ORDER BY 1",
    "triggers": """
        SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND NOT t.tgisinternal ORDER BY 1""",
    "outward keys": """
        SELECT k.conname FROM pg_constraint k JOIN pg_class f ON f.oid = k.confrelid
        JOIN pg_namespace n ON n.oid = k.connamespace WHERE n.nspname = %s AND f.relnamespace <> n.oid""",
}


def described(schema: str) -> dict[str, list[tuple[object, ...]]]:
    with ddl_cursor(schema) as cursor:
        found = {}
        for what, query in DESCRIPTIONS.items():
            cursor.execute(query, [schema])
            found[what] = [
                tuple(
                    str(v).replace(f"{schema}.", "").replace(f"'{schema}'", "''").replace(f"TO {schema},", "TO ,")
                    for v in row
                )
                for row in cursor.fetchall()
            ]
    return found


@pytest.fixture
def migrated() -> Iterator[str]:
    """A schema brought up by running every migration, the slow way."""
    schema = "t_migrated"
    with ddl_cursor("public") as cursor:
        cursor.execute(f"CREATE SCHEMA {schema}")
    with schema_scope(schema):
        executor = MigrationExecutor(connections["ddl"])
        executor.migrate(executor.loader.graph.leaf_nodes())
    yield schema
    with ddl_cursor("public") as cursor:
        cursor.execute(f"DROP SCHEMA {schema} CASCADE")


def test_the_snapshot_makes_what_migrations_make(migrated: str) -> None:
    made = schema_create()
    ours, theirs = described(made), described(migrated)
    assert ours == theirs
    assert len(ours["columns"]) > 100
    with ddl_cursor(made) as cursor:
        cursor.execute(f"SELECT app, name FROM {made}.django_migrations ORDER BY 1, 2")
        recorded = cursor.fetchall()
        cursor.execute(f"SELECT app, name FROM {migrated}.django_migrations ORDER BY 1, 2")
        assert recorded == cursor.fetchall()


def test_no_key_leaves_a_schema_and_no_trigger_stands_in_one() -> None:
    made = described(schema_create())
    assert made["outward keys"] == []
    assert made["triggers"] == []


def test_a_tenants_role_owns_nothing_and_has_only_its_schema() -> None:
    made = schema_create()
    role = tenant_role(made)
    with ddl_cursor("public") as cursor:
        cursor.execute(
            "SELECT DISTINCT n.nspname FROM pg_namespace n WHERE has_schema_privilege(%s, n.oid, 'USAGE')"
            " AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1",
            [role],
        )
        assert [row[0] for row in cursor.fetchall()] == sorted(["ext", "public", made])
        cursor.execute(
            "SELECT table_schema, count(*) FROM information_schema.table_privileges WHERE grantee = %s GROUP BY 1",
            [role],
        )
        assert [row[0] for row in cursor.fetchall()] == [made]
        cursor.execute("SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = %s", [role])
        assert cursor.fetchone() == (0,)


def test_each_ready_schema_is_claimed_once() -> None:
    with platform_scope():
        while schema_claim():
            pass
    pool_fill(8)

    def claim(_: int) -> str | None:
        with platform_scope():
            return schema_claim()

    claimed = race(16, claim)
    assert claimed[None] == 8
    assert sorted(n for name, n in claimed.items() if name) == [1] * 8
    with platform_scope():
        assert ReadySchema.objects.filter(state=ReadySchema.State.READY).count() == 0
