"""A schema made from the snapshot equals one that was really migrated, and is served by its own role alone."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import OperationalError, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.transaction import atomic

from kernel.tenancy import Business, TenancyError
from kernel.tenancy.compact import compact
from kernel.tenancy.errors import SchemaHeld
from kernel.tenancy.fleet.versions import code_fingerprint
from kernel.tenancy.models import ReadySchema
from kernel.tenancy.roles import tenant_role
from kernel.tenancy.schemas import (
    SCHEMA_DROPPED,
    SCHEMA_GONE,
    pool_fill,
    schema_claim,
    schema_create,
    schema_drop,
)
from kernel.tenancy.scope import platform_scope, schema_scope
from shared_apps.tenants.models import Tenant
from tests.support.database import superuser_url
from tests.support.processes import dying_at
from tests.support.racing import race
from tests.support.sql import ddl_cursor

READY = ReadySchema.State.READY

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


def test_each_ready_schema_is_claimed_once_and_none_that_is_behind() -> None:
    with platform_scope():
        while schema_claim():
            pass
    pool_fill(8)
    with schema_scope("public"):
        ready = ReadySchema.objects.using("ddl").filter(state=READY)
        left = set(ready.exclude(fingerprint=code_fingerprint()).values_list("name", flat=True))
        behind = ready.filter(fingerprint=code_fingerprint()).order_by("number")[0]
        ReadySchema.objects.using("ddl").filter(pk=behind.pk).update(fingerprint="older")

    def claim(_: int) -> str | None:
        with platform_scope():
            return schema_claim()

    claimed = race(32, claim)
    assert claimed[None] == 25
    assert sorted(n for name, n in claimed.items() if name) == [1] * 7
    with platform_scope():
        assert set(ReadySchema.objects.filter(state=READY).values_list("name", flat=True)) == {*left, behind.name}
    with schema_scope("public"):
        ReadySchema.objects.using("ddl").filter(pk=behind.pk).update(fingerprint=behind.fingerprint)


def test_fillers_take_turns_and_make_no_more_than_wanted() -> None:
    with platform_scope():
        ready = ReadySchema.objects.filter(state=READY, fingerprint=code_fingerprint()).count()
    made = race(4, lambda _: pool_fill(ready + 2))
    assert sum(number * times for number, times in made.items()) == 2
    with platform_scope():
        assert ReadySchema.objects.filter(state=READY, fingerprint=code_fingerprint()).count() == ready + 2


def test_a_schema_is_dropped_whole_or_not_at_all() -> None:
    schema = schema_create()
    before = standing(schema)
    assert before == (True, True, "ready", True)

    with pytest.raises(SchemaHeld):
        schema_drop(schema, is_free=lambda: False)
    assert dying_at(SCHEMA_GONE, lambda: schema_drop(schema, is_free=lambda: True))
    assert standing(schema) == before

    assert dying_at(SCHEMA_DROPPED, lambda: schema_drop(schema, is_free=lambda: True))
    assert standing(schema) == (False, False, "dropped", False)
    assert schema_drop(schema, is_free=lambda: True) is False, "there is nothing left to drop"
    assert standing(schema) == (False, False, "dropped", False)
    for other in ("public", "t_0", "ext", "t_01", "pg_catalog"):
        with pytest.raises(ValueError):
            schema_drop(other, is_free=lambda: True)


def test_one_who_still_reads_a_schema_keeps_it(academy: Business) -> None:
    """What the caller writes when it is asked goes with the drop or not at all."""
    tenants = Tenant.objects.using("ddl").filter(schema_name=academy.schema)

    def tombstone() -> bool:
        return tenants.update(state="deleted", schema_name=None) == 1

    with psycopg.connect(superuser_url()) as reader:
        reader.execute(f"SELECT count(*) FROM {academy.schema}.people_student")
        with pytest.raises(OperationalError, match="lock timeout"):
            schema_drop(academy.schema, is_free=tombstone, wait="50ms")
    with platform_scope():
        assert Tenant.objects.get(schema_name=academy.schema).state == "active"
    assert standing(academy.schema) == (True, True, "taken", True)
    assert schema_drop(academy.schema, is_free=tombstone) is True
    with platform_scope():
        assert not Tenant.objects.filter(schema_name=academy.schema).exists()
        assert Tenant.objects.get(pk=academy.id).state == "deleted"


def standing(schema: str) -> tuple[bool, bool, str, bool]:
    """Whether there is the schema, a table of it, its role; and what its row says."""
    with ddl_cursor("public") as cursor:
        cursor.execute(
            "SELECT to_regnamespace(%s) IS NOT NULL, to_regclass(%s) IS NOT NULL, to_regrole(%s) IS NOT NULL",
            [schema, f"{schema}.people_student", tenant_role(schema)],
        )
        there, table, role = cursor.fetchone()
        return there, table, ReadySchema.objects.using("ddl").get(name=schema).state, role


def test_what_there_are_no_words_for_is_refused() -> None:
    schema = schema_create()

    def with_odd(statement: str) -> None:
        with ddl_cursor(schema) as cursor, atomic(using="ddl"):
            cursor.execute(statement)
            compact(cursor, schema)

    for odd in ("CREATE VIEW seen AS SELECT 1 AS one", "INSERT INTO people_codeseries (prefix, last) VALUES ('A', 1)"):
        with pytest.raises(TenancyError):
            with_odd(odd)
