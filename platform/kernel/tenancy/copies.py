"""One schema's rows as text and back: read at one moment, written into a new schema, exchanged with the old one.

A table travels as CSV in the order of its key, under settings that make equal rows equal text, so that two schemas hold
the same exactly when the hashes of their tables are the same. The statements that make the tables travel beside it:
they name no schema, where a dump by `pg_dump` names its own on every line, needs a program of the server's version and a
right to `set_config` that no login of ours has. Everything runs on the DDL login's connection, which owns every schema.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, BinaryIO

from django.db import connections
from django.db.transaction import atomic
from psycopg import sql

from kernel import clock
from kernel.tenancy.business import EXTENSIONS_SCHEMA, PUBLIC_SCHEMA
from kernel.tenancy.grants import grant_tenant
from kernel.tenancy.models import ReadySchema, Snapshot
from kernel.tenancy.roles import tenant_role
from kernel.tenancy.router import DDL_ALIAS
from kernel.tenancy.schemas import registration, replay
from kernel.tenancy.scope import schema_scope

_PLAIN = (
    "SET LOCAL datestyle TO 'ISO, YMD'; SET LOCAL intervalstyle TO 'postgres'; SET LOCAL timezone TO 'UTC';"
    " SET LOCAL extra_float_digits TO 1; SET LOCAL bytea_output TO 'hex'"
)
# Tables with their columns and the columns of their key; generated columns are made again by the database.
_TABLES = """
SELECT c.relname,
  (SELECT array_agg(a.attname::text ORDER BY a.attname) FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''),
  (SELECT array_agg(a.attname::text ORDER BY array_position(i.indkey::int[], a.attnum::int)) FROM pg_index i
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey) WHERE i.indrelid = c.oid AND i.indisprimary)
FROM pg_class c WHERE c.relnamespace = %s::regnamespace AND c.relkind = 'r' ORDER BY c.relname
"""
_SEQUENCES = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = %s ORDER BY sequencename"
_PINNED = "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = %s::regnamespace AND proconfig IS NOT NULL"
# Whoever still reads or writes the schema is waited for this long; then the caller comes again.
_SWAP_WAIT = "5s"


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns by name, without generated ones, and those its rows are ordered by."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """What a table held: its rows, and the SHA-256 of its text."""

    columns: tuple[str, ...]
    rows: int
    sha256: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Moment:
    """A schema, and the public one beside it, as they are at one instant (REPEATABLE READ)."""

    def __init__(self, schema: str, cursor: Any) -> None:
        self.schema, self._cursor = schema, cursor
        self.at: datetime = clock.now()

    def tables(self, schema: str = "") -> list[Table]:
        self._cursor.execute(_TABLES, [schema or self.schema])
        return [Table(name, tuple(columns), tuple(key or columns)) for name, columns, key in self._cursor.fetchall()]

    def sequences(self) -> dict[str, int]:
        """The last value of each sequence that has given one."""
        self._cursor.execute(_SEQUENCES, [self.schema])
        return {name: value for name, value in self._cursor.fetchall() if value is not None}

    def copy(
        self, table: Table, write: Callable[[bytes], object], *, schema: str = "", where: str = "", values: Any = None
    ) -> Held:
        """Give a table's text to `write`, piece by piece; with `where`, a condition on `values`, only those rows."""
        names = sql.Identifier(schema or self.schema, table.name), _listed(table.columns), _listed(table.key)
        query = sql.SQL("COPY (SELECT {1} FROM {0}{where} ORDER BY {2}) TO STDOUT (FORMAT csv, HEADER)").format(
            *names,
            where=sql.SQL(f" WHERE {where}" if where else ""),
        )
        digest = hashlib.sha256()
        with self._cursor.copy(query, values) as copy:
            for piece in copy:
                digest.update(piece)
                write(bytes(piece))
        return Held(table.columns, self._cursor.rowcount, digest.hexdigest())

    def held(self) -> dict[str, Held]:
        """What each table of the schema holds."""
        return {table.name: self.copy(table, len) for table in self.tables()}

    def totals(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a literal query, of the same moment."""
        self._cursor.execute(query, values or None)
        rows: list[tuple[Any, ...]] = self._cursor.fetchall()
        return rows


@contextmanager
def moment(schema: str) -> Iterator[Moment]:
    """One consistent look at a schema. Nothing else may be asked of the network while it is open."""
    with schema_scope(schema), atomic(using=DDL_ALIAS), _ddl().cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute(_PLAIN)
        yield Moment(schema, cursor)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a schema of one set of migrations is made."""

    fingerprint: str
    statements: list[str]
    names: list[list[str]]
    made_at: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def recipe_of(schema: str) -> Recipe:
    """How a schema like this one, of the migrations it has been brought to, is made."""
    with schema_scope(PUBLIC_SCHEMA):
        fingerprint = ReadySchema.objects.using(DDL_ALIAS).get(name=schema).fingerprint
        made = Snapshot.objects.using(DDL_ALIAS).get(pk=fingerprint)
    return Recipe(fingerprint, list(made.statements), sorted(map(list, made.names)), made.made_at.isoformat())


@contextmanager
def schema_loading(schema: str, recipe: Recipe) -> Iterator["Loading"]:
    """Make `schema` by a recipe and let the block fill it: all of it in one transaction, or nothing.

    The schema is registered as loading: nobody's yet, until a tenant takes it (`schema_taken`) or its name is exchanged
    with a tenant's. Keys between tables are asked at the end.
    """
    with schema_scope(schema), atomic(using=DDL_ALIAS), _ddl().cursor() as cursor:
        replay(cursor, schema, recipe.statements)
        cursor.execute(_PLAIN)
        yield Loading(schema, cursor)
        cursor.execute(registration(schema, ReadySchema.State.LOADING, recipe.fingerprint))
        cursor.execute(
            "INSERT INTO public.tenancy_snapshot (fingerprint, statements, names, made_at)"
            " VALUES (%s, %s::jsonb, %s::jsonb, %s) ON CONFLICT DO NOTHING",
            [recipe.fingerprint, json.dumps(recipe.statements), json.dumps(recipe.names), recipe.made_at],
        )


def schema_taken(schema: str) -> None:
    """A tenant has the schema that was loaded: in the operator's transaction in which it is given to it."""
    ReadySchema.objects.filter(name=schema).update(state=ReadySchema.State.TAKEN)


def schema_stands(schema: str) -> bool:
    """Whether there is a schema of that name."""
    with schema_scope(PUBLIC_SCHEMA), _ddl().cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = %s)", [schema])
        return bool(cursor.fetchone()[0])


class Loading(Moment):
    """A new schema that is being filled."""

    def load(self, table: Table, source: BinaryIO) -> None:
        """Write a table's text into its empty table."""
        # What the recipe itself has written: the migrations it stands for.
        self._cursor.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(self.schema, table.name)))
        query = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, HEADER MATCH)").format(
            sql.Identifier(self.schema, table.name), _listed(table.columns)
        )
        with self._cursor.copy(query) as copy:
            while piece := source.read(256 * 1024):
                copy.write(piece)

    def change(self, table: str, expressions: Mapping[str, str], values: Mapping[str, Any]) -> None:
        """Set columns of every row to literal SQL expressions on `values`."""
        pairs = sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(column), sql.SQL(expression))
            for column, expression in expressions.items()
        )
        self._cursor.execute(sql.SQL("UPDATE {} SET {}").format(sql.Identifier(self.schema, table), pairs), values)

    def advance(self, sequences: Mapping[str, int]) -> None:
        """Let sequences go on after these values."""
        for name, value in sequences.items():
            self._cursor.execute("SELECT setval(%s::regclass, %s)", [f"{self.schema}.{name}", value])


def schema_swap(
    schema: str, other: str, *, expected: Mapping[str, Held] | None, within: Callable[[], object] = bool
) -> bool:
    """Let two schemas exchange their names in one transaction, each keeping its rights to its own role.

    Waits for whoever is at work in the first (five seconds, then the database's lock timeout). When `expected` is given
    and the first holds anything else by then, nothing is done. `within` runs in the same transaction, in the operator's
    schema on the connection `DDL_ALIAS`. Gives whether they were exchanged.
    """
    between = f"{schema}_swap"
    with schema_scope(PUBLIC_SCHEMA), atomic(using=DDL_ALIAS), _ddl().cursor() as cursor:
        cursor.execute(sql.SQL("SET LOCAL lock_timeout TO {}").format(_SWAP_WAIT))
        cursor.execute(_PLAIN)
        old = Moment(schema, cursor)
        for table in old.tables():
            cursor.execute(sql.SQL("LOCK TABLE {}").format(sql.Identifier(schema, table.name)))
        if expected is not None and old.held() != expected:
            return False
        within()
        for before, after in ((schema, between), (other, schema), (between, other)):
            cursor.execute(sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(*map(sql.Identifier, (before, after))))
        for name, was in ((schema, other), (other, schema)):
            _belong(cursor, name, was)
        cursor.execute(
            "UPDATE public.tenancy_readyschema r SET fingerprint = o.fingerprint, grants = o.grants"
            " FROM public.tenancy_readyschema o"
            " WHERE (r.name = %s AND o.name = %s) OR (r.name = %s AND o.name = %s)",
            [schema, other, other, schema],
        )
    return True


def numbers_kept(schema: str, *, former: str, table: str, key: str, last: str) -> None:
    """Let a table of last numbers go on where the former schema's is, so that none is given twice. In `schema_swap`."""
    places = [sql.Identifier(one, table) for one in (schema, former)]
    with _ddl().cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s), to_regclass(%s)", [f"{schema}.{table}", f"{former}.{table}"])
        if None in cursor.fetchone():
            return
        cursor.execute(
            sql.SQL(
                "INSERT INTO {0} AS here ({2}, {3}) SELECT {2}, {3} FROM {1}"
                " ON CONFLICT ({2}) DO UPDATE SET {3} = greatest(here.{3}, excluded.{3})"
            ).format(*places, sql.Identifier(key), sql.Identifier(last))
        )


def public_count(table: str, *, where: str, values: Mapping[str, Any], delete: bool = False) -> int:
    """How many rows of a table in public meet a literal condition; with `delete`, they are gone."""
    verb = "DELETE FROM public.{}" if delete else "SELECT FROM public.{}"
    with schema_scope(PUBLIC_SCHEMA), _ddl().cursor() as cursor:
        query = sql.SQL(verb + " WHERE {}").format(sql.Identifier(table), sql.SQL(where))
        cursor.execute(query, values)
        return int(cursor.rowcount)


def _belong(cursor: Any, schema: str, was: str) -> None:
    """A renamed schema's rights and the paths of its functions go by its new name."""
    names = {"schema": sql.Identifier(schema), "role": sql.Identifier(tenant_role(was))}
    for statement in (
        "REVOKE ALL ON SCHEMA {schema} FROM {role}",
        "REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}",
        "REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM {role}",
        "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {schema} FROM {role}",
    ):
        cursor.execute(sql.SQL(statement).format(**names))
    path = map(sql.Identifier, (schema, EXTENSIONS_SCHEMA))
    cursor.execute(sql.SQL("SET LOCAL search_path TO {}, {}").format(*path))
    cursor.execute(_PINNED, [schema])
    for (function,) in cursor.fetchall():
        cursor.execute(f"ALTER FUNCTION {function} SET search_path FROM CURRENT")
    grant_tenant(cursor, schema)


def _listed(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _ddl() -> Any:
    return connections[DDL_ALIAS]
