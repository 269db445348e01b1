"""Topics and messages of one business's sockets never reach another's, whose topics have the very same names."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator

from kernel import realtime
from kernel.realtime.registry import messages, topics
from kernel.tenancy import Business, tenant_scope
from tests.isolation.credentials import AT_A_TENANT, AT_THE_OPERATOR
from tests.isolation.twins import AWAY, HOME, canary
from tests.isolation.world import World
from tests.support.people import Client

QUIET_SECONDS = 0.15
HOST_UNKNOWN, SIGNED_OUT = 4404, 4401

# Each family of topics by an example of it, whose ids both businesses have; and who follows it.
TOPICS = {
    "arrivals.{library}": "arrivals.{library}",
    "class.{live_class}": "class.{class}",
    "domains": "domains",
    "inbox.{user}": "inbox.{owner_user}",
    "job.{id}": "job.{import}",
    "payment.{payment}": "payment.{payment_paid}",
    "seats.{hall}.{day}.{shift}": "seats.{hall}.{tomorrow}.{shift}",
    "slot.{slot}": "slot.{slot}",
}
# And those of the operator's own host.
OPERATORS = {"fleet": "fleet", "provisioning.{tenant}": "provisioning.{home}"}


@dataclass(frozen=True)
class Said:
    """A message a client says on a topic, and what the others there hear."""

    topic: str
    heard: str
    data: dict[str, Any] = field(default_factory=dict)
    writes: frozenset[str] = frozenset()


MESSAGES = {
    "chat.message": Said(
        "class.{class}",
        "chat.new_message",
        {"text": "canary-A sings", "key": "sung"},
        frozenset({"classes_chatmessage", "classes_liveclass"}),
    ),
    "chat.typing": Said("class.{class}", "chat.typing"),
    "class.hand_answer": Said(
        "class.{class}",
        "class.hand_raised",
        {"stay": "{stay_pupil}", "allow": True},
        frozenset({"classes_presence"}),
    ),
    "class.hand_raise": Said("class.{class}", "class.hand_raised", {"raised": True}, frozenset({"classes_presence"})),
}


class Socket:
    """A tab's socket on one host with one token."""

    def __init__(self, host: str, token: str) -> None:
        from config.asgi import application

        scope = {
            "type": "websocket",
            "path": "/ws/live/",
            "query_string": b"",
            "headers": [(b"host", host.encode()), (b"origin", f"http://{host}".encode())],
            "subprotocols": ["bearer", token] if token else [],
        }
        self._wire = ApplicationCommunicator(application, scope)

    async def open(self) -> None:
        await self._wire.send_input({"type": "websocket.connect"})
        assert (await self._wire.receive_output(timeout=10))["type"] == "websocket.accept"

    async def say(self, **frame: Any) -> None:
        await self._wire.send_input({"type": "websocket.receive", "text": json.dumps(frame)})

    async def hear(self) -> dict[str, Any]:
        event = await self._wire.receive_output(timeout=10)
        return json.loads(event["text"]) if event["type"] == "websocket.send" else event

    async def ask(self, **frame: Any) -> dict[str, Any]:
        await self.say(**frame)
        return await self.hear()

    async def hears_nothing(self) -> bool:
        return bool(await self._wire.receive_nothing(timeout=QUIET_SECONDS))

    async def close(self) -> None:
        await self._wire.send_input({"type": "websocket.disconnect", "code": 1001})
        await self._wire.wait(timeout=5)


@asynccontextmanager
async def sockets(*clients: Client) -> AsyncIterator[list[Socket]]:
    made = [Socket(client.host, client.token) for client in clients]
    try:
        for socket in made:
            await socket.open()
        yield made
    finally:
        for socket in made:
            await socket.close()


async def tell(business: Business, topic: str, text: str) -> None:
    """Tell the followers of a topic of one business, as its services do."""

    def send() -> None:
        with tenant_scope(business):
            realtime.send(topic, "told", {"text": text})

    await sync_to_async(send)()


async def changed(world: World) -> set[str]:
    return await sync_to_async(world.watch.look)()


def test_there_is_an_example_of_each_topic_and_message_and_none_else() -> None:
    assert sorted(name for name in topics() if not name.startswith("tests.")) == sorted(TOPICS | OPERATORS)
    assert sorted(name for name in messages() if not name.startswith("tests.")) == sorted(MESSAGES)


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", [*AT_A_TENANT, "an owner"])
async def test_a_socket_with_a_foreign_credential_is_closed(world: World, kind: str) -> None:
    kinds = AT_THE_OPERATOR if kind == "an owner" else AT_A_TENANT
    for shown in await sync_to_async(kinds[kind])(world):
        socket = Socket(shown.client.host, shown.client.token)
        await socket.open()
        assert await socket.hear() == {"type": "websocket.close", "code": SIGNED_OUT}
        await socket.say(type="subscribe", topic=world.filled(TOPICS["inbox.{user}"]))
        assert await socket.hears_nothing()
        await socket.close()
    assert await changed(world) == set()


@pytest.mark.asyncio
@pytest.mark.parametrize("family", TOPICS)
async def test_a_topic_of_the_same_name_is_another_one(world: World, family: str) -> None:
    topic = world.filled(TOPICS[family])
    async with sockets(world.clients["owner"], world.strangers["owner"], world.strangers["roleless"]) as opened:
        home, away, roleless = opened
        for socket in (home, away):
            assert (await socket.ask(type="subscribe", topic=topic))["type"] == "subscribed"
        for business, near, far, letter in ((world.home, home, away, HOME), (world.away, away, home, AWAY)):
            await tell(business, topic, f"canary-{letter}")
            told = await near.hear()
            assert (told["type"], told["topic"], told["data"]) == ("told", topic, {"text": f"canary-{letter}"})
            assert await far.hears_nothing()
        assert await roleless.hears_nothing()
    assert await changed(world) == set()


@pytest.mark.asyncio
@pytest.mark.parametrize("family", OPERATORS)
async def test_a_topic_of_the_operator_is_closed_to_tenants(world: World, family: str) -> None:
    topic = world.filled(OPERATORS[family])
    async with sockets(world.clients["admin"], world.clients["owner"]) as (admin, owner):
        assert (await admin.ask(type="subscribe", topic=topic))["type"] == "subscribed"
        assert (await owner.ask(type="subscribe", topic=topic))["data"]["code"] == "realtime.topic_forbidden"


@pytest.mark.asyncio
@pytest.mark.parametrize("type_", MESSAGES)
async def test_a_message_stays_where_it_was_said(world: World, type_: str) -> None:
    said = MESSAGES[type_]
    topic = world.filled(said.topic)
    data = {name: world.filled(value) if isinstance(value, str) else value for name, value in said.data.items()}
    frame = {"type": type_, "topic": topic, "data": data}
    async with sockets(world.clients["teacher"], world.clients["owner"], world.strangers["teacher"]) as opened:
        home, other, away = opened
        assert (await away.ask(**frame))["data"]["code"] == "realtime.not_followed"
        for socket in opened:
            assert (await socket.ask(type="subscribe", topic=topic))["type"] == "subscribed"
        await home.say(**frame)
        assert {(await home.hear())["type"], (await home.hear())["type"]} == {"answer", said.heard}
        heard = await other.hear()
        assert heard["type"] == said.heard
        assert canary(HOME).search(json.dumps(heard))
        assert await away.hears_nothing()
        assert await changed(world) == set()
        # Said abroad, under the same ids, it is kept and heard there alone.
        await away.say(**json.loads(json.dumps(frame).replace("canary-A", "canary-B")))
        assert {(await away.hear())["type"], (await away.hear())["type"]} == {"answer", said.heard}
        assert await home.hears_nothing()
    assert await changed(world) == said.writes
