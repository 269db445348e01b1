"""What strangers show at a host: seven kinds of credential, each tried with every method of every address there is."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle

import jwt
from django.conf import settings
from django.http import HttpResponse

from kernel import clock
from kernel.http.views import PUBLIC
from kernel.ids import uuid7
from kernel.tenancy import Business, business_scope, platform_business
from shared_apps.accounts.tokens import AccessToken
from tests.isolation.doors import Door, Row, Table, address, status_of, text_of
from tests.isolation.world import World
from tests.support.people import Client, anyone, session_text, signed_in

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_BODILESS = {"GET", "HEAD", "OPTIONS"}
# What is sent where a door takes no such method.
_NOTHING = {"canary": "canary-A"}

INVALID = "accounts.token_invalid"


@dataclass(frozen=True)
class Shown:
    """A credential at a host, and the code by which a closed door refuses it."""

    client: Client
    code: str = INVALID


@dataclass(frozen=True)
class Try:
    """One method of one address and what it is to answer there: `code` is None where the credential decides."""

    door: Door
    method: str
    row: Row
    status: int = 401
    code: str | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.door.name}"


Kinds = dict[str, Callable[[World], list[Shown]]]

AT_A_TENANT: Kinds = {
    "nobody": lambda world: [Shown(anyone(world.away), "http.not_signed_in")],
    "another's student": lambda world: [_at(world.away, world.clients["pupil"])],
    "another's owner": lambda world: [_at(world.away, world.clients["owner"])],
    "the operator": lambda world: [_at(world.away, world.clients["admin"])],
    "a refresh token": lambda world: [_refresh(world.home, world.clients["owner"])],
    "a token that does not hold": lambda world: _spoiled(world.home, world.clients["owner"]),
    "a vendor": lambda world: [_vendor(world.away)],
}
AT_THE_OPERATOR: Kinds = {
    "nobody": lambda world: [Shown(anyone(platform_business()), "http.not_signed_in")],
    "a student": lambda world: [_at(platform_business(), world.clients["pupil"])],
    "an owner": lambda world: [_at(platform_business(), world.clients["owner"])],
    "a teacher": lambda world: [_at(platform_business(), world.clients["teacher"])],
    "a refresh token": lambda world: [_refresh(platform_business(), world.clients["admin"])],
    "a token that does not hold": lambda world: _spoiled(platform_business(), world.clients["admin"]),
    "a vendor": lambda world: [_vendor(platform_business())],
}


def _at(business: Business, whose: Client) -> Shown:
    return Shown(Client(business, token=whose.token, session=whose.session))


def _refresh(business: Business, whose: Client) -> Shown:
    assert whose.tokens
    return Shown(Client(business, token=whose.tokens.refresh))


def _vendor(business: Business) -> Shown:
    """Someone with what the operator's vendors sign by."""
    return Shown(Client(business, token=settings.MSG91_WEBHOOK_TOKEN))


def _spoiled(business: Business, whose: Client) -> list[Shown]:
    """Tokens of the business itself, in turn: too old, signed by another, by nobody, of a device that signed out."""
    payload = jwt.decode(whose.token, options={"verify_signature": False})
    ended = signed_in(business, "admin" if business.is_platform else "staff", user=whose.user)
    assert ended.post("auth/logout").status_code == 204
    return [
        Shown(
            Client(business, token=expired(business, whose), session=session_expired(business, whose)),
            "accounts.token_expired",
        ),
        Shown(Client(business, token=jwt.encode(payload, settings.SECRET_KEY, algorithm="HS256"))),
        Shown(Client(business, token=jwt.encode(payload, "", algorithm="none"))),
        Shown(Client(business, token=ended.token, session=ended.session), "accounts.signed_out"),
    ]


def expired(business: Business, client: Client) -> str:
    """A token of a sign-in that stands, past its own time."""
    assert client.user
    assert client.tokens
    with business_scope(business):
        token = AccessToken()
        token["sub"], token["sid"] = str(client.user.id), str(client.tokens.sign_in)
        token.set_exp(from_time=clock.now(), lifetime=-settings.ACCESS_TOKEN_LIFETIME)
        return str(token)


def session_expired(business: Business, client: Client) -> str:
    """The cookie of a sign-in that stands, past its own time."""
    assert client.tokens
    return session_text(business, client.tokens.sign_in, life=-settings.REFRESH_TOKEN_LIFETIME)


def tries(doors: tuple[Door, ...], rows: Table) -> Iterator[Try]:
    """Every method of every address but those open to all, which have no stranger."""
    for route in dict.fromkeys(door.route for door in doors):
        here = {door.method: door for door in doors if door.route == route}
        known = next((rows[door.key] for door in here.values() if door.key in rows), None)
        if known is None:
            continue  # said by the test that counts the rows
        first = next(iter(here.values()))
        for method in METHODS:
            door = here.get("GET" if method == "HEAD" else method)
            if door is None:
                yield Try(first, method, known, *_unknown(first))
            elif door.name == "http_nowhere":
                yield Try(door, method, known, *_unknown(door))
            elif door.permission != PUBLIC:
                yield Try(door, method, rows.get(door.key, known))


def _unknown(door: Door) -> tuple[int, str]:
    """How an address answers to a method it does not take."""
    if door.name == "http_nowhere":
        return 404, "http.not_found"
    if door.name == "inbox_receive":
        return 405, "inbox.post_only"
    return 405, "" if door.plain or door.is_page else "http.method_not_allowed"


def ask(world: World, one: Try, client: Client) -> HttpResponse:
    body = None
    if one.method not in _BODILESS:
        body = world.filled(one.row.body) if one.code is None else _NOTHING
    if one.door.is_page:
        # Whatever text is shown to the API is shown to pages as their cookie.
        return client.page(one.method, address(world, one.door, one.row), body, session=client.session or client.token)
    key = str(uuid7()) if one.method == "POST" else ""
    return client.call(one.method, address(world, one.door, one.row), body, key=key)


def refused(world: World, one: Try, shown: Shown) -> str:
    """Try it; what is wrong with the answer, or nothing."""
    answer = ask(world, one, shown.client)
    said = text_of(answer)
    status = answer.status_code
    told = f"{one} at {shown.client.host}: {status} {said[:400]}"
    if one.door.is_page:
        said, status = said.replace(shown.client.business.name, ""), status_of(answer)
    if "canary" in said.lower():
        return f"data shown to a stranger: {told}"
    code = shown.code if one.code is None else one.code
    if status != one.status:
        return f"not refused as it should be: {told}"
    if one.method != "HEAD" and code and not one.door.is_page and json.loads(answer.content)["code"] != code:
        return f"not {code}: {told}"
    return ""


def wrongs(world: World, found: list[Try], shown: list[Shown]) -> list[str]:
    """What is wrong with the answers to all of them, tried in turn with what is shown."""
    return [wrong for one, this in zip(found, cycle(shown), strict=False) if (wrong := refused(world, one, this))]
