"""A connection kept from one request to the next is looked at before it is used, without a word to the server.

Django asks `SELECT 1` on each kept connection once a request. A server that went away has ended the connection, which the
socket tells by itself; only where something waits to be read is Django left to ask.
"""

import select
from collections.abc import Callable
from typing import Any

from django.db import connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase

_IDLE = 0  # libpq's PQTRANS_IDLE


class KeptConnectionsMiddleware:
    """Before whatever asks the database."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        for connection in connections.all(initialized_only=True):
            if connection.connection is not None and not connection.in_atomic_block and is_quiet(connection.connection):
                connection.health_check_done = True  # type: ignore[attr-defined]
        return self.get_response(request)


def is_quiet(driver: Any) -> bool:
    """Whether the connection is idle and nothing, not even its end, has come over it."""
    if driver.closed or driver.pgconn.transaction_status != _IDLE:
        return False
    waiting = select.poll()
    waiting.register(driver.fileno(), select.POLLIN)
    return not waiting.poll(0)
