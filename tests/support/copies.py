"""A PostgreSQL of a test's own with the operator's rows and some businesses', for what would disturb everybody else's."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

import psycopg
from django.conf import settings
from psycopg import sql
from psycopg.conninfo import make_conninfo

from kernel.tenancy import Business
from kernel.tenancy.bootstrap import Urls, ensure_database
from scripts.stack import servers
from scripts.stack.layout import program
from scripts.stack.supervisor import Supervisor, remove
from tests.support import database

PROGRAMS = program("postgres").parent
NAME = "shala_copied"


@contextmanager
def supervised(purpose: str) -> Iterator[Supervisor]:
    """A supervisor whose processes and files are gone at the end."""
    made = Supervisor(f"{purpose}-{uuid4().hex[:8]}")
    try:
        yield made
    finally:
        made.stop()
        remove(made.folder)


@dataclass(frozen=True, slots=True)
class Copy:
    """The copied database: `server` for connecting elsewhere, `admin` inside, both as superuser; our own logins' URLs."""

    server: str
    admin: str
    urls: Urls


def copied(supervisor: Supervisor, *businesses: Business, durable: bool = True, extra: tuple[str, ...] = ()) -> Copy:
    """Start a server, `extra` among its settings, and bring there what the operator and the businesses have now."""
    service, server = servers.postgres(supervisor, durable=durable, extra=extra)
    supervisor.start(service)
    source = database.superuser_url()
    with psycopg.connect(source) as origin:
        tenants = f"{settings.ROLE_PREFIX}_t_%"
        roles = [row[0] for row in origin.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE %s", [tenants])]
    with psycopg.connect(server, autocommit=True) as made:
        for role in roles:  # every one is named in the grants of what is copied
            made.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
    urls = ensure_database(server, NAME, secret=database.SECRET, role_prefix=settings.ROLE_PREFIX)
    admin = make_conninfo(server, dbname=NAME)
    app, tenant = (sql.Identifier(f"{settings.ROLE_PREFIX}_{suffix}") for suffix in ("app", "tenant"))
    with psycopg.connect(admin, autocommit=True) as inside:
        for business in businesses:
            role = sql.Identifier(business.role)
            inside.execute(sql.SQL("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE").format(role, app))
            inside.execute(sql.SQL("GRANT {} TO {}").format(tenant, role))
        inside.execute("DROP SCHEMA public")
    only = [part for schema in ("public", *(one.schema for one in businesses)) for part in ("-n", schema)]
    dumped = subprocess.run([PROGRAMS / "pg_dump", *only, source], capture_output=True, check=True)
    restoring = [PROGRAMS / "psql", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-f", "-", admin]
    restored = subprocess.run(restoring, input=dumped.stdout, capture_output=True, check=False)
    assert restored.returncode == 0, restored.stderr
    with psycopg.connect(admin, autocommit=True) as inside:
        here = [business.schema for business in businesses]
        inside.execute("DELETE FROM tenancy_readyschema WHERE NOT name = ANY(%s)", [here])
    return Copy(server, admin, urls)
