"""Every door there is over HTTP, out of the resolvers; and how one is tried at home and abroad."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import get_resolver

from kernel.http.views import PUBLIC, SIGNED_IN
from kernel.ids import uuid7
from kernel.tenancy import platform_business
from shared_apps.accounts.roles import READ_ONLY, STUDENT, permissions_of
from tests.isolation.twins import AWAY, HOME, canary
from tests.isolation.world import UNITS, World
from tests.support.people import Client

REFUSED = frozenset({401, 403, 404, 405})
_PLACE = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Door:
    """One method of one address; `permission` is what its view asks for, `plain` one that is a mere function,
    `always` one that a suspended business's people, or its staff, still pass."""

    name: str
    method: str
    route: str
    permission: str
    plain: bool = False
    always: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.name}"

    @property
    def is_page(self) -> bool:
        """Whether people open it, by session; a page bears the name of the business whose host it is at."""
        return self.name.startswith("page_")

    @property
    def key(self) -> tuple[str, str]:
        return self.name, self.method


@dataclass(frozen=True, kw_only=True)
class Row:
    """How a door is tried: `by` whom at home, with which ids, and what it answers there.

    `path` names the id of each place of the address that is not named like its place. `shows` names the trace of the
    business in the answer (`TRACES`), None where the answer holds no data of it. `writes` are the tables in which a
    stranger's try leaves a mark abroad, as guesses are counted where they are made. `refusals` are the answers to
    strangers; `openly`: the host tells anyone who it is.
    """

    by: str = "owner"
    path: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    shows: str | None = "canary"
    writes: frozenset[str] = frozenset()
    refusals: frozenset[int] = REFUSED
    openly: bool = False


Table = dict[tuple[str, str], Row]

TRACES = {
    "canary": (canary(HOME), canary(AWAY)),
    "units": tuple(re.compile(rf"\b{UNITS[one]}\b") for one in (HOME, AWAY)),
    "plan": (re.compile("professional"), re.compile("starter")),
}


@cache
def doors(urlconf: str) -> tuple[Door, ...]:
    return tuple(_walk(get_resolver(urlconf).url_patterns, "/"))


def _walk(patterns: Any, prefix: str) -> Iterator[Door]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _walk(pattern.url_patterns, route)
            continue
        view = getattr(pattern.callback, "cls", pattern.callback)
        # Views that are plain functions are open; callbacks are posted to them, all else is read.
        opened = getattr(view, "permission", None)
        plain = {"POST" if pattern.name == "inbox_receive" else "GET": PUBLIC}
        always = getattr(view, "when_suspended", False) or getattr(view, "door", None) is not None
        for method, permission in (plain if opened is None else opened).items():
            yield Door(pattern.name, method, route, permission, opened is None, always)


def address(world: World, door: Door, row: Row) -> str:
    """The door's address with home's ids, which are the twin's too."""
    if door.name == "inbox_receive":
        return f"/api/v1/{row.path['path']}{world.filled(row.query)}"
    if door.name == "http_nowhere":
        return "/api/nowhere"
    path = _PLACE.sub(lambda found: world.ids[row.path.get(found[1], found[1])], door.route)
    return f"{path}{world.filled(row.query)}"


def call(world: World, client: Client, door: Door, row: Row) -> HttpResponse:
    if door.is_page:
        return client.page(door.method, address(world, door, row), world.filled(row.body), headers=dict(row.headers))
    return client.call(
        door.method,
        address(world, door, row),
        world.filled(row.body),
        key=str(uuid7()) if door.method == "POST" else "",
        headers=dict(row.headers),
    )


def text_of(answer: HttpResponseBase) -> str:
    """Everything an answer says: its body and its headers."""
    return f"{body_of(answer)}\n{answer.headers}"


def body_of(answer: HttpResponseBase) -> str:
    body = b"".join(answer) if answer.streaming else answer.content  # type: ignore[attr-defined]
    return str(body.decode(errors="replace"))


def status_of(answer: HttpResponse) -> int:
    """The answer's status; a page refuses who is not signed in by sending them to do so."""
    return 401 if answer.headers.get("Location", "").startswith("/sign-in?") else answer.status_code


def home_serves(world: World, door: Door, row: Row, *, alone: bool = True) -> None:
    """At home the door does its work and shows home's data, `alone`: nobody else's."""
    answer = call(world, world.clients[row.by], door, row)
    said = text_of(answer)
    assert answer.status_code == row.status, f"{door} at home: {answer.status_code} {said[:600]}"
    for trace in {"canary", row.shows or "canary"} if alone else ():
        assert not TRACES[trace][1].search(said), f"{door} shows the other's {trace} at home: {said[:600]}"
    assert row.shows is None or TRACES[row.shows][0].search(said), f"{door} shows no {row.shows} at home: {said[:600]}"


def twin_serves(world: World, door: Door, row: Row) -> None:
    """Abroad its own people see what is theirs under the very same ids, which of the operator's rows they do not."""
    owner = world.strangers.get(row.by)
    if owner is None or door.method != "GET" or row.shows is None:
        return
    answer = call(world, owner, door, row)
    said = text_of(answer)
    assert not TRACES["canary"][0].search(said), f"{door} shows home's data abroad"
    if any(name.endswith("_A") for name in row.path.values()):
        assert answer.status_code == 404, f"{door} knows home's row abroad: {said[:600]}"
        return
    assert answer.status_code == row.status, f"{door} to its own people abroad: {said[:600]}"
    assert TRACES[row.shows][1].search(said), f"{door} shows its own people nothing abroad: {said[:600]}"


def abroad_refuses(world: World, door: Door, row: Row, hosts: Mapping[str, Client]) -> None:
    """Whoever comes with a foreign credential, or none, is refused and told nothing."""
    for who, client in hosts.items():
        answer = call(world, client, door, row)
        said = text_of(answer)
        told = f"{door} as {who} at {client.host}: {answer.status_code} {said[:600]}"
        secret = TRACES["canary"][: 1 if row.openly or door.is_page else 2]
        assert not any(one.search(said) for one in secret), f"data shown to a stranger: {told}"
        status = status_of(answer)
        assert status in row.refusals or (row.openly and answer.status_code == 200), f"let in: {told}"


def strangers_of(world: World, door: Door, row: Row) -> dict[str, Client]:
    """Who is to be refused at a tenant's door beside whom `credentials` tries: elsewhere, as someone of little right,
    and where the door is open to all."""
    mine, away, platform = world.clients[row.by], world.away, platform_business()
    found = {"home's token at the operator's host": Client(platform, token=mine.token)}
    if door.permission == PUBLIC:
        found["home's token"] = Client(away, token=mine.token)
        found["nobody"] = world.strangers["none"]
        found["the operator's token"] = Client(away, token=world.clients["admin"].token)
    elif door.permission != SIGNED_IN and door.permission not in permissions_of((STUDENT,)):
        found["someone without a role"] = world.strangers["roleless"]
    return found


def strangers_of_operator(world: World, door: Door, row: Row) -> dict[str, Client]:
    """Who is to be refused at the operator's door."""
    platform = platform_business()
    mine, owner = world.clients[row.by], world.clients["owner"]
    found = {
        "the operator's token at a tenant's host": Client(world.away, token=mine.token, session=mine.session),
    }
    if row.openly:  # of the others, what is asked with opens the open ones and `credentials` tries the closed
        found["an owner's token"] = Client(platform, token=owner.token, session=owner.session)
        found["nobody"] = Client(platform)
    if door.permission not in (PUBLIC, SIGNED_IN) and door.permission not in permissions_of((READ_ONLY,)):
        found["who may only read"] = world.clients["reader"]
    return found
