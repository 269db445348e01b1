"""Every host, every status and every process answers with the same protective headers, and says nothing of itself."""

import os
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
from asgiref.testing import ApplicationCommunicator
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client as Browser
from django.urls import path

from config import urls_public, urls_tenant
from kernel.http.headers import protective
from kernel.tenancy import Business, platform_business, platform_scope
from kernel.tenancy.backend.base import DatabaseWrapper
from kernel.tenancy.directory import forget
from scripts.stack.product import PROTECTED_FILES, origin
from scripts.stack.servers import http_status
from scripts.stack.supervisor import Supervisor, remove
from shared_apps.tenants.models import Tenant
from tests.support.people import staff

HSTS = "max-age=31536000; includeSubDomains; preload"
DATA = {**protective(), "Strict-Transport-Security": HSTS}
PAGE = {**protective(page=True), "Strict-Transport-Security": HSTS}
TELLING = ("server", "via", "x-powered-by", "set-cookie")


def failing(request: HttpRequest) -> HttpResponse:
    raise ValueError("a fault of ours")


class Views:
    """The product's own addresses and one that fails, on both kinds of host."""

    def __init__(self, urls: Any) -> None:
        self.urlpatterns = [path("api/v1/failing", failing), *urls.urlpatterns]
        for status in (400, 403, 404, 500):
            setattr(self, f"handler{status}", getattr(urls, f"handler{status}"))


@pytest.fixture
def over_tls(settings: Any) -> Any:
    """As production is told, with an address that fails."""
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    settings.ROOT_URLCONF, settings.TENANT_URLCONF = Views(urls_public), Views(urls_tenant)
    return settings


def become(business: Business, state: str) -> None:
    with platform_scope():
        Tenant.objects.filter(schema_name=business.schema).update(state=state)
    forget()


def told(answer: Any) -> dict[str, str]:
    """The protective headers of an answer, and what it tells of who answers."""
    return {name: answer.headers[name] for name in DATA if name in answer.headers} | {
        name: answer.headers[name] for name in TELLING if name in answer.headers
    }


def hosts(academy: Business) -> dict[str, str]:
    return {
        "the operator's": "localhost",
        "a tenant's slug": f"{academy.slug}.localhost",
        "a tenant's permanent name": f"{academy.public_id}.localhost",
        "nobody's": "nobody.localhost",
        "no host": "a b",
    }


def asked(host: str, method: str, address: str, *, token: str = "", body: bytes = b"", **headers: str) -> Any:
    sent = {"Host": host, **({"Authorization": f"Bearer {token}"} if token else {}), **headers}
    browser = Browser(raise_request_exception=False)
    return browser.generic(method, address, body, content_type="application/json", headers=sent, secure=True)


def test_every_kind_of_host_and_status_carries_them(
    over_tls: Any, academy: Business, other_academy: Business, library: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = staff(academy)
    seen: dict[str, tuple[int, dict[str, str]]] = {}

    def ask(what: str, host: str, method: str, address: str, **options: Any) -> None:
        answer = asked(host, method, address, **options)
        seen[what] = (answer.status_code, told(answer))

    over_tls.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    for kind, host in hosts(academy).items():
        for method, address in (
            ("GET", "/api/v1"),
            ("GET", "/api/v1/docs"),
            ("GET", "/api/v1/schema"),
            ("GET", "/healthz"),
            ("GET", "/nowhere"),
            ("GET", "/api/v1/nowhere"),
            ("DELETE", "/api/v1/health"),
            ("GET", "/api/v1/users"),
            ("POST", "/api/v1/payments/webhook/cashfree"),
            ("GET", "/api/v1/failing"),
        ):
            ask(f"{kind}: {method} {address}", host, method, address)
        ask(f"{kind}: a body that is no JSON", host, "POST", "/api/v1/auth/login", body=b"{")
        ask(f"{kind}: a body too large", host, "POST", "/api/v1/auth/login", body=b"x" * 1_001)
    at = f"{academy.slug}.localhost"
    ask("people's rows", at, "GET", "/api/v1/users", token=owner.token)
    ask("people's rows as a file", at, "GET", "/api/v1/users?format=csv", token=owner.token)
    ask("an unknown parameter", at, "GET", "/api/v1/users?x=1", token=owner.token)
    for state in ("suspended", "deleted", "provisioning"):
        become(other_academy, state)
        ask(f"a tenant {state}", f"{other_academy.slug}.localhost", "GET", "/api/v1/health")
    for _ in range(101):
        last = asked(f"{library.slug}.localhost", "GET", "/api/v1/health")
    seen["too many"] = (last.status_code, told(last))
    with monkeypatch.context() as patch:
        patch.setattr(DatabaseWrapper, "_apply", _away)
        ask("no database", at, "GET", "/api/v1/users", token=owner.token)

    wrong = {
        what: found
        for what, (status, found) in seen.items()
        if found != (PAGE if "/docs" in what and status == 200 else DATA)
    }
    assert wrong == {}
    assert {status for status, _ in seen.values()} == {200, 400, 401, 403, 404, 405, 410, 413, 429, 500, 503}
    assert len(seen) == 12 * 5 + 8


def _away(*_: Any) -> None:
    raise OperationalError("the database is away")


@pytest.mark.asyncio
async def test_the_callbacks_door_carries_them_too(over_tls: None) -> None:
    """It is no view of Django's."""
    from kernel.inbox.asgi import CallbackApp

    for method, where, status in (("POST", "nowhere", 404), ("GET", "payments/webhook/cashfree", 405)):
        scope = {
            "type": "http", "method": method, "path": f"/api/v1/{where}", "headers": [], "query_string": b"",
            "business": platform_business(),
        }  # fmt: skip
        app = ApplicationCommunicator(CallbackApp(), scope)
        await app.send_input({"type": "http.request", "body": b"", "more_body": False})
        start = await app.receive_output()
        found = {name.decode(): value.decode() for name, value in start["headers"]}
        assert start["status"] == status
        assert {name: found.get(name.lower()) for name in DATA} == DATA
        assert not found.keys() & set(TELLING)


class Talkative(BaseHTTPRequestHandler):
    """A server that says what it is, and protects nothing."""

    server_version, protocol_version = "Talkative/1.2.3", "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        for name, value in (("X-Powered-By", "Talkative"), ("Content-Type", "image/svg+xml"), ("Content-Length", "0")):
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def talkative() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Talkative)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()


def test_the_origin_says_nothing_of_itself_protects_files_and_its_own_answer(talkative: str) -> None:
    supervisor = Supervisor(f"headers-{os.getpid()}")
    try:
        service = origin(supervisor, talkative)
        assert service.folder
        config = service.folder / "Caddyfile"
        config.write_text(config.read_text().replace("lb_try_duration 5s", ""))  # nobody comes
        address = f"http://127.0.0.1:{supervisor.ports.take('origin')}/thing"
        supervisor.start(replace(service, ready=lambda: http_status(address) == 503))
        files = httpx.get(address, headers={"Host": "files.localhost"})
        away = httpx.get(address)
    finally:
        supervisor.stop()
        remove(supervisor.folder)
    assert (files.status_code, away.status_code) == (200, 503)
    assert {name: files.headers.get(name) for name in PROTECTED_FILES} == PROTECTED_FILES
    assert {name: away.headers.get(name) for name in protective()} == protective()
    assert away.headers["content-type"] == "application/problem+json"
    assert [name for answer in (files, away) for name in TELLING if name in answer.headers] == []
