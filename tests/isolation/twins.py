"""A business's twin: every row of one schema copied into another with equal keys, its canary exchanged; and a watch that
sees whether any row of a business changed.

Tables and columns are read from the catalogue, so a new table joins by itself.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from django.db import connections
from django.db.transaction import atomic
from psycopg import sql

from kernel.tenancy import Business
from kernel.tenancy.scope import schema_scope

HOME, AWAY = "A", "B"
_KEPT = {"django_migrations"}
_TEXT = {"text", "varchar", "bpchar"}
# How a row of the operator's says whose it is: a schema, or an account such as `wallet:t_7:sms`.
_OWNERS = dict.fromkeys(("business", "schema", "schema_name"), "{}") | dict.fromkeys(
    ("code", "debit", "credit"), "%:{}:%"
)


def canary(of: str) -> "re.Pattern[str]":
    """What betrays a business's data in an answer: `canary-A`, in any case, the hyphen left out where none is allowed."""
    return re.compile(rf"canary-?{of}", re.IGNORECASE)


def twin_make(home: Business, away: Business) -> None:
    """Make `away`'s schema a copy of `home`'s with the canary exchanged. Texts that name the business name the other."""
    renamed = [
        *((f"canary{dash}{HOME}", f"canary{dash}{AWAY}") for dash in ("-", "")),
        *((f"CANARY{dash}{HOME}", f"CANARY{dash}{AWAY}") for dash in ("-", "")),
        *((f"canary{dash}{HOME.lower()}", f"canary{dash}{AWAY.lower()}") for dash in ("-", "")),
        (f"tenants/{home.schema}/", f"tenants/{away.schema}/"),
        (home.public_id, away.public_id),
    ]
    with schema_scope(away.schema), atomic(using="ddl"), connections["ddl"].cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        tables = tables_of(cursor, home.schema)
        emptied = sql.SQL(", ").join(sql.Identifier(away.schema, table) for table in tables)
        cursor.execute(sql.SQL("TRUNCATE {}").format(emptied))
        for table, columns in tables.items():
            names = sql.SQL(", ").join(map(sql.Identifier, columns))
            values = sql.SQL(", ").join(_renamed(name, kind, renamed) for name, kind in columns.items())
            cursor.execute(
                sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {}").format(
                    sql.Identifier(away.schema, table), names, values, sql.Identifier(home.schema, table)
                )
            )


def tables_of(cursor: Any, schema: str) -> dict[str, dict[str, str]]:
    """The schema's tables, each with its stored columns and their types."""
    cursor.execute(
        "SELECT c.relname, a.attname, t.typname FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''"
        " JOIN pg_type t ON t.oid = a.atttypid"
        " WHERE c.relnamespace = %s::regnamespace AND c.relkind = 'r' ORDER BY c.relname, a.attnum",
        [schema],
    )
    tables: dict[str, dict[str, str]] = {}
    for table, column, kind in cursor.fetchall():
        if table not in _KEPT:
            tables.setdefault(table, {})[column] = kind
    return tables


def _renamed(column: str, kind: str, renamed: list[tuple[str, str]]) -> sql.Composable:
    """The column as it is, or with every name exchanged where it can hold text."""
    value: sql.Composable = sql.Identifier(column)
    if kind.removeprefix("_") not in {*_TEXT, "jsonb", "json", "bytea"}:
        return value
    text = sql.SQL("encode({}, 'escape')" if kind == "bytea" else "{}::text").format(value)
    for old, new in renamed:
        text = sql.SQL("replace({}, {}, {})").format(text, sql.Literal(old), sql.Literal(new))
    if kind == "bytea":
        return sql.SQL("decode({}, 'escape')").format(text)
    return sql.SQL("({})::{}").format(text, sql.SQL(_type(kind)))


def _type(kind: str) -> str:
    return f"{kind.removeprefix('_')}[]" if kind.startswith("_") else kind


@dataclass
class Watch:
    """Digests of all that belongs to a business: its schema's tables, and its rows of the operator's tables."""

    business: Business
    _statement: str = field(init=False)
    _last: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        with schema_scope(self.business.schema), connections["ddl"].cursor() as cursor:
            parts = [_digest(*one) for one in business_rows(cursor, self.business)]
            self._statement = sql.SQL(" UNION ALL ").join(parts).as_string(cursor.connection)
        self.look()

    def look(self) -> set[str]:
        """The tables that changed since the last look."""
        with schema_scope(self.business.schema), connections["ddl"].cursor() as cursor:
            cursor.execute(self._statement)
            found = dict(cursor.fetchall())
        before, self._last = getattr(self, "_last", found), found
        return {table for table in found if found[table] != before.get(table)}


def business_rows(cursor: Any, business: Business) -> list[tuple[str, str, str, sql.Composable]]:
    """Where rows of a business lie: a name for it, schema, table, and the condition that picks them."""
    schema = business.schema
    tables = tables_of(cursor, schema)
    if business.is_platform:
        # Jobs and callbacks of tenants are theirs.
        owned = {one for one, columns in tables.items() if "business" in columns}
        return [
            (f"{schema}.{one}.business" if one in owned else one, schema, one, _of("business", schema * (one in owned)))
            for one in tables
        ]
    found = [(table, schema, table, _of("", "")) for table in tables]
    for table, columns in tables_of(cursor, "public").items():
        for owner in (one for one in columns if one in _OWNERS):
            found.append((f"public.{table}.{owner}", "public", table, _of(owner, _OWNERS[owner].format(schema))))
    return found


def _of(owner: str, like: str) -> sql.Composable:
    if not like:
        return sql.SQL("")
    return sql.SQL(" WHERE {}::text LIKE {}").format(sql.Identifier(owner), sql.Literal(like))


def _digest(name: str, schema: str, table: str, kept: sql.Composable) -> sql.Composable:
    return sql.SQL("SELECT {}, md5(coalesce(string_agg(one::text, ',' ORDER BY one::text), '')) FROM {} one{}").format(
        sql.Literal(name), sql.Identifier(schema, table), kept
    )
