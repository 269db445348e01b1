"""A request through Django's own handler, without a network: for the sides that differ in their tenancy alone."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from statistics import median
from typing import Any

import psycopg
from django.core.handlers.wsgi import WSGIHandler

_state: dict[str, Any] = {}


def requests(host: str, number: int) -> dict[str, Any]:
    """Milliseconds of the middle one of `number` requests to `/hello`, what `/branches` answered, and how many statements
    each request to that sends once some were answered."""
    handler = _state.setdefault("handler", WSGIHandler())
    taken = []
    for _ in range(number):
        begun = time.perf_counter()
        _asked(handler, host, "/hello")
        taken.append(time.perf_counter() - begun)
    for _ in range(5):
        body = _asked(handler, host, "/branches")
    with _counted() as statements:
        _asked(handler, host, "/branches")
    return {"ms": median(taken) * 1000, "body": body, "statements": len(statements)}


def _asked(handler: WSGIHandler, host: str, path: str) -> str:
    begun: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": host,
        "SERVER_PORT": "80",
        "HTTP_HOST": host,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
    }
    answer = handler(environ, lambda status, *_: begun.append(status))  # type: ignore[arg-type]
    try:
        text = b"".join(answer).decode()
    finally:
        answer.close()
    assert begun == ["200 OK"], f"{begun}: {text[:500]}"
    return text


@contextmanager
def _counted() -> Iterator[list[str]]:
    """Every statement any cursor of the driver sends, those that set a path or a role included."""
    sent: list[str] = []
    plain = psycopg.Cursor.execute

    def execute(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        sent.append(str(query))
        return plain(self, query, *args, **kwargs)

    psycopg.Cursor.execute = execute  # type: ignore[method-assign]
    try:
        yield sent
    finally:
        psycopg.Cursor.execute = plain  # type: ignore[method-assign]


def branches_make(names: list[str]) -> None:
    """Rows to answer with, in the schema of the present scope."""
    from tenant_apps.people.models import Branch

    if not Branch.objects.exists():
        Branch.objects.bulk_create(
            Branch(name=name, code=f"B{number}", kind="academy") for number, name in enumerate(names)
        )
