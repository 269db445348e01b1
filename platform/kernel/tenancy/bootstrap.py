"""Make a database ready to hold many businesses: its roles, its extensions, and what nobody may do in it.

Runs once per database with a server login that may create roles and databases (a superuser: `set_config` is taken
from everyone, because an injected call of it could change the role). Knows no Django, so scripts can use it.
"""

import hashlib
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

MARKER = "made for shala"
_LOGINS = ("ddl", "app")
_GROUPS = ("platform", "crossing", "directory", "worker", "inbox", "tenant")


class DatabaseForeign(Exception):
    """The named database exists and was not made by us; it is left alone."""


@dataclass(frozen=True, slots=True)
class Urls:
    """Connection URLs of the two logins of one database."""

    app: str
    ddl: str


def ensure_database(admin_url: str, name: str, *, secret: str, role_prefix: str = "", template: str = "") -> Urls:
    """Create or complete database `name`; safe to repeat. Raises DatabaseForeign for a database that is not ours.

    Passwords are derived from `secret`. `template` clones a prepared database (tests); it shares `role_prefix`.
    """
    prefix = role_prefix or name
    with psycopg.connect(admin_url, autocommit=True) as admin:
        # Roles may be shared with other databases that are being made at this moment.
        admin.execute("SELECT pg_advisory_lock(hashtext('roles of ' || %s))", [prefix])
        existing = admin.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
        if existing is not None and not (existing[0] or "").startswith(MARKER):
            raise DatabaseForeign(f"database {name} exists and does not carry our mark; choose another name")
        _ensure_roles(admin, prefix, secret)
        if existing is None:
            _create_database(admin, name, prefix, template)
    with psycopg.connect(_with_database(admin_url, name), autocommit=True) as inside:
        _secure(inside, name, prefix)
    return Urls(**{login: _login_url(admin_url, name, prefix, login, secret) for login in _LOGINS})


def drop_database(admin_url: str, name: str) -> None:
    """Remove a database that carries our mark; leaves any other alone. Roles stay: other databases may share them."""
    with psycopg.connect(admin_url, autocommit=True) as admin:
        row = admin.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
        if row is None:
            return
        if not (row[0] or "").startswith(MARKER):
            raise DatabaseForeign(f"database {name} does not carry our mark")
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def password(secret: str, login: str) -> str:
    return hashlib.sha256(f"{secret}:{login}".encode()).hexdigest()


def _ensure_roles(admin: psycopg.Connection, prefix: str, secret: str) -> None:
    known = {row[0] for row in admin.execute("SELECT rolname FROM pg_roles").fetchall()}
    options = {"ddl": "LOGIN CREATEROLE", "app": "LOGIN NOINHERIT"}
    for suffix in (*_LOGINS, *_GROUPS):
        role = sql.Identifier(f"{prefix}_{suffix}")
        if f"{prefix}_{suffix}" not in known:
            _create_role(admin, role, options.get(suffix, "NOLOGIN"))
        if suffix in _LOGINS:
            admin.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, sql.Literal(password(secret, f"{prefix}_{suffix}")))
            )
            admin.execute(sql.SQL("ALTER ROLE {} SET timezone = 'UTC'").format(role))
            admin.execute(sql.SQL("ALTER ROLE {} SET search_path = ''").format(role))
    app = sql.Identifier(f"{prefix}_app")
    for suffix in _GROUPS:
        group = sql.Identifier(f"{prefix}_{suffix}")
        if suffix == "tenant":
            ddl = sql.Identifier(f"{prefix}_ddl")
            admin.execute(sql.SQL("GRANT {} TO {} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE").format(group, ddl))
        else:
            admin.execute(sql.SQL("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE").format(group, app))


def _create_role(admin: psycopg.Connection, role: sql.Identifier, options: str) -> None:
    try:
        admin.execute(sql.SQL("CREATE ROLE {} {}").format(role, sql.SQL(options)))
    except psycopg.errors.DuplicateObject:  # another process was faster
        pass


def _create_database(admin: psycopg.Connection, name: str, prefix: str, template: str) -> None:
    statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
        sql.Identifier(name), sql.Identifier(f"{prefix}_ddl"), sql.Identifier(template or "template0")
    )
    admin.execute(statement)
    admin.execute(
        sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(f"{MARKER}, roles {prefix}_*"))
    )


def _secure(inside: psycopg.Connection, name: str, prefix: str) -> None:
    """Inside the database: extensions in a schema of their own, and nothing for everyone."""
    database = sql.Identifier(name)
    ddl, app = sql.Identifier(f"{prefix}_ddl"), sql.Identifier(f"{prefix}_app")
    statements: list[sql.SQL | sql.Composed] = [
        sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database),
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}, {}").format(database, app, ddl),
        # Extensions live outside every tenant: dropped with one tenant's schema they would take others' indexes along.
        sql.SQL("CREATE SCHEMA IF NOT EXISTS ext"),
        sql.SQL("CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA ext"),
        sql.SQL("CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA ext"),
        sql.SQL("GRANT USAGE ON SCHEMA ext TO PUBLIC"),
        sql.SQL("REVOKE ALL ON SCHEMA public FROM PUBLIC"),
        sql.SQL("ALTER SCHEMA public OWNER TO {}").format(ddl),
        sql.SQL("REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC"),
        sql.SQL("GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) TO {}").format(ddl),
    ]
    for statement in statements:
        inside.execute(statement)
    for suffix in _GROUPS:
        inside.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(sql.Identifier(f"{prefix}_{suffix}")))


def _with_database(url: str, name: str) -> str:
    return psycopg.conninfo.make_conninfo(url, dbname=name)


def _login_url(admin_url: str, name: str, prefix: str, login: str, secret: str) -> str:
    """The same server, or servers, for another login; how they are reached (`sslmode`, …) stays as it is."""
    server = {"host": "", "port": "5432", **conninfo_to_dict(admin_url)}
    ours = {key: str(value) for key, value in server.items() if key not in {"user", "password", "dbname"}}
    user = f"{prefix}_{login}"
    return f"postgresql://{user}:{password(secret, user)}@/{name}?{urlencode(ours, quote_via=quote, safe='/,')}"
