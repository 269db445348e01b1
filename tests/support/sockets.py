"""A client of `/ws/live/`, in process, on the ASGI entry that is served."""

import json
from collections.abc import Callable
from typing import Any

from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator

from tests.support.people import Client


def _served() -> Any:
    """The entry, which looks at the database before it serves anything and so is not loaded in a loop."""
    from config.asgi import application

    return application


async def socket_of(client: Client) -> ApplicationCommunicator:
    application = await sync_to_async(_served)()
    scope = {
        "type": "websocket",
        "path": "/ws/live/",
        "query_string": b"",
        "headers": [(b"host", client.host.encode()), (b"origin", f"http://{client.host}".encode())],
        "subprotocols": ["bearer", client.token],
    }
    socket = ApplicationCommunicator(application, scope)
    await socket.send_input({"type": "websocket.connect"})
    assert (await socket.receive_output(timeout=10))["type"] == "websocket.accept"
    return socket


async def ask(socket: ApplicationCommunicator, **frame: Any) -> dict[str, Any]:
    await socket.send_input({"type": "websocket.receive", "text": json.dumps(frame)})
    return await read(socket)


async def read(socket: ApplicationCommunicator) -> dict[str, Any]:
    event = await socket.receive_output(timeout=5)
    assert event["type"] == "websocket.send", event
    answer: dict[str, Any] = json.loads(event["text"])
    return answer


async def read_until(socket: ApplicationCommunicator, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The next message that is wanted; what comes before it is passed over."""
    while not wanted(heard := await read(socket)):
        pass
    return heard
