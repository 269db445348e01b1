"""Plain SQL for tests that look behind the models."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections
from psycopg import sql

from kernel.tenancy.scope import schema_scope


def rows_of(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Run one statement in the present scope and give its rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, list(parameters) or None)
        return cursor.fetchall()


@contextmanager
def ddl_cursor(schema: str) -> Iterator[Any]:
    """A cursor of the login that owns every schema."""
    with schema_scope(schema), connections["ddl"].cursor() as cursor:
        yield cursor


def schema_away(schema: str) -> None:
    """Drop a schema that a test changed by hand. Its role stays: other databases of the server may be using it."""
    with ddl_cursor("public") as cursor:
        cursor.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
        cursor.execute("UPDATE tenancy_readyschema SET state = 'dropped' WHERE name = %s", [schema])
