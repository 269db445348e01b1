"""Real child processes for tests: a worker as it is served, and a Redis of the test's own that may be wiped or killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from django.conf import settings

from config.celery import celery_app
from kernel.jobs import ring
from scripts.stack.layout import program
from tests.support import crashes

ROOT = Path(__file__).resolve().parents[2]


def until(condition: Callable[[], object], *, seconds: float = 30) -> None:
    """Wait for a condition of another process; fail when it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class OwnRedis:
    """A Valkey on a free port, nothing kept on disk."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = redis.Redis(port=self.port)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [
                program("valkey-server"),
                "--port",
                str(self.port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self._answers)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.ConnectionError:
            return False


@contextmanager
def rung(monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnRedis]:
    """A Redis that this process rings as well."""
    server = OwnRedis()
    server.start()
    monkeypatch.setattr(settings, "JOBS_RING", True)
    monkeypatch.setattr(ring, "_quiet_until", 0.0)
    bell = celery_app(server.url)
    monkeypatch.setattr("config.celery.app", bell)
    yield server
    bell.close()
    server.kill()


@dataclass(frozen=True, slots=True)
class Live:
    """A live process: its port, and the process to kill."""

    port: int
    process: subprocess.Popen[bytes]


@contextmanager
def live(
    redis_url: str, *, crash_at: str = "", log: Path, application: str = "tests.kernel.served:application"
) -> Iterator[Live]:
    """The process for sockets and callbacks, by uvicorn as it is served, on this test's database."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", application, "--port", str(port)]
    command += ["--lifespan", "off", "--ws", "websockets"]
    env = {"REDIS_URL": redis_url, "SHALA_PROCESS": "live", "SHALA_CRASH_AT": crash_at, "JOBS_RING": "on"}
    with _running(command, env, log) as process:
        until(lambda: b"running on" in log.read_bytes() or process.poll() is not None, seconds=60)
        assert process.poll() is None, log.read_text()
        yield Live(port, process)


@contextmanager
def beat(redis_url: str, *, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The beat that ticks the schedule."""
    command = [sys.executable, "-m", "celery", "-A", "config", "beat", "-s", str(log) + ".schedule", "--pidfile="]
    with _running(command, {"REDIS_URL": redis_url, "SHALA_PROCESS": "beat"}, log) as process:
        yield process


@contextmanager
def worker(
    redis_url: str, *, crash_at: str = "", lease_seconds: int = 2, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker of this test's database, killed at the end if it still lives."""
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-I", "tests.kernel.jobs.work", "-l", "INFO"]
    command += ["--without-mingle", "--without-gossip"]
    env = {
        "REDIS_URL": redis_url,
        "SHALA_PROCESS": "worker",
        "SHALA_CRASH_AT": crash_at,
        "JOBS_LEASE_SECONDS": str(lease_seconds),
        "JOBS_RING": "on",
    }
    with _running(command, env, log) as process:
        yield process


@contextmanager
def _running(command: list[str], env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    whole = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}", **env}
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=whole, stdout=output, stderr=output)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()
            elif env.get("SHALA_CRASH_AT"):
                crashes.died(env["SHALA_CRASH_AT"], process.returncode)
