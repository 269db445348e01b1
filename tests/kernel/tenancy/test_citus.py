"""Whether schemas are spread is asked of the server: one without Citus is served as ever, one with it is told to.

No registry carries Citus, so an extension of its name stands in: the catalogue it documents, and functions that do to that
catalogue what its own do.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from kernel.tenancy import citus
from kernel.tenancy.schemas import schema_create, schema_drop
from scripts.stack.layout import ROOT
from tests.support import database
from tests.support.copies import PROGRAMS
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
CREATE FUNCTION pg_catalog.citus_set_coordinator_host(host text, port integer) RETURNS void LANGUAGE sql
AS $$ UPDATE pg_catalog.pg_dist_node SET nodename = host, nodeport = port WHERE groupid = 0 $$;
CREATE FUNCTION pg_catalog.citus_add_node(nodename text, nodeport integer) RETURNS integer LANGUAGE sql
AS $$ INSERT INTO pg_catalog.pg_dist_node VALUES (3, nodename, nodeport, 'primary', true, true) RETURNING groupid $$;
CREATE FUNCTION pg_catalog.citus_set_node_property(host text, port integer, property text, value boolean) RETURNS void
LANGUAGE sql AS $$ UPDATE pg_catalog.pg_dist_node SET shouldhaveshards = value WHERE nodename = host $$;
CREATE VIEW pg_catalog.citus_shards AS SELECT p.logicalrelid AS table_name, 'schema' AS citus_table_type,
  p.colocationid AS colocation_id, n.nodename, n.nodeport, 8192::bigint AS shard_size
  FROM pg_catalog.pg_dist_partition p JOIN pg_catalog.pg_dist_shard USING (logicalrelid)
  JOIN pg_catalog.pg_dist_placement USING (shardid) JOIN pg_catalog.pg_dist_node n USING (groupid);
CREATE VIEW pg_catalog.citus_schemas AS SELECT schemaid::regnamespace AS schema_name, colocationid AS colocation_id,
  '8192 bytes' AS schema_size FROM pg_catalog.pg_dist_schema;
CREATE FUNCTION pg_catalog.citus_rebalance_start(rebalance_strategy name, shard_transfer_mode text) RETURNS bigint
LANGUAGE sql AS $$ UPDATE pg_catalog.pg_dist_placement SET groupid = 2; SELECT 1::bigint $$;
CREATE FUNCTION pg_catalog.citus_rebalance_wait() RETURNS void LANGUAGE sql AS $$ SELECT $$;
CREATE FUNCTION pg_catalog.citus_rebalance_status() RETURNS TABLE (state text, details jsonb) LANGUAGE sql
AS $$ SELECT 'finished', '{}'::jsonb $$;
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


def test_the_operators_statements_are_carried_out(with_citus: psycopg.Connection) -> None:
    made = "SELECT count(*) FROM pg_namespace WHERE nspname ~ '^t_[1-9]'"
    schemas = with_citus.execute(made).fetchone()
    for file, *variables in (
        ("cluster.sql", "coordinator=home", "workers=db1 db2 db3", "prefix=nobody"),
        ("spread.sql",),
        ("spread.sql",),
        ("balance.sql",),
        ("balance.sql", "move=on"),
    ):
        command = [PROGRAMS / "psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-f", ROOT / "deploy/citus" / file]
        command += [part for one in variables for part in ("-v", one)]
        done = subprocess.run([*command, database.superuser_url()], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert [str(node) for node in citus.nodes()] == ["db1:5432", "db2:5432", "db3:5432"]
    assert with_citus.execute("SELECT count(*) FROM pg_dist_schema").fetchone() == schemas != (0,)
    assert with_citus.execute("SELECT DISTINCT groupid FROM pg_dist_placement").fetchall() == [(2,)]
    assert "finished" in done.stdout
