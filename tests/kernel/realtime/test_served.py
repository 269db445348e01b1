"""The live process as it is served: a real socket with a real token, real callbacks, and its sudden death."""

import json
import signal
import socket as sockets
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from kernel import crash, jobs, realtime
from kernel.http.actor import Actor
from kernel.inbox import receive
from kernel.jobs.progress.services import progress_start, progress_update
from kernel.observe import context
from kernel.tenancy import Business, tenant_scope
from tests.kernel.inbox import vendor
from tests.kernel.inbox.test_door import body_of, effects_of, stored
from tests.kernel.jobs.conftest import empty_queue
from tests.support.people import Client, staff, student
from tests.support.workers import Live, OwnRedis, live

__all__ = ["empty_queue"]


def opened(process: Live, business: Business, token: str) -> ClientConnection:
    host = f"{business.public_id}.{settings.BARE_DOMAIN}:{process.port}"
    stream = sockets.create_connection(("127.0.0.1", process.port))
    return connect(f"ws://{host}/ws/live/", sock=stream, subprotocols=["bearer", token])  # type: ignore[list-item]


def ask(socket: ClientConnection, **frame: Any) -> dict[str, Any]:
    socket.send(json.dumps(frame))
    return json.loads(socket.recv(timeout=10))


def called(process: Live, business: Business, number: int) -> httpx.Response:
    body = body_of(number)
    headers = {**vendor.signed(business, body), "Host": f"{business.public_id}.{settings.BARE_DOMAIN}"}
    return httpx.post(f"http://127.0.0.1:{process.port}{vendor.ADDRESS}", content=body, headers=headers)


def closed_with(socket: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=10)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


def work_of(client: Client) -> str:
    assert client.user is not None
    with tenant_scope(client.business), context.work(by=Actor(kind="staff", user_id=client.user.id)):
        return str(progress_start(kind="tests.import", total=3))


def test_sockets_and_callbacks_on_one_process(
    academy: Business, library: Business, own_redis: OwnRedis, tmp_path: Path
) -> None:
    owner, pupil = staff(academy), student(academy)
    handle = work_of(owner)
    with live(own_redis.url, log=tmp_path / "live") as process:
        with opened(process, academy, owner.token) as here, opened(process, academy, pupil.token) as other:
            assert here.subprotocol == "bearer"
            assert ask(here, type="subscribe", topic=f"job.{handle}")["type"] == "subscribed"
            assert ask(other, type="subscribe", topic=f"job.{handle}")["data"]["code"] == "realtime.topic_forbidden"
            with tenant_scope(academy):
                progress_update(handle, done=2)
            told = json.loads(here.recv(timeout=10))
            assert (told["type"], told["topic"]) == ("job", f"job.{handle}")
            assert told["data"] == {"id": handle, "state": "running", "done": 2, "total": 3, "error": ""}
            with tenant_scope(academy):
                realtime.sign_in_ended(owner.tokens.sign_in)  # type: ignore[union-attr]
            assert closed_with(here) == 4401
            assert ask(other, type="subscribe", topic="job.x")["type"] == "error"
        with opened(process, library, owner.token) as abroad:
            assert closed_with(abroad) == 4401
        for business in (academy, library):
            assert called(process, business, 1).json() == {"received": True}
        health = httpx.get(f"http://127.0.0.1:{process.port}/readyz")
        assert health.status_code == 200
    jobs.drain()
    assert (effects_of(academy)[:1], effects_of(library)) == (["1"], ["1"])


def test_killed_between_storing_and_acknowledging_the_callback_counts_once(
    academy: Business, own_redis: OwnRedis, tmp_path: Path
) -> None:
    assert receive.STORED in crash.registered()
    with live(own_redis.url, crash_at=receive.STORED, log=tmp_path / "dying") as process:
        with pytest.raises(httpx.TransportError):
            called(process, academy, 1)
        assert process.process.wait(timeout=10) == -signal.SIGKILL
    assert [row.state for row in stored(academy)] == ["received"]
    with live(own_redis.url, log=tmp_path / "again") as process:
        assert called(process, academy, 1).status_code == 200
    jobs.drain()
    assert effects_of(academy) == ["1"]
    assert len(stored(academy)) == 1
