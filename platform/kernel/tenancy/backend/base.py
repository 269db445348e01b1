"""A connection that compares the wanted scope with the applied one at every cursor, and sets it only when they differ.

It stands on django-tenants' backend and replaces how that backend chooses a schema: the choice is never remembered on the
connection (it outlives requests, is shared by consumers and is undone by a rollback), it is always read from the context.
"""

import time
from typing import Any

import psycopg
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.backends.postgresql.introspection import DatabaseIntrospection
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.backends.utils import CursorDebugWrapper, CursorWrapper
from django.utils.asyncio import async_unsafe
from django_tenants.postgresql_backend.base import DatabaseWrapper as TenantsDatabaseWrapper
from psycopg import sql
from psycopg.pq import TransactionStatus

from kernel.tenancy.business import PUBLIC_SCHEMA
from kernel.tenancy.errors import ScopeChanged, ScopeMissing, TenancyError
from kernel.tenancy.probe import refuse_leaks
from kernel.tenancy.scope import Scope, current_scope

# A server process keeps memory for every table of every schema it has served and never gives it back (measured:
# 36 kB a table), so a connection retires after this many schemas.
SCHEMAS_PER_CONNECTION = 64

# A server process remembers the roles its login may take until it hears that roles changed. What it hears of while it
# looks them up it forgets (PostgreSQL 18.6, `roles_is_member_of`): then it refuses a tenant made at that very moment, again
# and again, until another role is made. It remembers those of one login only, so it is asked for somebody else's.
_OTHERS_ROLES = "SELECT pg_has_role('pg_monitor', 'pg_database_owner', 'SET')"

# Addresses that gave each connection a session of its own, for as long as this process lives.
_PROVEN: set[tuple[Any, ...]] = set()


def _address(params: dict[str, Any]) -> tuple[Any, ...]:
    """What tells one address of a database from another."""
    return tuple(params.get(name) for name in ("host", "port", "dbname", "user"))


def _served(connection: Any) -> set[str]:
    """The schemas a connection has served, whoever held it."""
    served: set[str] = connection.__dict__.setdefault("served_schemas", set())
    return served


class _OneStatement(ServerBindingCursor):
    """Sends every statement in the protocol that carries out one, whether it has parameters or not.

    psycopg sends a statement without parameters in the simple protocol, which carries out as many as the text holds: a
    value written into it could then go on with `; SET ROLE …`, which no right of the database forbids to our login.
    """

    def _execute_send(self, query: Any, *, force_extended: bool = False, binary: bool | None = None) -> None:
        super()._execute_send(query, force_extended=True, binary=binary)  # type: ignore[misc]


class _ScopedExecution:
    """Refuses to run a statement, or to read on, in another scope than the cursor was made in."""

    db: "DatabaseWrapper"

    def __init__(self, cursor: Any, db: "DatabaseWrapper") -> None:
        super().__init__(cursor, db)  # type: ignore[call-arg]
        self.scope = db.applied

    def _execute_with_wrappers(self, sql: str, params: Any, many: bool, executor: Any) -> Any:
        self._refuse_another_scope()
        return super()._execute_with_wrappers(sql, params, many, executor)  # type: ignore[misc]

    def fetchmany(self, *size: int) -> Any:
        """What iterators of the server's cursors go on by."""
        self._refuse_another_scope()
        with self.db.wrap_database_errors:
            return self.cursor.fetchmany(*size)  # type: ignore[attr-defined]

    def _refuse_another_scope(self) -> None:
        if current_scope() != self.scope:
            raise ScopeChanged("a cursor outlived the scope it was made in; ask the connection for a new one")


class _Cursor(_ScopedExecution, CursorWrapper):
    pass


class _DebugCursor(_ScopedExecution, CursorDebugWrapper):
    pass


class _Operations(DatabaseOperations):
    """Never sends a number as a type that has no room for it."""

    def adapt_integerfield_value(self, value: Any, internal_type: str) -> Any:
        """As the type Django names, if that holds it, else as one that does.

        Django takes a number beside a column for one of 32 bits, whatever the column (`F("paise") + 3_000_000_000`), and
        psycopg sends of it what fits into those, without a word (3.3.9, server-side binding: -1294967296).
        """
        least, most = self.integer_field_range(internal_type)
        if isinstance(value, int) and not least <= value <= most:
            return value
        return super().adapt_integerfield_value(value, internal_type)


class DatabaseWrapper(TenantsDatabaseWrapper):
    """PostgreSQL through psycopg, one business at a time."""

    ops_class = _Operations

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.applied: Scope | None = None
        super().__init__(*args, **kwargs)
        # The applied search path shows one schema only, so Django's own introspection sees just its tables; the one
        # django-tenants installs moves the path behind the scope's back.
        self.introspection = DatabaseIntrospection(self)

    @property
    def serves(self) -> bool:
        """Whether this is the app's login, at the primary or at a replica."""
        return bool(self.alias != "ddl")

    # What django-tenants keeps on the connection is derived from the scope here, so the two can never disagree.
    @property
    def schema_name(self) -> str:
        scope = current_scope()
        return scope.business.schema if scope else PUBLIC_SCHEMA

    @schema_name.setter
    def schema_name(self, value: str | None) -> None:
        pass

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:
        """Called by django-tenants with its public placeholder at start; anything else would be a second way in."""
        if tenant.schema_name != PUBLIC_SCHEMA:
            raise TenancyError("enter tenant_scope() or platform_scope(); a connection has no tenant of its own")
        self.tenant = tenant

    def get_connection_params(self) -> dict[str, Any]:
        # The other login, which owns the schemas, carries out migrations of our own and serves no request.
        factory = {"cursor_factory": _OneStatement} if self.serves else {}
        return {**super().get_connection_params(), **factory}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        self.applied = None
        if self.serves and _address(conn_params) not in _PROVEN:
            refuse_leaks(lambda: psycopg.connect(**conn_params))
            _PROVEN.add(_address(conn_params))
        return super().get_new_connection(conn_params)

    def close(self) -> None:
        self.applied = None
        super().close()

    def _close(self) -> Any:
        # A pool hands the same connection out again: what has served enough schemas goes back closed, and is replaced.
        if self.pool and self.connection is not None and len(_served(self.connection)) > SCHEMAS_PER_CONNECTION:
            self.connection.close()
        return super()._close()

    # A SET is undone with the transaction or savepoint it ran in, so after any rollback nothing is known to be applied.
    def rollback(self) -> None:
        try:
            super().rollback()
        finally:
            self.applied = None

    def savepoint_rollback(self, sid: str) -> None:
        try:
            super().savepoint_rollback(sid)
        finally:
            self.applied = None

    @async_unsafe
    def rows_of(self, statement: str, parameters: Any) -> list[tuple[Any, ...]]:
        """Every row of a statement that is asked again and again, prepared the first time a connection is asked.

        By one cursor that stays with the connection: one made anew, and wrapped as Django wraps it, takes longer than
        most such statements do. Where somebody counts or watches statements it goes their way.
        """
        watched = self.cursor() if self.queries_logged or self.execute_wrappers else None
        if watched is None:
            self.close_if_health_check_failed()
            self.ensure_connection()
            self._apply(current_scope())
            self.validate_no_broken_transaction()
        driver = self.connection
        cursor = watched or driver.__dict__.get("kept_cursor")
        if cursor is None:
            cursor = driver.kept_cursor = self.create_cursor()
        driver.prepare_threshold = 0
        try:
            with self.wrap_database_errors:
                cursor.execute(statement, parameters)
                found: list[tuple[Any, ...]] = cursor.fetchall()
        finally:
            driver.prepare_threshold = None
        return found

    def _cursor(self, name: str | None = None) -> Any:
        self.close_if_health_check_failed()
        self.ensure_connection()
        self._apply(current_scope())
        with self.wrap_database_errors:
            return self._prepare_cursor(self.create_cursor(name))

    def make_cursor(self, cursor: Any) -> CursorWrapper:
        return _Cursor(cursor, self)

    def make_debug_cursor(self, cursor: Any) -> CursorDebugWrapper:
        return _DebugCursor(cursor, self)

    def _apply(self, scope: Scope | None) -> None:
        if scope is None:
            raise ScopeMissing("a query outside any scope: enter tenant_scope() or platform_scope() first")
        if scope == self.applied:
            return
        role = (
            sql.SQL("RESET ROLE") if scope.role is None else sql.SQL("SET ROLE {}").format(sql.Identifier(scope.role))
        )
        path = sql.SQL(", ").join(map(sql.Identifier, scope.path))
        self.applied = None
        with self.wrap_database_errors:
            self._set(sql.SQL("SET search_path TO {}; {}").format(path, role))
        self.applied = scope
        served = _served(self.connection)
        served.add(scope.path[0])
        if len(served) > SCHEMAS_PER_CONNECTION:
            self.close_at = time.monotonic()

    def _set(self, statement: sql.Composed) -> None:
        """Carry out what sets a scope; refused the role, once more after the server has looked up our roles anew."""
        with psycopg.Cursor(self.connection) as cursor:
            is_first = self.connection.info.transaction_status == TransactionStatus.IDLE
            try:
                cursor.execute(statement)
            except psycopg.errors.InsufficientPrivilege:
                if not is_first:
                    raise
                self.connection.rollback()  # of the transaction that began with it, if one is wanted
                cursor.execute(_OTHERS_ROLES)
                cursor.execute(statement)
