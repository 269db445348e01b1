"""Whether schemas are spread is asked of the server: one without Citus is served as ever, one with it is told to.

No registry carries Citus, so an extension of its name stands in: the catalogue it documents, and functions that do to that
catalogue what its own do.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from kernel.tenancy import citus
from kernel.tenancy.schemas import schema_create, schema_drop
from tests.support import database
from tests.support.sql import ddl_cursor

CONTROL = "default_version = '14.0'\nrelocatable = false\nschema = pg_catalog\nsuperuser = true\n"
SCRIPT = """
CREATE TABLE pg_catalog.pg_dist_node (groupid int, nodename text, nodeport int, noderole text, isactive bool,
  shouldhaveshards bool);
CREATE TABLE pg_catalog.pg_dist_schema (schemaid oid, colocationid int);
CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid regclass, colocationid int);
CREATE TABLE pg_catalog.pg_dist_shard (logicalrelid regclass, shardid bigint);
CREATE TABLE pg_catalog.pg_dist_placement (shardid bigint, groupid int);
GRANT SELECT ON pg_catalog.pg_dist_node, pg_catalog.pg_dist_schema, pg_catalog.pg_dist_partition,
  pg_catalog.pg_dist_shard, pg_catalog.pg_dist_placement TO PUBLIC;
INSERT INTO pg_catalog.pg_dist_node VALUES (0, 'db0', 5432, 'primary', true, false),
  (1, 'db1', 5432, 'primary', true, true), (2, 'db2', 5432, 'primary', true, true),
  (2, 'db2b', 5432, 'secondary', true, true);
CREATE FUNCTION pg_catalog.citus_schema_distribute(schemaname regnamespace) RETURNS void LANGUAGE sql SECURITY DEFINER
AS $$
  INSERT INTO pg_catalog.pg_dist_schema VALUES (schemaname, schemaname::oid::int);
  INSERT INTO pg_catalog.pg_dist_partition
    SELECT oid, schemaname::oid::int FROM pg_class WHERE relnamespace = schemaname AND relkind = 'r';
  INSERT INTO pg_catalog.pg_dist_shard SELECT logicalrelid, logicalrelid::oid::bigint
    FROM pg_catalog.pg_dist_partition WHERE colocationid = schemaname::oid::int;
  INSERT INTO pg_catalog.pg_dist_placement SELECT logicalrelid::oid::bigint, 1
    FROM pg_catalog.pg_dist_partition WHERE colocationid = schemaname::oid::int;
$$;
CREATE FUNCTION pg_catalog.citus_schema_move(schema_id regnamespace, target_node_name text, target_node_port integer,
  shard_transfer_mode text DEFAULT 'auto') RETURNS void LANGUAGE sql SECURITY DEFINER
AS $$
  UPDATE pg_catalog.pg_dist_placement SET groupid = (SELECT groupid FROM pg_catalog.pg_dist_node
    WHERE nodename = target_node_name AND nodeport = target_node_port)
  WHERE shardid IN (SELECT logicalrelid::oid::bigint FROM pg_catalog.pg_dist_partition
    WHERE colocationid = schema_id::oid::int);
$$;
-- Citus sees CREATE SCHEMA in its own hook.
CREATE FUNCTION pg_catalog.citus_noticed() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE one record;
BEGIN
  FOR one IN SELECT * FROM pg_event_trigger_ddl_commands() WHERE object_type = 'schema' LOOP
    IF current_setting('citus.enable_schema_based_sharding', true) = 'on' THEN
      INSERT INTO pg_catalog.pg_dist_schema VALUES (one.objid, one.objid::int);
    END IF;
  END LOOP;
END $$;
CREATE EVENT TRIGGER citus_noticed ON ddl_command_end WHEN TAG IN ('CREATE SCHEMA')
  EXECUTE FUNCTION pg_catalog.citus_noticed();
"""


@pytest.fixture
def with_citus() -> Iterator[psycopg.Connection]:
    """This process's database, with the stand-in; PostgreSQL 18 takes extensions from a folder it is told."""
    with tempfile.TemporaryDirectory(prefix="shala-citus-") as made, psycopg.connect(database.superuser_url()) as admin:
        folder = Path(made) / "extension"
        folder.mkdir()
        (folder / "citus.control").write_text(CONTROL)
        (folder / "citus--14.0.sql").write_text(SCRIPT)
        for path in (folder.parent, folder, *folder.iterdir()):
            os.chmod(path, 0o755)  # noqa: S103 - the server runs as somebody else
        admin.autocommit = True
        admin.execute("SET allow_system_table_mods = on")
        admin.execute(f"SET extension_control_path = '{made}:$system'")
        admin.execute("CREATE EXTENSION citus")
        try:
            yield admin
        finally:
            admin.execute("DROP EXTENSION citus CASCADE")


def test_one_machine_is_served_as_ever(academy: object) -> None:
    assert citus.is_here() is False
    assert citus.nodes() == []
    with ddl_cursor("public") as cursor:
        assert citus.spread_next(cursor) is False
        assert citus.role_login(cursor).as_string() == "NOLOGIN"
    with pytest.raises(citus.CitusMissing, match="no other machine"):
        citus.move("t_1", "db1:5432")


def test_where_citus_is_schemas_are_spread_and_move(with_citus: psycopg.Connection) -> None:
    assert citus.is_here() is True
    assert [str(node) for node in citus.nodes()] == ["db1:5432", "db2:5432"]
    schema = schema_create()
    spread = "SELECT count(*) FROM pg_dist_schema WHERE schemaid = %s::regnamespace"
    assert with_citus.execute(spread, [schema]).fetchone() == (1,)
    with ddl_cursor("public") as cursor:
        assert citus.role_login(cursor).as_string() == "LOGIN"
    with_citus.execute("DELETE FROM pg_dist_schema")  # one made before the machines were several
    assert citus.place(schema) is None
    assert str(citus.move(schema, "db2:5432")) == "db2:5432"
    assert str(citus.place(schema)) == "db2:5432"
    assert str(citus.move(schema, "db2:5432")) == "db2:5432"
    assert str(citus.move(schema, "db1:5432")) == "db1:5432"
    for wrong in ("db0:5432", "db2b:5432", "db1", "db1:1"):
        with pytest.raises(citus.NodeUnknown, match="these do: db1:5432, db2:5432"):
            citus.move(schema, wrong)
    assert str(citus.place(schema)) == "db1:5432"
    schema_drop(schema, is_free=lambda: True)
