"""Making schemas: bring one up by its migrations, note what it came to, make each new one at once, keep a few in stock.

All of it runs on the DDL login's connection; tenants only ever take a schema that is ready.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, connection, connections
from django.db.transaction import atomic
from psycopg import errors, sql

from kernel import clock, crash
from kernel.tenancy import citus
from kernel.tenancy.business import EXTENSIONS_SCHEMA, PUBLIC_SCHEMA
from kernel.tenancy.compact import compact
from kernel.tenancy.errors import SchemaHeld
from kernel.tenancy.fleet.versions import code_fingerprint, code_names
from kernel.tenancy.grants import grants_fingerprint, tenant_grants
from kernel.tenancy.models import ReadySchema, Snapshot
from kernel.tenancy.roles import tenant_role, tenants_group
from kernel.tenancy.router import DDL_ALIAS
from kernel.tenancy.scope import schema_scope

TEMPLATE_SCHEMA = "t_0"
SCHEMA_GONE = crash.register("tenancy.schema_gone")
SCHEMA_DROPPED = crash.register("tenancy.schema_dropped")
_TENANT_SCHEMA = re.compile(r"t_[1-9][0-9]*")

_ROLE = """
DO $role$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {name}) THEN
    CREATE ROLE {role} {login};
    GRANT {role} TO {app} WITH INHERIT FALSE, SET TRUE;
    GRANT {group} TO {role} WITH INHERIT TRUE, SET FALSE;
  END IF;
END $role$
"""


def snapshot_take() -> None:
    """Note how a schema like the template is made, now that the template holds every migration in code."""
    with schema_scope(TEMPLATE_SCHEMA), _ddl().cursor() as cursor:
        statements = compact(cursor, TEMPLATE_SCHEMA)
    with schema_scope(PUBLIC_SCHEMA):
        Snapshot.objects.using(DDL_ALIAS).update_or_create(
            fingerprint=code_fingerprint(),
            defaults={"statements": statements, "names": sorted(code_names()), "made_at": clock.now()},
        )


def pool_fill(target: int) -> int:
    """Make schemas until `target` are ready. Gives how many were made. A schema is whole or absent.

    Those who fill take turns: together they would only wait for one another in the catalogue, and make too many.
    """
    made = 0
    with alone("pool"):
        while _ready_count() < target:
            schema_create()
            made += 1
    return made


def schema_create() -> str:
    """One new schema `t_<n>` with role and grants, from the newest snapshot, in one transaction. Gives its name."""
    schema = schema_reserve()
    with schema_scope(PUBLIC_SCHEMA):
        snapshot = Snapshot.objects.using(DDL_ALIAS).latest("made_at")
        with atomic(using=DDL_ALIAS), _ddl().cursor() as cursor:
            citus.spread_next(cursor)
            ready = registration(schema, ReadySchema.State.READY, snapshot.fingerprint)
            replay(cursor, schema, [*snapshot.statements, ready])
    return schema


def schema_reserve() -> str:
    """A name `t_<n>` nobody had before, with its role; nothing bears it yet."""
    with schema_scope(PUBLIC_SCHEMA), _ddl().cursor() as cursor:
        cursor.execute("SELECT nextval('public.tenancy_schema_number')")
        schema = f"t_{cursor.fetchone()[0]}"
    ensure_role(schema)
    return schema


def registration(schema: str, state: str, fingerprint: str) -> str:
    """The statements that give a new schema's role its rights and note the schema, for the transaction it is made in."""
    row = sql.SQL(
        "INSERT INTO public.tenancy_readyschema (number, name, state, fingerprint, grants, made_at)"
        " VALUES ({}, {}, {}, {}, {}, {}::timestamptz)"
    ).format(int(schema[2:]), schema, str(state), fingerprint, grants_fingerprint(), clock.now().isoformat())
    return f"{tenant_grants(schema)};\n{row.as_string()}"


def schema_claim() -> str | None:
    """Take a ready schema in the caller's transaction (platform scope); None when none in stock is up to date."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT public.tenancy_schema_claim()")
        name: str | None = cursor.fetchone()[0]
    return name


def schema_drop(schema: str, *, is_free: Callable[[], bool], wait: str = "5s") -> bool:
    """Drop a tenant's schema with all it holds and its role, and mark it dropped; all of it or nothing.

    Called outside any transaction; repeating it changes nothing. `is_free` says whether nobody holds the schema: it runs
    in the same transaction, in the operator's schema on the connection `DDL_ALIAS`, with the schema's own row locked,
    and may lock and write rows there (`using=DDL_ALIAS`) that are to change together with the drop. Gives whether there
    was a schema. Raises SchemaHeld when it is not free, ValueError for a name no tenant's schema has, and the database's
    lock timeout when somebody reads it longer than `wait` (everybody else waits behind us meanwhile: better come again).
    """
    if not _TENANT_SCHEMA.fullmatch(schema):
        raise ValueError(f"{schema!r} is no tenant's schema")
    with schema_scope(PUBLIC_SCHEMA), atomic(using=DDL_ALIAS), _ddl().cursor() as cursor:
        cursor.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(wait))
        row = ReadySchema.objects.using(DDL_ALIAS).select_for_update().filter(name=schema)
        row.first()
        if not is_free():
            raise SchemaHeld(f"{schema} is held; nothing was dropped")
        cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [schema])
        existed = cursor.fetchone() is not None
        cursor.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))
        _role_drop(cursor, tenant_role(schema))
        row.update(state=ReadySchema.State.DROPPED)
        crash.point(SCHEMA_GONE)
    crash.point(SCHEMA_DROPPED)
    return existed


def _role_drop(cursor: Any, role: str) -> None:
    """Drop a role, unless another database of the server still grants it something: cloned ones share their roles."""
    try:
        with atomic(using=DDL_ALIAS):
            cursor.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))
    except DatabaseError as error:
        if not isinstance(error.__cause__, errors.DependentObjectsStillExist):
            raise


def replay(cursor: Any, schema: str, statements: list[str]) -> None:
    """Make `schema` from a snapshot's statements in one round trip, in the transaction of `cursor`."""
    create = sql.SQL("CREATE SCHEMA {}; SET LOCAL search_path TO {}, {}").format(
        *map(sql.Identifier, (schema, schema, EXTENSIONS_SCHEMA))
    )
    cursor.execute(";\n".join([create.as_string(), *statements]))


def _ddl() -> Any:
    return connections[DDL_ALIAS]


@contextmanager
def alone(what: str, *, wait: str = "0") -> Iterator[bool]:
    """Only one process at a time, of all that work on this database, is in here for `what`.

    Gives whether this one is: False when somebody else was at it for as long as `wait` ("0": wait for ever). Whoever dies
    in here is out: the server forgets with the connection. Called outside transactions.
    """
    try:
        with schema_scope(PUBLIC_SCHEMA), atomic(using=DDL_ALIAS), _ddl().cursor() as cursor:
            cursor.execute(sql.SQL("SET LOCAL lock_timeout TO {}").format(wait))
            cursor.execute("SELECT pg_advisory_lock(hashtextextended('tenancy ' || %s, 0))", [what])
    except DatabaseError as error:
        if not isinstance(error.__cause__, errors.LockNotAvailable):
            raise
        yield False
        return
    try:
        yield True
    finally:
        with schema_scope(PUBLIC_SCHEMA), _ddl().cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended('tenancy ' || %s, 0))", [what])


def _ready_count() -> int:
    with schema_scope(PUBLIC_SCHEMA):
        newest = Snapshot.objects.using(DDL_ALIAS).latest("made_at").fingerprint
        ready = ReadySchema.objects.using(DDL_ALIAS).filter(state=ReadySchema.State.READY, fingerprint=newest)
        return ready.count()


def ensure_role(schema: str) -> None:
    """A role outlives a rolled-back schema and may be shared by cloned databases, so it is made apart, if absent.

    With its memberships or not at all: a role that exists is taken to be complete.
    """
    names = {
        "name": sql.Literal(tenant_role(schema)),
        "role": sql.Identifier(tenant_role(schema)),
        "app": sql.Identifier(_app_login()),
        "group": sql.Identifier(tenants_group()),
    }
    try:
        with schema_scope(PUBLIC_SCHEMA), _ddl().cursor() as cursor:
            cursor.execute(sql.SQL(_ROLE).format(**names, login=citus.role_login(cursor)))
    except DatabaseError as error:
        if not isinstance(error.__cause__, errors.DuplicateObject | errors.UniqueViolation):
            raise


def _app_login() -> str:
    return str(connections["default"].settings_dict["USER"])
