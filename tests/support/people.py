"""Clients on a business's host, signed in or not: real middleware, real tokens, JSON both ways."""

import itertools
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.test import Client as DjangoClient

from kernel import clock
from kernel.tenancy import Business, business_scope, platform_business
from shared_apps.accounts import sessions
from shared_apps.accounts.models import SignIn, User
from shared_apps.accounts.services import Device, RoleHeld, Tokens, sign_in_start, user_create
from shared_apps.accounts.tokens import SessionToken

_numbers = itertools.count(1)


class Client:
    """Calls `/api/v1/<path>` on one host. Each client has an address of its own, so their rate limits are apart."""

    def __init__(
        self,
        business: Business,
        *,
        token: str = "",
        tokens: Tokens | None = None,
        user: User | None = None,
        session: str = "",
    ):
        self.business = business
        self._session = session
        self.token = tokens.access if tokens else token
        self.tokens = tokens
        self.user = user
        number = next(_numbers)
        self.ip = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        self._django = DjangoClient(raise_request_exception=True)

    @property
    def host(self) -> str:
        if self.business.is_platform:
            return settings.BARE_DOMAIN
        return f"{self.business.public_id}.{settings.BARE_DOMAIN}"

    def call(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, key: str = ""
    ) -> HttpResponse:
        """One request. `key` is the Idempotency-Key; a body of bytes goes as it is, anything else as JSON."""
        sent = {"Host": self.host, "X-Forwarded-For": self.ip, **(headers or {})}
        if self.token and "Authorization" not in sent:
            sent["Authorization"] = f"Bearer {self.token}"
        if key:
            sent["Idempotency-Key"] = key
        options: dict[str, Any] = {}
        if body is not None:
            options["data"] = body if isinstance(body, bytes) else json.dumps(body, default=str)
            options["content_type"] = sent.pop("Content-Type", "application/json")
        address = path if path.startswith("/") else f"/api/v1/{path}"
        return self._django.generic(method, address, headers=sent, **options)

    def get(self, path: str, **options: Any) -> HttpResponse:
        return self.call("GET", path, **options)

    @property
    def session(self) -> str:
        """The cookie by which pages know this client: the one given, else that of its own sign-in."""
        if not self._session and self.tokens:
            self._session = session_text(self.business, self.tokens.sign_in)
        return self._session

    def page(
        self,
        method: str,
        path: str,
        form: dict[str, Any] | None = None,
        *,
        headers: dict[str, str] | None = None,
        cookies: dict[str, str] | None = None,
        session: str = "",
    ) -> HttpResponse:
        """One request as a browser makes it: by the session's cookie, a form sent as forms are."""
        self._django.cookies.clear()
        for name, value in {sessions.name(): session or self.session, **(cookies or {})}.items():
            if value:
                self._django.cookies[name] = value
        sent = {"Host": self.host, "X-Forwarded-For": self.ip, "Accept": "text/html", **(headers or {})}
        kind = "application/x-www-form-urlencoded"
        return self._django.generic(method, path, urlencode(form or {}), content_type=kind, headers=sent)

    def post(self, path: str, body: Any = None, **options: Any) -> HttpResponse:
        return self.call("POST", path, body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> HttpResponse:
        return self.call("PUT", path, body, **options)

    def patch(self, path: str, body: Any = None, **options: Any) -> HttpResponse:
        return self.call("PATCH", path, body, **options)

    def delete(self, path: str, **options: Any) -> HttpResponse:
        return self.call("DELETE", path, **options)


def session_text(business: Business, sign_in: UUID, *, life: timedelta = timedelta(hours=1)) -> str:
    """The cookie of a sign-in; past its time with a negative `life`. Nothing is written."""
    with business_scope(business):
        row = SignIn.objects.get(id=sign_in)
        token = SessionToken()
        token.set_exp(from_time=clock.now(), lifetime=life)
        token["sub"], token["sid"], token["jti"] = str(row.user_id), str(row.id), str(row.refresh)
        return str(token)


def anyone(business: Business) -> Client:
    """A client on the business's host that is not signed in."""
    return Client(business)


def phone_make() -> str:
    """An Indian mobile number nobody else in this run has."""
    return f"+9198{next(_numbers):08d}"


def email_make() -> str:
    return f"person-{next(_numbers)}@example.in"


def user_make(
    business: Business,
    *,
    role: str = "",
    branch: UUID | None = None,
    name: str = "Meera Iyer",
    phone: str | None = None,
    email: str | None = None,
    password: str | None = None,
) -> User:
    """Someone of the business, with one role or none; phone and e-mail are made up when not given."""
    with business_scope(business):
        return user_create(
            name=name,
            phone=phone or phone_make(),
            email=email or email_make(),
            password=password,
            roles=[RoleHeld(role, branch)] if role else [],
        )


def signed_in(
    business: Business,
    kind: str = "staff",
    role: str = "owner",
    *,
    branch: UUID | None = None,
    user: User | None = None,
    student: UUID | None = None,
) -> Client:
    """A client signed in as an admin, a member of staff, or a student acting for the profile `student`.

    `client.user` is the person, `client.tokens.sign_in` the device.
    """
    user = user or user_make(business, role="" if kind == "student" else role, branch=branch)
    with business_scope(business):
        tokens = sign_in_start(user=user, student=student, device=Device(name="test client"))
    return Client(business, tokens=tokens, user=user)


def staff(business: Business, role: str = "owner", **options: Any) -> Client:
    return signed_in(business, "staff", role, **options)


def student(business: Business, **options: Any) -> Client:
    return signed_in(business, "student", **options)


def admin(role: str = "super_admin", **options: Any) -> Client:
    return signed_in(platform_business(), "admin", role, **options)


def api(business: Business, who: Client | str | None = None) -> Client:
    """A client on `business`'s host that shows the token of `who` (a client or the token itself), or none."""
    return Client(business, token=who.token if isinstance(who, Client) else who or "")
