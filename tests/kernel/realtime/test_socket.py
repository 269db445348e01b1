"""The live socket: who gets in, who hears what, and that no business ever hears another."""

import asyncio
from uuid import UUID

import pytest
from django.db.transaction import atomic

from kernel import clock as kernel_clock
from kernel import realtime
from kernel.ids import uuid7
from kernel.jobs.progress.models import Progress
from kernel.realtime import publish
from kernel.realtime.socket import BURST, FRAME_LIMIT, TOPICS_LIMIT
from kernel.tenancy import Business, ScopeMissing, tenant_scope
from tests.kernel.jobs.test_running import set_state
from tests.kernel.realtime.conftest import Connect
from tests.kernel.realtime.talk import sign_in_of


def room_make(business: Business, room: UUID | None = None) -> str:
    now = kernel_clock.now()
    with tenant_scope(business):
        return str(Progress.objects.create(id=room or uuid7(), kind="room", created_at=now, updated_at=now).id)


def said_in(business: Business) -> list[str]:
    with tenant_scope(business):
        return list(Progress.objects.exclude(kind="room").order_by("id").values_list("kind", flat=True))


def send(business: Business, topic: str, word: str) -> None:
    with tenant_scope(business):
        realtime.send(topic, "tests.word", {"word": word})


async def test_what_one_says_the_other_hears_once_and_it_is_kept(academy: Business, connect: Connect) -> None:
    topic = "tests.room." + await asyncio.to_thread(room_make, academy)
    asha, ravi = await connect(academy, "asha"), await connect(academy, "ravi")
    for socket in (asha, ravi):
        answer = await socket.ask(type="subscribe", topic=topic, id=7)
        assert (answer["type"], answer["topic"], answer["data"], answer["id"]) == ("subscribed", topic, {}, 7)
    await asha.send(type="tests.say", topic=topic, data={"text": "hello"}, id="m1")
    frames = {frame["type"]: frame for frame in (await asha.read(), await asha.read())}
    heard = await ravi.read()
    assert heard == frames["tests.said"]
    assert set(heard) == {"type", "topic", "at", "data"}
    assert frames["answer"]["data"] == {
        "id": heard["data"]["id"], "schema": academy.schema, "by": str(sign_in_of("asha"))
    }  # fmt: skip
    assert await ravi.is_silent()
    assert await asyncio.to_thread(said_in, academy) == ["hello"]


async def test_equal_topics_of_two_businesses_never_meet(
    academy: Business, library: Business, connect: Connect
) -> None:
    room = uuid7()
    for business in (academy, library):
        await asyncio.to_thread(room_make, business, room)
    here, there = await connect(academy), await connect(library)
    for socket in (here, there):
        assert (await socket.ask(type="subscribe", topic=f"tests.room.{room}"))["type"] == "subscribed"
    await asyncio.to_thread(send, library, f"tests.room.{room}", "library's")
    assert (await there.read())["data"] == {"word": "library's"}
    assert await here.is_silent()


async def test_40_messages_of_two_businesses_at_once_each_write_at_home(
    academy: Business, library: Business, connect: Connect
) -> None:
    sockets = [(business, await connect(business, f"p{n}")) for n in range(4) for business in (academy, library)]
    for _, socket in sockets:
        await socket.ask(type="subscribe", topic="tests.open.door")

    async def say(business: Business, number: int, socket: object) -> None:
        for turn in range(5):
            await socket.send(
                type="tests.say", topic="tests.open.door", data={"text": f"{business.schema}:{number}:{turn}"}
            )  # type: ignore[attr-defined]

    await asyncio.gather(*(say(business, number, socket) for number, (business, socket) in enumerate(sockets)))
    for business in (academy, library):
        own = sorted(
            f"{business.schema}:{n}:{t}" for n, (b, _) in enumerate(sockets) if b == business for t in range(5)
        )
        async with asyncio.timeout(10):
            while sorted(await asyncio.to_thread(said_in, business)) != own:
                await asyncio.sleep(0.05)


async def test_another_businesss_room_is_refused(academy: Business, library: Business, connect: Connect) -> None:
    foreign = await asyncio.to_thread(room_make, library)
    socket = await connect(academy)
    for topic in (f"tests.room.{foreign}", "tests.room.no-id", "tests.open.closed", "nothing.such", "tests.room.a.b"):
        answer = await socket.ask(type="subscribe", topic=topic)
        assert (answer["type"], answer["data"]["code"]) == ("error", "realtime.topic_forbidden"), topic
        answer = await socket.ask(type="tests.say", topic=topic, data={"text": "x"})
        assert answer["data"]["code"] == "realtime.not_followed"
    await asyncio.to_thread(send, library, f"tests.room.{foreign}", "secret")
    assert await socket.is_silent()
    assert await asyncio.to_thread(said_in, library) == []


async def test_a_token_of_another_business_or_none_closes_with_4401(
    academy: Business, library: Business, connect: Connect
) -> None:
    assert await (await connect(academy, token=f"asha.{library.schema}")).closed_with() == 4401
    assert await (await connect(academy, token="nobody")).closed_with() == 4401
    assert await (await connect(academy, token="")).closed_with() == 4401


async def test_a_cookie_counts_from_the_businesss_own_pages_only(academy: Business, connect: Connect) -> None:
    cookie = {"cookie": f"person=asha.{academy.schema}"}
    home = await connect(academy, token="", headers=cookie)
    assert (await home.ask(type="subscribe", topic="tests.open.door"))["type"] == "subscribed"
    for origin in ("https://evil.example", "null", ""):
        foreign = await connect(academy, token="", headers={**cookie, "origin": origin})
        assert await foreign.closed_with() == 4401


async def test_an_unknown_host_and_a_suspended_tenant_are_told_apart(academy: Business, connect: Connect) -> None:
    assert await (await connect(academy, host="nobody.localhost")).closed_with() == 4404
    assert await (await connect(academy, host="[bad")).closed_with() == 4404
    await asyncio.to_thread(set_state, academy, "suspended")
    assert await (await connect(academy)).closed_with() == 4403


async def test_the_end_of_a_sign_in_closes_its_sockets_and_no_other(
    academy: Business, library: Business, connect: Connect
) -> None:
    first, second = await connect(academy, "asha"), await connect(academy, "asha")
    ravi, namesake = await connect(academy, "ravi"), await connect(library, "asha")
    for socket in (first, second, ravi, namesake):  # accepted before it is known who they are
        assert (await socket.ask(type="subscribe", topic="tests.open.door"))["type"] == "subscribed"

    def end() -> None:
        with tenant_scope(academy):
            realtime.sign_in_ended(sign_in_of("asha"))

    await asyncio.to_thread(end)
    assert [await first.closed_with(), await second.closed_with()] == [4401, 4401]
    for other in (ravi, namesake):
        assert (await other.ask(type="unsubscribe", topic="tests.open.door"))["type"] == "unsubscribed"


async def test_a_suspended_tenants_sockets_close_with_4403(academy: Business, connect: Connect) -> None:
    told, untold = await connect(academy, "asha"), await connect(academy, "ravi")
    await untold.ask(type="subscribe", topic="tests.open.door")
    await asyncio.to_thread(set_state, academy, "suspended")
    await untold.send(type="tests.say", topic="tests.open.door", data={"text": "too late"})
    assert await untold.closed_with() == 4403

    def close() -> None:
        with tenant_scope(academy):
            realtime.business_closed(academy)

    await asyncio.to_thread(close)
    assert await told.closed_with() == 4403
    assert await asyncio.to_thread(said_in, academy) == []


async def test_what_is_rolled_back_is_not_told(academy: Business, connect: Connect) -> None:
    socket = await connect(academy)
    await socket.ask(type="subscribe", topic="tests.open.door")

    def roll_back() -> None:
        with tenant_scope(academy), atomic():
            realtime.send("tests.open.door", "tests.word", {"word": "never"})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await asyncio.to_thread(roll_back)
    await asyncio.to_thread(send, academy, "tests.open.door", "kept")
    assert (await socket.read())["data"] == {"word": "kept"}


async def test_unsubscribed_means_silence(academy: Business, connect: Connect) -> None:
    socket = await connect(academy)
    await socket.ask(type="subscribe", topic="tests.open.door")
    assert (await socket.ask(type="unsubscribe", topic="tests.open.door"))["type"] == "unsubscribed"
    await asyncio.to_thread(send, academy, "tests.open.door", "x")
    assert await socket.is_silent()


async def test_nonsense_is_answered_and_the_socket_lives(academy: Business, connect: Connect) -> None:
    socket = await connect(academy)
    for text in ("", "null", "[]", "{", '{"type":1,"topic":"x"}', '{"type":"subscribe"}',
                 '{"type":"subscribe","topic":"x","data":[]}', '{"type":"subscribe","topic":"' + "x" * 201 + '"}',
                 '{"type":"subscribe","topic":"x","id":{}}'):  # fmt: skip
        await socket.send_text(text)
        assert (await socket.read())["data"]["code"] == "realtime.frame_invalid", text
    await socket.ask(type="subscribe", topic="tests.open.door")
    unknown = await socket.ask(type="no.such", topic="tests.open.door")
    assert unknown["data"]["code"] == "realtime.frame_invalid"
    refused = await socket.ask(type="tests.refuse", topic="tests.open.door", id=3)
    assert (refused["data"]["code"], refused["data"]["detail"], refused["id"]) == ("tests.stranger", "no", 3)
    broken = await socket.ask(type="tests.break", topic="tests.open.door")
    assert broken["data"] == {"code": "realtime.internal", "title": "Something went wrong on our side"}


async def test_limits_close_or_refuse(academy: Business, connect: Connect) -> None:
    socket = await connect(academy, "big")
    await socket.send_text("x" * (FRAME_LIMIT + 1))
    assert await socket.closed_with() == 1003
    socket = await connect(academy, "binary")
    await socket.send_bytes(b"x")
    assert await socket.closed_with() == 1003
    socket = await connect(academy, "flood")
    for _ in range(BURST + 20):
        await socket.send(type="unsubscribe", topic="x")
    codes = [await socket.communicator.receive_output(timeout=5) for _ in range(BURST + 1)]
    assert {event.get("code") for event in codes if event["type"] == "websocket.close"} <= {4429}


async def test_a_tab_follows_so_many_topics(academy: Business, connect: Connect) -> None:
    socket = await connect(academy)
    for number in range(TOPICS_LIMIT):
        await asyncio.sleep(0.11 if number > BURST - 5 else 0)
        assert (await socket.ask(type="subscribe", topic=f"tests.open.{number}"))["type"] == "subscribed"
    await asyncio.sleep(0.2)
    answer = await socket.ask(type="subscribe", topic="tests.open.more")
    assert answer["data"]["code"] == "realtime.too_many_topics"


def test_telling_without_a_scope_is_an_error() -> None:
    with pytest.raises(ScopeMissing):
        realtime.send("tests.open.door", "tests.word", {})


async def test_a_scope_does_not_reach_the_socket_by_itself(academy: Business, connect: Connect) -> None:
    """Between its calls a socket has no scope: a query of its own on the loop's thread would be an error."""
    await connect(academy)

    def query() -> int:
        return Progress.objects.count()

    with pytest.raises(ScopeMissing):
        await asyncio.to_thread(query)


async def test_what_fails_at_the_door_makes_the_client_come_again(
    academy: Business, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "django.conf.settings.REALTIME_AUTHENTICATE", "tests.kernel.realtime.talk.break_down_at_the_door"
    )
    assert await (await connect(academy)).closed_with() == 1013


async def test_a_frame_nobody_can_read_does_not_make_the_process_deaf(academy: Business, connect: Connect) -> None:
    socket = await connect(academy)
    await socket.ask(type="subscribe", topic="tests.open.door")
    await asyncio.to_thread(publish._redis().publish, publish.channel(), b"nonsense")
    await asyncio.to_thread(send, academy, "tests.open.door", "still here")
    assert (await socket.read())["data"] == {"word": "still here"}
