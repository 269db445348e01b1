"""A kept connection is used again without asking the server, unless the server has ended it."""

import psycopg
from django.core.signals import request_started
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory

from kernel.http.kept import KeptConnectionsMiddleware, is_quiet
from kernel.tenancy import platform_scope
from tests.support.database import superuser_url


def begin() -> None:
    """As a request begins."""
    request_started.send(sender=None)
    KeptConnectionsMiddleware(lambda _: HttpResponse())(RequestFactory().get("/"))


def test_a_standing_connection_is_asked_nothing_and_an_ended_one_is_replaced():
    connection.close()  # one that served many schemas may be due to retire
    with platform_scope():
        connection.ensure_connection()
        first = connection.connection
        backend = first.info.backend_pid
        assert is_quiet(first)
        begin()
        assert connection.health_check_done
        with psycopg.connect(superuser_url(), autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
        assert not is_quiet(first)
        begin()
        assert not connection.health_check_done
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        assert connection.connection.info.backend_pid != backend


def test_a_connection_with_work_under_way_is_not_quiet():
    with platform_scope():
        connection.ensure_connection()
        with connection.connection.transaction():
            assert not is_quiet(connection.connection)
