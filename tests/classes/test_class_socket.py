"""A class on real sockets: what one says the others hear, and nobody hears who is not of the class."""

from typing import Any

from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator

from kernel.tenancy import Business
from tests.support.factories.classes import learner, live_class
from tests.support.people import Client, staff
from tests.support.sockets import ask, read_until, socket_of


async def following(client: Client, topic: str) -> ApplicationCommunicator:
    socket = await socket_of(client)
    assert (await ask(socket, type="subscribe", topic=topic))["type"] == "subscribed"
    return socket


async def heard(socket: ApplicationCommunicator, type_: str) -> dict[str, Any]:
    message = await read_until(socket, lambda one: one["type"] == type_)
    data: dict[str, Any] = message["data"]
    return data


async def test_a_class_hears_its_people_and_keeps_what_was_said(
    school: Business, manager: Client, teacher: Client, other_academy: Business
) -> None:
    def prepare() -> tuple[str, Client, Client, Client]:
        live = live_class(manager, teacher)["id"]
        asha = learner(school, name="Asha")
        for person in (teacher, asha):
            assert person.post(f"classes/{live}/join").status_code == 200
        return live, asha, learner(school, grade="12"), staff(other_academy)

    live, asha, twelfth, stranger = await sync_to_async(prepare)()
    topic = f"class.{live}"
    board, desk = await following(teacher, topic), await following(asha, topic)
    for outsider in (twelfth, stranger):
        refused = await ask(await socket_of(outsider), type="subscribe", topic=topic)
        assert (refused["type"], refused["data"]["code"]) == ("error", "realtime.topic_forbidden")

    await ask(desk, type="chat.message", topic=topic, data={"text": "नमस्ते", "key": "a1"}, id="1")
    assert (await heard(board, "chat.new_message"))["text"] == "नमस्ते"
    await ask(desk, type="class.hand_raise", topic=topic, data={"raised": True}, id="2")
    raised = await heard(board, "class.hand_raised")
    assert (raised["name"], raised["raised"]) == ("Asha", True)
    await ask(desk, type="chat.typing", topic=topic, id="3")
    assert (await heard(board, "chat.typing"))["name"] == "Asha"

    shut = await ask(board, type="chat.message", topic=topic, data={"text": " ", "key": "b1"}, id="4")
    assert (shut["type"], shut["data"]["code"]) == ("error", "classes.message_invalid")
    await sync_to_async(teacher.post)(f"classes/{live}/end")
    assert (await heard(desk, "class.ended"))["because"] == "teacher"
    late = await ask(desk, type="chat.message", topic=topic, data={"text": "late", "key": "a2"}, id="5")
    assert (late["type"], late["data"]["code"]) == ("error", "classes.not_live")
    kept = (await sync_to_async(asha.get)(f"classes/{live}/chat")).json()["results"]
    assert [(line["seq"], line["text"], line["name"]) for line in kept] == [(1, "नमस्ते", "Asha")]
