"""The queue starts and ends empty, and callbacks come over both doors."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.test import Client

from kernel.tenancy import Business
from tests.kernel.inbox import vendor
from tests.kernel.jobs.conftest import empty_queue

__all__ = ["empty_queue"]


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    body: dict[str, Any]


Deliver = Callable[..., Answered]


def over_wsgi(
    business: Business, body: bytes, headers: dict[str, str], *, path: str = vendor.ADDRESS, method: str = "POST"
) -> Answered:
    host = f"{business.public_id}.{settings.BARE_DOMAIN}"
    sent = {name: value for name, value in headers.items() if name != "content-type"}
    response = Client().generic(method, path, body, content_type="application/json", headers={"host": host, **sent})
    return Answered(response.status_code, response.json())


def over_asgi(
    business: Business, body: bytes, headers: dict[str, str], *, path: str = vendor.ADDRESS, method: str = "POST"
) -> Answered:
    return asyncio.run(deliver(business, body, headers, path=path, method=method))


async def deliver(
    business: Business, body: bytes, headers: dict[str, str], *, path: str = vendor.ADDRESS, method: str = "POST",
    parts: int = 1,
) -> Answered:  # fmt: skip
    from config.asgi import application

    sent = {"host": f"{business.public_id}.{settings.BARE_DOMAIN}", **headers}
    scope = {
        "type": "http", "method": method, "path": path, "query_string": b"",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
    }  # fmt: skip
    call = ApplicationCommunicator(application, scope)
    size = max(len(body) // parts, 1)
    pieces = [body[start : start + size] for start in range(0, len(body), size)] or [b""]
    for index, piece in enumerate(pieces):
        await call.send_input({"type": "http.request", "body": piece, "more_body": index < len(pieces) - 1})
    start = await call.receive_output(timeout=20)
    content = await call.receive_output(timeout=20)
    await call.wait(timeout=5)
    return Answered(start["status"], orjson.loads(content["body"]))


@pytest.fixture(params=[over_wsgi, over_asgi], ids=["wsgi", "asgi"])
def door(request: pytest.FixtureRequest) -> Deliver:
    """Each test runs over Django and over the ASGI entry: they must not differ."""
    return request.param
