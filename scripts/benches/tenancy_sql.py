"""Statements of the measurement of tenancy, put together from names of its own making, each quoted by the driver."""

from collections.abc import Sequence

from psycopg import sql

Text = sql.Composed


def database_made(name: str) -> Text:
    return sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name))


def database_dropped(name: str) -> Text:
    return sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))


def roles_dropped(names: Sequence[str]) -> Text:
    return sql.SQL("DROP ROLE {}").format(sql.SQL(", ").join(map(sql.Identifier, names)))


def role_taken(name: str) -> Text:
    return sql.SQL("SET ROLE {}").format(sql.Identifier(name))


def path_set(schema: str) -> Text:
    return sql.SQL("SET search_path TO {}, ext").format(sql.Identifier(schema))


def row_inserted(table: str, columns: Sequence[str]) -> Text:
    """A row of a public table, a placeholder for each column."""
    return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier("public", table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
    )


def rows_counted(table: str) -> Text:
    return sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))


def schema_made(schema: str, path: str, statements: Sequence[str]) -> str:
    """A schema and all it holds in one transaction, sent at once."""
    head = sql.SQL("CREATE SCHEMA {}; SET LOCAL search_path TO {}, {}").format(
        *map(sql.Identifier, (schema, schema, path))
    )
    return ";\n".join(["BEGIN", head.as_string(), *statements, "COMMIT"])


def column_held(names: str, column: str) -> Text:
    """How many schemas so named hold a column of the table that is migrated."""
    return sql.SQL(
        "SELECT count(*) FROM information_schema.columns"
        " WHERE table_schema LIKE {} AND table_name = 'moving_item' AND column_name = {}"
    ).format(names, column)


def index_held(names: str, index: str) -> Text:
    """How many schemas so named hold an index."""
    return sql.SQL("SELECT count(*) FROM pg_indexes WHERE schemaname LIKE {} AND indexname = {}").format(names, index)
