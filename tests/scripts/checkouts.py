"""Checkouts beside this one, for tests that must not meet it, and a child that holds servers until told or killed."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from scripts.stack.given import inherited
from scripts.stack.layout import ROOT
from scripts.stack.processes import members, wait_until
from scripts.stack.record import Record

SERVERS_ONLY = """
import json, signal, sys
from scripts.stack.servers import start_test_servers
servers = start_test_servers()
print(json.dumps({"folder": str(servers.supervisor.folder), "env": servers.env}), flush=True)
sys.stdin.read()
servers.stop()
"""


def checkout(place: Path) -> Path:
    """The product's files in `place`, with the same wheels by way of links, as if installed there."""
    place.mkdir(parents=True)
    for room in ("scripts", "config", "platform", "shared_apps", "tenant_apps"):
        shutil.copytree(ROOT / room, place / room, ignore=shutil.ignore_patterns("story"))
    for file in ("manage.py", "pyproject.toml", "uv.lock", ".env.example"):
        shutil.copy(ROOT / file, place / file)
    installed = Path(sys.prefix)
    (place / ".venv").mkdir()
    shutil.copy(installed / "pyvenv.cfg", place / ".venv/pyvenv.cfg")
    for folder in ("bin", "lib"):
        (place / ".venv" / folder).symlink_to(installed / folder)
    return place


def outside(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without the servers its own tests run on and the settings it reads."""
    return {name: value for name, value in inherited().items() if name != "TEST_SERVERS"} | dict(extra or {})


def run(
    place: Path, *arguments: str, env: Mapping[str, str] | None = None, timeout_s: float = 120
) -> subprocess.CompletedProcess[str]:
    line = [str(place / ".venv/bin/python"), "-m", *arguments]
    return subprocess.run(
        line,
        cwd=place,
        env=outside(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
    )


@contextmanager
def serving(place: Path) -> Iterator[tuple[subprocess.Popen[str], Record]]:
    """`scripts/demo --keep`, past its story; killed at the end if it still runs."""
    line = [str(place / ".venv/bin/python"), "-m", "scripts.stack.demo", "--keep"]
    process = subprocess.Popen(
        line, cwd=place, env=outside(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        said = iter(process.stdout.readline, "")
        assert any(line.startswith("serving at ") for line in said), process.communicate()[1]
        record = Record.read(place / ".local/demo/stack.json")
        assert record is not None
        yield process, record
    finally:
        process.kill()
        process.communicate()


def told(place: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((place / ".local/demo.json").read_text())
    return found


@dataclass
class Holder:
    """A process holding servers: `told` is what it printed, `record` what it wrote about them."""

    process: subprocess.Popen[str]
    told: dict[str, Any]
    record: Record

    @classmethod
    def start(cls, place: Path, program: str = SERVERS_ONLY) -> Self:
        process = subprocess.Popen(
            [str(place / ".venv/bin/python"), "-c", program],
            cwd=place,
            env=outside(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        record = Record.read(Path(told["folder"]) / "stack.json")
        assert record is not None
        return cls(process, told, record)

    @property
    def servers(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.told["env"]["TEST_SERVERS"])
        return found

    def alive(self) -> set[int]:
        return members(self.record.token, self.record.identities())

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.communicate("", timeout=30)
        wait_until(lambda: not self.alive(), 10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
