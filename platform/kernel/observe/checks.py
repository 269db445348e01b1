"""Whether what the product stands on answers: PostgreSQL and Redis."""

import logging

from django.db import DatabaseError, InterfaceError, connection
from redis import RedisError

from kernel.http.redis import client
from kernel.tenancy import system_scope

log = logging.getLogger(__name__)

OK, UNREACHABLE = "ok", "unreachable"


def database() -> str:
    """`ok`, or `unreachable`."""
    try:
        with system_scope("directory"), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except (DatabaseError, InterfaceError):
        log.warning("ready.database_unreachable", exc_info=True)
        return UNREACHABLE
    return OK


def redis() -> str:
    """`ok`, or `unreachable`: it may be lost at any time, and nothing with it."""
    try:
        client().ping()
    except RedisError:
        return UNREACHABLE
    return OK
