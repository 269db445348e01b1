"""Redis behind sentinels, killed: who asks them finds its replica, and Celery's bell rings there."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import redis

from config.celery import celery_app
from kernel import valkey
from scripts.stack.layout import program
from tests.support.workers import free_port, until

WORD, EYES = "word@/", "eyes"


@contextmanager
def server(
    folder: Path, name: str, *lines: str, sentinel: bool = False
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Valkey by a configuration of its own: the process and its port."""
    port, settings = free_port(), folder / f"{name}.conf"
    settings.write_text("\n".join([f"port {port}", "bind 127.0.0.1", f"dir {folder}", *lines]) + "\n")
    command = [str(program("valkey-server")), str(settings), *(["--sentinel"] if sentinel else [])]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process, port
    finally:
        process.kill()
        process.wait()


def answers(port: int, password: str) -> redis.Redis | None:
    """A client of that very server once it answers."""
    found = redis.Redis(port=port, password=password, socket_timeout=1)
    try:
        return found if found.ping() else None
    except redis.ConnectionError:
        return None


def test_a_killed_master_is_followed_by_its_replica(tmp_path: Path) -> None:
    own = [f'requirepass "{WORD}"', f'masterauth "{WORD}"', 'save ""', "repl-diskless-sync-delay 0"]
    with ExitStack() as running:
        master, at = running.enter_context(server(tmp_path, "one", *own))
        until(lambda: answers(at, WORD))
        _, other = running.enter_context(server(tmp_path, "two", *own, f"replicaof 127.0.0.1 {at}"))
        until(lambda: answers(other, WORD))
        replica = redis.Redis(port=other, password=WORD)
        until(lambda: replica.info("replication")["master_link_status"] == "up")
        watched = [
            f"sentinel monitor shala 127.0.0.1 {at} 1",
            f'sentinel auth-pass shala "{WORD}"',
            "sentinel down-after-milliseconds shala 1500",  # a server in want of the processor is not a dead one
            "sentinel failover-timeout shala 2000",
            f"requirepass {EYES}",
        ]
        _, sentinel = running.enter_context(server(tmp_path, "sentinel", *watched, sentinel=True))
        asked = redis.Redis(port=sentinel, password=EYES)
        until(lambda: answers(sentinel, EYES))
        until(lambda: asked.execute_command("SENTINEL REPLICAS", "shala"))

        absent = free_port()  # a sentinel that is away changes nothing
        places = f"127.0.0.1:{absent},127.0.0.1:{sentinel}"
        url = f"sentinel://:word%40%2F@{places}/0?master=shala&sentinel_password={EYES}"
        client = valkey.connected(url, socket_timeout=0.5, socket_connect_timeout=0.5)
        bell = celery_app(url)
        running.callback(bell.close)
        client.set("kept", "before")
        bell.send_task("jobs.ring", args=[["1"]], retry=False)
        until(lambda: replica.get("kept") == b"before")

        master.kill()
        master.wait()

        def written() -> bool:
            try:
                return bool(client.set("kept", "after"))
            except redis.RedisError:
                return False

        until(written)
        assert replica.get("kept") == b"after"
        assert replica.info("replication")["role"] == "master"
        with bell.connection_for_write() as connection:
            bell.send_task("jobs.ring", args=[["2"]], retry=False, connection=connection)
            queue = connection.SimpleQueue(bell.conf.task_default_queue)
            rung = [queue.get(timeout=5).payload[0] for _ in range(2)]
        assert rung == [[["1"]], [["2"]]]

        async def read() -> bytes:
            there = valkey.connected_async(url, socket_connect_timeout=0.5)
            try:
                return bytes(await there.get("kept"))
            finally:
                await there.aclose()

        assert asyncio.run(read()) == b"after"


@pytest.mark.parametrize("url", ["sentinel://:pw@host:1/0", "sentinel:///0?master=m", "sentinel://h,:2/0?master=m"])
def test_half_an_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="master=name"):
        valkey.connected(url)
