"""Trying to leak before anybody else can: whether the database's address keeps one session for one connection.

A pooler that hands a session from one transaction to the next carries the search path and the role along, and with them
one tenant's rows to another (PgBouncer in transaction mode: half of all reads). Whether an address does so is asked of
the address itself, once a process, before its first query, on a few connections that work in turn and at once.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import permutations
from typing import Any

import psycopg
from django.db import OperationalError, connection
from psycopg import sql

from kernel.tenancy.errors import AddressLeaks
from kernel.tenancy.roles import SYSTEM_ROLES, system_role
from kernel.tenancy.scope import system_scope

log = logging.getLogger(__name__)

CONNECTIONS = 3
_LOOK = "SELECT current_setting('search_path'), current_user, pg_backend_pid()"


def refuse_leaks(connect: Callable[[], Any]) -> None:
    """Raises AddressLeaks when what one connection sets is not what it alone sees; `connect` gives psycopg connections.

    Each connection takes a path and a role of its own. Then they look, in every order, once one after another and once
    while the others keep a transaction open, so that a pool of one session and a pool of many are both found out.
    """
    with ExitStack() as opened:
        held = [opened.enter_context(connect()) for _ in range(CONNECTIONS)]
        for connection in held:
            connection.autocommit = True
        wanted = [_marked(connection, number) for number, connection in enumerate(held)]
        for order in permutations(range(CONNECTIONS)):
            for number in order:
                _compare(wanted[number], _seen(held[number]))
            with ExitStack() as busy:
                for number in order:
                    busy.enter_context(held[number].transaction())
                    _compare(wanted[number], _seen(held[number]))


def _marked(connection: Any, number: int) -> tuple[str, str, int]:
    """Set what a scope sets, in the same statement; what must be seen from now on."""
    path, role = f"probe_{number}", system_role(SYSTEM_ROLES[number])
    with psycopg.Cursor(connection) as cursor:
        names = sql.Identifier(path), sql.Identifier(role)
        cursor.execute(sql.SQL("SET search_path TO {}; SET ROLE {}").format(*names))
        cursor.execute("SELECT pg_backend_pid()")
        (session,) = cursor.fetchone() or (0,)
    return path, role, session


def _seen(connection: Any) -> tuple[str, str, int]:
    with psycopg.Cursor(connection) as cursor:
        found: tuple[str, str, int] = cursor.execute(_LOOK).fetchone()  # type: ignore[assignment]
    return found


def _compare(wanted: tuple[str, str, int], seen: tuple[str, str, int]) -> None:
    if wanted != seen:
        raise AddressLeaks(
            "the database's address hands sessions around between transactions, and tenants' rows with them: connect to"
            f" PostgreSQL itself or to a pooler in session mode (a connection set {wanted[:2]} and saw {seen[:2]})"
        )


def refuse_leaky_start() -> None:
    """Connect once before anything is served. Raises AddressLeaks; a database that is away is probed when it is back.

    In a thread of its own: some servers load what they serve on their event loop, where Django asks no database.
    """
    with ThreadPoolExecutor(1) as thread:
        thread.submit(_connect).result()


def _connect() -> None:
    try:
        with system_scope("directory"):
            connection.ensure_connection()
    except OperationalError:
        log.warning("database.away_at_start")
    finally:
        connection.close()
