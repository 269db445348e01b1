"""What a story does to its stack: a given Redis loses nothing but what is ours, and a service dies with its children."""

import signal
import subprocess
import sys
from pathlib import Path

import redis
from django.conf import settings

from scripts.stack.processes import family, started, wait_until
from scripts.stack.record import Record, boot_id
from scripts.stack.whole import Stack

PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"


def stack_of(folder: Path, **processes: int) -> Stack:
    """A stack as another command finds it: its record, and what it told its processes."""
    record = Record(path=folder / "stack.json", token="-", boot=boot_id(), supervisor=(0, 0))
    for name, pid in processes.items():
        record.remember(name, pid)
    record.write()
    env = {"REDIS_URL": settings.REDIS_URL, "REDIS_PREFIX": f"{folder.name}:"}
    return Stack(folder=folder, env=env, urls={})


def test_a_given_redis_loses_only_what_is_ours(tmp_path: Path) -> None:
    stack, server = stack_of(tmp_path), redis.Redis.from_url(settings.REDIS_URL)
    foreign = f"others-{tmp_path.name}"
    server.mset({f"{tmp_path.name}:one": 1, f"{tmp_path.name}:two": 2, foreign: 3})
    assert stack.redis_empty() == 2
    assert (server.exists(f"{tmp_path.name}:one", f"{tmp_path.name}:two"), server.delete(foreign)) == (0, 1)
    assert stack.redis_empty() == 0


def test_a_signal_reaches_a_service_and_what_it_started(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE) as parent:
        stack = stack_of(tmp_path, worker=parent.pid)
        assert wait_until(lambda: len(family(parent.pid)) == 2, 20)
        both = family(stack.pid("worker"))
        stack.signal("worker", signal.SIGKILL)
        assert wait_until(lambda: not any(started(pid) for pid in both), 20)
        assert parent.wait(20) == -signal.SIGKILL
