"""A business whose host serves the views of `tests.kernel.http.views`, and callers on it."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import orjson
import pytest
from django.conf import settings as django_settings
from django.test import Client

from kernel.tenancy import Business


class Caller:
    """An HTTP caller on one business's host; gives Django responses."""

    def __init__(self, business: Business, *permissions: str, signed_in: bool = True) -> None:
        self.user_id = str(uuid4())
        self.business = business
        host = django_settings.BARE_DOMAIN if business.is_platform else f"{business.slug}.{django_settings.BARE_DOMAIN}"
        self.headers = {"Host": host}
        if signed_in:
            given = orjson.dumps({"user_id": self.user_id, "permissions": permissions}).decode()
            self.headers["Authorization"] = f"Test {given}"
        self.client = Client(raise_request_exception=False)

    def get(self, path: str, data: dict[str, Any] | None = None, **headers: str) -> Any:
        return self.client.get(path, data or {}, headers={**self.headers, **_dashed(headers)})

    def send(
        self, method: str, path: str, body: Any = None, *, content_type: str = "application/json", **headers: str
    ) -> Any:
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        return self.client.generic(
            method, path, raw, content_type=content_type, headers={**self.headers, **_dashed(headers)}
        )

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.fixture
def served(settings: Any) -> Iterator[None]:
    """The test views in place of the product's, on both kinds of host."""
    settings.ROOT_URLCONF = "tests.kernel.http.views"
    settings.TENANT_URLCONF = "tests.kernel.http.views"
    yield
    from django.urls import set_urlconf

    set_urlconf(None)


@pytest.fixture
def caller(served: None, academy: Business) -> Callable[..., Caller]:
    def make(*permissions: str, signed_in: bool = True, business: Business | None = None) -> Caller:
        return Caller(business or academy, *permissions, signed_in=signed_in)

    return make
