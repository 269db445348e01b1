"""The matrix on purpose without what it proves: with scope handling or tokens broken, every row that can tell does."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection

from kernel.http.views import PUBLIC
from kernel.jobs import runner
from kernel.realtime import publish
from kernel.tenancy import tenant_scope
from kernel.tenancy.backend.base import DatabaseWrapper
from kernel.tenancy.scope import Scope, current_scope
from shared_apps.accounts import tokens
from tests.isolation.credentials import Shown, tries, wrongs
from tests.isolation.doors import Door, abroad_refuses, address, doors, home_serves
from tests.isolation.rows_tenant import ROWS
from tests.isolation.search import leaks, traces
from tests.isolation.test_credentials import Watches, culprit
from tests.isolation.test_sockets import TOPICS, sockets, tell
from tests.isolation.world import World, job_put, world_open
from tests.support.people import Client, session_text

# Doors whose answer holds the business's own rows, so a mistaken business shows.
TELLING = [
    door
    for door in doors("config.urls_tenant")
    if door.method == "GET"
    and ROWS[door.key].shows == "canary"
    and ROWS[door.key].by == "owner"
    and ROWS[door.key].status < 400
    # Told by the host's name or kept by the operator, so no schema is read for them.
    and door.name not in {"http_root", "inbox_list", "inbox_show", "page_manifest", "page_organisation_preview"}
    and door.name not in {"organisation_domain", "organisation_domains"}
]
# Doors that would let home's owner in abroad, did a token not name its business.
CLOSED = [
    door
    for door in doors("config.urls_tenant")
    if door.permission != PUBLIC
    and ROWS[door.key].by == "owner"
    # What a page refuses its own people, or gives all alike, does not tell whom it let in.
    and not (door.is_page and ROWS[door.key].status >= 400)
    and door.name not in {"page_import_template", "page_check_in"}
    # These name a row of the operator's, which is not the twin's whoever asks.
    and not any(name.endswith("_A") for name in ROWS[door.key].path.values())
]


@pytest.fixture(scope="module")
def world(bucket: str, sandbox_urls: dict[str, str]) -> Iterator[World]:
    """A world to be used up, and full of what the search at its end would find."""
    with world_open(sandbox_urls) as made:
        made.spoiled = True
        yield made


@contextmanager
def scope_that_stays(monkeypatch: pytest.MonkeyPatch, world: World) -> Iterator[None]:
    """Whichever tenant is asked for, the connection serves the twin: as if it had been left there by the last request."""
    with tenant_scope(world.away):
        stale = current_scope()
    apply = DatabaseWrapper._apply

    def broken(self: DatabaseWrapper, scope: Scope | None) -> None:
        if scope is None or scope.business.is_platform or scope.role is None:
            apply(self, scope)
            return
        apply(self, stale)
        self.applied = scope

    with monkeypatch.context() as patch:
        patch.setattr(DatabaseWrapper, "_apply", broken)
        try:
            yield
        finally:
            connection.close()  # it is not where it says it is


def fails(check: Any, *args: Any) -> bool:
    try:
        check(*args)
    except AssertionError:
        return True
    return False


def test_a_scope_that_stays_fails_every_telling_row(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(TELLING) >= 30
    assert leaks(world, traces(world)) == []
    with scope_that_stays(monkeypatch, world):
        held = [str(door) for door in TELLING if not fails(home_serves, world, door, ROWS[door.key])]
    assert held == []
    # Nor does the search that ends every other world overlook one; a file's key betrays whose it is before it is told,
    # and so does that of an import.
    found = "\n".join(leaks(world, traces(world)))
    silent = {str(door) for door in TELLING if address(world, door, ROWS[door.key]) not in found}
    assert silent == {"GET files_read", "GET page_import"}


def test_a_scope_that_stays_is_seen_in_the_others_tables(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert world.watch.look() <= {"audit_entry"}  # lists that were taken before in the wrong scope
    split, whole = (job_put(world.home, handler, {}) for handler in ("bookings.expire", "classes.expire"))
    with scope_that_stays(monkeypatch, world):
        assert world.clients["owner"].patch("auth/me", {"name": "canary-A was here"}).status_code == 200
        assert world.watch.look() == {"accounts_user"}
        runner.run_one(split)
        assert "bookings_booking" in world.watch.look()
        # Beneath the scope the database still holds: work in one transaction goes with its mark, which is refused.
        assert runner.run_one(whole) == runner.LOST
        with pytest.raises(DatabaseError, match="puts jobs for itself only"):
            job_put(world.home, "classes.expire", {})
        assert world.watch.look() == set()


def test_tokens_good_at_any_business_fail_every_closed_row(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(CLOSED) >= 100
    world.watch.look()
    with tokens_of_anyone(monkeypatch):
        client = Client(world.away, token=token_again(world), session=session_again(world))
        reads = [one for one in tries(tuple(CLOSED), ROWS) if (one.method, one.status) == ("GET", 401)]
        assert len(wrongs(world, reads, [Shown(client)])) == len(reads) >= 40
        (deed,) = (one for one in tries(tuple(CLOSED), ROWS) if str(one) == "PATCH accounts_me")
        assert culprit(world, Watches(world), [*reads[:3], deed], [Shown(client)]).startswith(
            "PATCH accounts_me changed"
        )
        held = [str(door) for door in CLOSED if not let_in(world, door, client)]
    assert held == []
    assert {"people_student", "bookings_booking", "classes_slot", "fees_due"} <= world.watch.look()


@contextmanager
def tokens_of_anyone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every business signs with one key and in one name."""
    backend = tokens._backend
    with monkeypatch.context() as patch:
        patch.setattr(tokens, "_backend", lambda public_id, secret: backend("anyone", secret))
        yield


def session_again(world: World) -> str:
    """The cookie of that device, signed as things are."""
    client = world.clients["owner"]
    assert client.tokens
    return session_text(world.home, client.tokens.sign_in)


def token_again(world: World) -> str:
    """An access token of home, signed as things are, for a device the twin knows too."""
    client = world.clients["owner"]
    assert client.user
    assert client.tokens
    with tenant_scope(world.home):
        token = tokens.AccessToken()
    token["sub"], token["sid"], token["kind"] = str(client.user.id), str(client.tokens.sign_in), "staff"
    with tenant_scope(world.home):
        return str(token)


def let_in(world: World, door: Door, client: Client) -> bool:
    row = ROWS[door.key]
    if isinstance(row.body, dict):  # what is written abroad is to bear the canary of there
        text = json.dumps(row.body)
        for old, new in (("canary-A", "canary-B"), ("canary-a", "canary-b"), ("CANARYA", "CANARYB")):
            text = text.replace(old, new)
        row = replace(row, body=json.loads(text))
    return fails(abroad_refuses, world, door, row, {"home's token": client})


@pytest.mark.asyncio
async def test_a_message_sent_in_the_wrong_scope_is_heard_abroad(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    topic = world.filled(TOPICS["class.{live_class}"])
    monkeypatch.setattr(publish, "current", lambda: world.away)
    async with sockets(world.clients["owner"], world.strangers["owner"]) as (home, away):
        for socket in (home, away):
            assert (await socket.ask(type="subscribe", topic=topic))["type"] == "subscribed"
        await tell(world.home, topic, "canary-A")
        assert (await away.hear())["data"] == {"text": "canary-A"}
        assert await home.hears_nothing()


@pytest.mark.asyncio
async def test_a_socket_opens_abroad_to_a_token_of_anyone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with tokens_of_anyone(monkeypatch):
        token = await sync_to_async(token_again)(world)
        async with sockets(Client(world.away, token=token)) as (socket,):
            assert (await socket.ask(type="subscribe", topic=world.filled(TOPICS["inbox.{user}"])))[
                "type"
            ] == "subscribed"
