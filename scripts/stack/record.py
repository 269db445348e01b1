"""The record of one stack on disk: its token and the processes started, enough to find and end them in a later run."""

import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from scripts.stack.processes import is_alive, started


@dataclass
class Record:
    """Written whole and moved into place: a reader sees the old or the new, never a half."""

    path: Path
    token: str
    boot: str
    supervisor: tuple[int, int]
    processes: dict[str, tuple[int, int]] = field(default_factory=dict)
    sockets: str | None = (
        None  # a private folder outside the checkout, when the checkout's path is too long for sockets
    )
    env: dict[str, str] = field(default_factory=dict)  # what another command of this checkout needs to use the stack

    @classmethod
    def read(cls, path: Path) -> "Record | None":
        """The record there, or None: no stack has run, it ended in order, or it ended with the machine."""
        try:
            data = json.loads(path.read_text())
        except (FileNotFoundError, ValueError):
            return None
        if data["boot"] != boot_id():
            return None
        data["supervisor"] = tuple(data["supervisor"])
        data["processes"] = {name: tuple(identity) for name, identity in data["processes"].items()}
        return cls(path=path, **data)

    def write(self) -> None:
        data = {name: value for name, value in vars(self).items() if name != "path"}
        fresh = self.path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(data, file)
        fresh.replace(self.path)

    def serves(self) -> bool:
        """Whether the supervisor that wrote it still lives."""
        return is_alive(*self.supervisor)

    def clear(self) -> None:
        """Forget the stack; the record of a later one in the same place stays."""
        now = Record.read(self.path)
        if now is not None and now.token != self.token:
            return
        if self.sockets is not None:
            shutil.rmtree(self.sockets, ignore_errors=True)
        self.path.unlink(missing_ok=True)

    def remember(self, name: str, pid: int) -> None:
        self.processes[name] = (pid, started(pid) or 0)
        self.write()

    def identities(self) -> list[tuple[int, int]]:
        return list(self.processes.values())


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
