"""A connection kept from one request to the next is looked at before it is used, without a word to the server.

Django asks `SELECT 1` on each kept connection at the start of each request. A server that went away has ended the
connection, which the socket tells by itself; only where something waits to be read is Django left to ask.
"""

import select
from typing import Any

from django.core.signals import request_started
from django.db import connections
from psycopg.pq import TransactionStatus


def look(**_: Any) -> None:
    """At the start of a request, after Django's own look at how old its connections are."""
    for connection in connections.all(initialized_only=True):
        if connection.connection is not None and not connection.in_atomic_block and is_quiet(connection.connection):
            connection.health_check_done = True  # type: ignore[attr-defined]


def is_quiet(driver: Any) -> bool:
    """Whether the connection is idle and nothing, not even its end, has come over it."""
    if driver.closed or driver.pgconn.transaction_status != TransactionStatus.IDLE:
        return False
    waiting = select.poll()
    waiting.register(driver.fileno(), select.POLLIN)
    return not waiting.poll(0)


request_started.connect(look)
