"""Delivery in the process: slow clients bounded, a lost subscription made good, Redis away told to the client."""

import asyncio

import pytest

from kernel import realtime
from kernel.realtime import publish
from kernel.realtime.hub import QUEUE_LIMIT, Hub, Outlet
from kernel.tenancy import Business, tenant_scope
from tests.kernel.realtime.conftest import Connect
from tests.support.workers import OwnRedis


class SlowClient:
    """Takes one message, then stops reading."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.code = 0
        self.reads = asyncio.Event()

    async def transmit(self, text: str) -> None:
        self.got.append(text)
        await self.reads.wait()

    async def close(self, code: int) -> None:
        self.code = code


async def settled(condition: object) -> None:
    async with asyncio.timeout(10):
        while not condition():  # type: ignore[operator]
            await asyncio.sleep(0.01)


def frame(schema: str, topic: str, text: str) -> bytes:
    return f"topic {schema} {topic}\n{text}".encode()


async def test_a_client_that_does_not_read_is_let_go_and_holds_up_nobody() -> None:
    hub, slow, quick = Hub(), SlowClient(), SlowClient()
    quick.reads.set()
    outlets = [Outlet("t_1", client.transmit, client.close) for client in (slow, quick)]
    for outlet in outlets:
        hub.follow(outlet, "room")
    for number in range(QUEUE_LIMIT + 50):
        hub.deliver(frame("t_1", "room", str(number)))
        if number % 20 == 0:
            await asyncio.sleep(0)
            await settled(lambda: not outlets[1]._queue)
    await settled(lambda: len(quick.got) == QUEUE_LIMIT + 50)
    assert quick.got == [str(number) for number in range(QUEUE_LIMIT + 50)], "in order, each once"
    assert outlets[0].ended
    assert not outlets[0]._queue, "what it owed is dropped"
    slow.reads.set()
    await settled(lambda: slow.code)
    assert (slow.code, slow.got) == (1013, ["0"])
    assert quick.code == 0


async def test_only_followers_of_that_business_and_topic_are_told() -> None:
    hub, clients = Hub(), {}
    for schema in ("t_1", "t_2"):
        for topic in ("room", "other"):
            clients[schema, topic] = client = SlowClient()
            client.reads.set()
            hub.follow(Outlet(schema, client.transmit, client.close), topic)
    hub.deliver(frame("t_1", "room", "for one"))
    await settled(lambda: clients["t_1", "room"].got)
    assert {key: client.got for key, client in clients.items() if client.got} == {("t_1", "room"): ["for one"]}


async def test_a_hub_forgets_whoever_left() -> None:
    hub, client = Hub(), SlowClient()
    client.reads.set()
    outlet = Outlet("t_1", client.transmit, client.close)
    await hub.join(outlet)
    hub.follow(outlet, "room")
    await hub.leave(outlet)
    hub.deliver(frame("t_1", "room", "late"))
    await asyncio.sleep(0)
    assert client.got == []
    assert not hub._followers
    assert not hub._outlets
    assert hub._listener is None


async def test_a_sign_out_that_crosses_the_opening_closes_the_socket() -> None:
    hub, client = Hub(), SlowClient()
    outlet = Outlet("t_1", client.transmit, client.close)
    await hub.join(outlet)
    hub.deliver(b"sign-in t_1 ended\n")
    hub.name(outlet, "ended")
    await settled(lambda: client.code)
    assert client.code == 4401
    other = Outlet("t_2", client.transmit, client.close)
    hub.name(other, "ended")
    assert not other.ended, "an equal id elsewhere is somebody else"
    await hub.leave(outlet)


def tell(business: Business, word: str) -> None:
    with tenant_scope(business):
        realtime.send("tests.open.door", "tests.word", {"word": word})


async def test_redis_wiped_changes_nothing_and_restarted_makes_clients_come_again(
    academy: Business, own_redis: OwnRedis, connect: Connect
) -> None:
    socket = await connect(academy)
    await socket.ask(type="subscribe", topic="tests.open.door")
    await asyncio.to_thread(own_redis.client.flushall)
    await asyncio.to_thread(tell, academy, "after the wipe")
    assert (await socket.read())["data"] == {"word": "after the wipe"}
    await asyncio.to_thread(own_redis.kill)
    await asyncio.to_thread(tell, academy, "into the void")
    assert await socket.is_silent()
    await asyncio.to_thread(own_redis.start)
    assert await socket.closed_with() == 1012
    again = await connect(academy)
    await again.ask(type="subscribe", topic="tests.open.door")
    publish._quiet_until = 0.0
    await asyncio.to_thread(tell, academy, "back")
    assert (await again.read())["data"] == {"word": "back"}


async def test_without_redis_a_socket_is_told_to_come_again(
    academy: Business, own_redis: OwnRedis, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kernel.realtime.socket.JOIN_SECONDS", 0.5)
    await asyncio.to_thread(own_redis.kill)
    socket = await connect(academy)
    assert await socket.closed_with() == 1013
