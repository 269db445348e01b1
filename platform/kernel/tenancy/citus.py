"""Citus, where the server has it: schemas spread over several machines, each whole on one of them.

Nothing is configured here: the server is asked, and one without the extension is served as ever. What it is asked in is
documented at docs.citusdata.com ("Schema-based sharding"; `citus_schema_move` since 12.1); settings and the daily work of
such a cluster are in deploy/citus/.
"""

from dataclasses import dataclass
from typing import Any

from django.db import connections
from psycopg import sql

from kernel.tenancy.business import PUBLIC_SCHEMA
from kernel.tenancy.errors import TenancyError
from kernel.tenancy.router import DDL_ALIAS
from kernel.tenancy.scope import schema_scope

_PLACE = """
SELECT DISTINCT n.nodename, n.nodeport
FROM pg_catalog.pg_dist_schema s
JOIN pg_catalog.pg_dist_partition p ON p.colocationid = s.colocationid
JOIN pg_catalog.pg_dist_shard h ON h.logicalrelid = p.logicalrelid
JOIN pg_catalog.pg_dist_placement l ON l.shardid = h.shardid
JOIN pg_catalog.pg_dist_node n ON n.groupid = l.groupid AND n.noderole = 'primary'
WHERE s.schemaid = %s::regnamespace
"""
_NODES = """
SELECT nodename, nodeport FROM pg_catalog.pg_dist_node
WHERE noderole = 'primary' AND isactive AND shouldhaveshards ORDER BY nodename, nodeport
"""


class CitusMissing(TenancyError):
    """The server is one machine: it has no Citus, so nothing can be spread or moved."""


class NodeUnknown(TenancyError):
    """No machine of that name and port takes schemas."""


@dataclass(frozen=True, slots=True)
class Node:
    """A machine that takes schemas, as the coordinator calls it."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def is_here() -> bool:
    """Whether the server has Citus; asked on the DDL login's connection."""
    with schema_scope(PUBLIC_SCHEMA), connections[DDL_ALIAS].cursor() as cursor:
        return _stands(cursor)


def spread_next(cursor: Any) -> bool:
    """Let the schema this transaction makes next stand whole on one machine; the server picks it. Gives whether it will.

    Only for a tenant's schema: `public` and `ext` are every machine's.
    """
    if not _stands(cursor):
        return False
    cursor.execute("SET LOCAL citus.enable_schema_based_sharding TO on")
    return True


def role_login(cursor: Any) -> sql.SQL:
    """`LOGIN` or `NOLOGIN` for a tenant's role: a coordinator enters its workers as the role that asks."""
    return sql.SQL("LOGIN" if _stands(cursor) else "NOLOGIN")


def nodes() -> list[Node]:
    """The machines that take schemas, by name; none where the server is one machine."""
    with schema_scope(PUBLIC_SCHEMA), connections[DDL_ALIAS].cursor() as cursor:
        return _nodes(cursor) if _stands(cursor) else []


def place(schema: str) -> Node | None:
    """The machine a schema stands on; None when it is spread over none and lies with the coordinator."""
    with schema_scope(PUBLIC_SCHEMA), connections[DDL_ALIAS].cursor() as cursor:
        return _place(cursor, schema) if _stands(cursor) else None


def move(schema: str, node: str) -> Node:
    """Move a schema with all it holds to the machine `host:port` while it is used; gives where it then stands.

    Writes wait for the end of the copy, by logical replication (`wal_level = logical` on every machine). Already there,
    nothing happens. Called outside any transaction. Raises CitusMissing, NodeUnknown, and what the server says no with.
    """
    with schema_scope(PUBLIC_SCHEMA), connections[DDL_ALIAS].cursor() as cursor:
        if not _stands(cursor):
            raise CitusMissing("this server has no Citus: there is no other machine to move a schema to")
        wanted = {str(one): one for one in _nodes(cursor)}.get(node)
        if wanted is None:
            raise NodeUnknown(f"{node} takes no schemas; these do: {', '.join(map(str, _nodes(cursor))) or 'none'}")
        if _place(cursor, schema) is None:
            cursor.execute("SELECT pg_catalog.citus_schema_distribute(%s::regnamespace)", [schema])
        if _place(cursor, schema) != wanted:
            move_to = "SELECT pg_catalog.citus_schema_move(%s::regnamespace, %s::text, %s::integer)"
            cursor.execute(move_to, [schema, wanted.host, wanted.port])
        return _place(cursor, schema) or wanted


def _stands(cursor: Any) -> bool:
    cursor.execute("SELECT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus')")
    return bool(cursor.fetchone()[0])


def _nodes(cursor: Any) -> list[Node]:
    cursor.execute(_NODES)
    return [Node(host, port) for host, port in cursor.fetchall()]


def _place(cursor: Any, schema: str) -> Node | None:
    cursor.execute(_PLACE, [schema])
    found = cursor.fetchall()
    if len(found) > 1:
        raise TenancyError(f"{schema} stands on several machines: {found}")
    return Node(*found[0]) if found else None
