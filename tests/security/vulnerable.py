"""A view with the fault that the database is to make harmless: what its caller says becomes part of its statement."""

from collections.abc import Iterator
from typing import Any

from django.db import DatabaseError, connection
from django.urls import path
from rest_framework.response import Response

from kernel.http.views import SIGNED_IN
from tests.kernel.http.views import TestView


def _all_there_is(cursor: Any) -> Iterator[list[str]]:
    """The rows of every statement that was carried out."""
    more = True
    while more:
        if cursor.description:
            yield from ([str(value) for value in row] for row in cursor.fetchall())
        more = cursor.nextset()


class Lookup(TestView):
    """Answers every row, and what the database says of a statement that fails, as careless views do."""

    permission = {"GET": SIGNED_IN}

    def get(self, request: Any) -> Response:
        name = request.query_params["name"]
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT name FROM accounts_user WHERE name = '{name}'")
                return Response({"rows": [*_all_there_is(cursor)]})
        except DatabaseError as error:
            return Response({"error": str(error)}, status=400)


urlpatterns = [path("api/v1/lookup", Lookup.as_view(), name="tests_lookup")]
