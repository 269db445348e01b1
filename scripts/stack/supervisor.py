"""The supervisor: starts the processes of a stack, waits until each is ready, restarts what dies, ends all in order.

One folder under `.local/` is one stack. A lock on it, held as long as the supervisor lives, keeps two from meeting;
what a killed one left is ended before anything new starts. Start services from a thread that lives as long as the
stack does: the kernel sends the parting signal when the *thread* that started a process ends.
"""

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

from scripts.stack.given import inherited
from scripts.stack.layout import LOCAL, ROOT, CannotRun, Ports
from scripts.stack.processes import MARK, hand_over, kill_all, started, wait_until, wrapped
from scripts.stack.progress import say
from scripts.stack.record import Record, boot_id

SOCKET_PATH_BYTES = 90  # the kernel's limit is 107, file name included
RESTARTS_PER_MINUTE = 5


class ServiceFailed(CannotRun):
    """A service ended before it was ready, or was not ready in time. The message carries the end of its log."""


class StackInUse(CannotRun):
    """Another live supervisor holds this folder."""


@dataclass(frozen=True)
class Service:
    """One process. `ready` is asked until it says True; `folder` given: it writes only there and runs unprivileged."""

    name: str
    command: Sequence[str]
    ready: Callable[[], bool]
    env: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    stop: signal.Signals = signal.SIGTERM
    parting: signal.Signals = signal.SIGTERM  # sent by the kernel when the supervisor dies
    ready_seconds: float = 90.0
    tries: int = 1  # starts, for a server whose parts may wait for each other for ever
    stop_seconds: float = 8.0
    essential: bool = True  # restarted when it dies


class Supervisor:
    def __init__(self, name: str) -> None:
        self.name = name
        self.folder = LOCAL / name
        self.services: dict[str, Service] = {}
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self._together: list[tuple[Service, ...]] = []
        self._restarts: dict[str, list[float]] = {}
        self._guard = threading.RLock()
        self._ending = threading.Event()
        self._watching: threading.Thread | None = None
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "log").mkdir(exist_ok=True)
        self._lock = self._locked()
        if self._lock is None:
            raise StackInUse(f"a stack runs in {self.folder}: stop it first")
        self._clean_up_after_the_last()
        self.ports = Ports(self.folder / "ports.json")
        self.record = Record(
            path=self.folder / "stack.json",
            token=secrets.token_hex(16),
            boot=boot_id(),
            supervisor=(os.getpid(), started(os.getpid()) or 0),
        )
        self.record.write()
        self._sentinel = self._sentinel_start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, *services: Service) -> None:
        """Start them all at once, then wait for each. Raises ServiceFailed naming the first that did not come up.

        What was started together is stopped together.
        """
        self._together.append(services)
        for service in services:
            with self._guard:
                self.services[service.name] = service
                self._spawn(service)
        for service in services:
            self._await(service)

    def run(self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None) -> str:
        """Run a command to its end; returns what it printed. Raises ServiceFailed with the end of its log."""
        log = self.log(name)
        with log.open("wb") as errors:
            done = subprocess.run(
                wrapped(list(command), parting=signal.SIGKILL),
                cwd=ROOT,
                env=self.environment(env or {}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                check=False,
            )
        if done.returncode != 0:
            printed = done.stdout.decode(errors="replace")[-2000:]
            raise ServiceFailed(f"{name} ended with {done.returncode}\n{printed}{self.log_tail(name)}")
        return done.stdout.decode()

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send the service a signal and leave what follows to the watcher. For drills."""
        self.running[name].send_signal(number)

    def watch(self) -> None:
        """Restart, from now on, any service that dies. More than five deaths a minute are left alone and said."""
        self._watching = threading.Thread(target=self._watch, daemon=True, name="watch")
        self._watching.start()

    def stop(self) -> None:
        """End the services, those started last first, then whatever carries the stack's token. Safe to call twice."""
        if self._lock is None:
            return
        self._ending.set()
        with self._guard:
            for services in reversed(self._together):
                self._stop_all([service for service in services if service.name in self.running])
            kill_all(self.record.token, self.record.identities(), 0)
        if self._watching is not None:
            self._watching.join()
        self.record.clear()
        if self._sentinel.stdin:
            self._sentinel.stdin.close()
        self._sentinel.wait()
        self._lock.close()
        self._lock = None

    def log(self, name: str) -> Path:
        return self.folder / "log" / f"{name}.log"

    def log_tail(self, name: str, lines: int = 15) -> str:
        text = self.log(name).read_text(errors="replace") if self.log(name).exists() else ""
        return "\n".join([f"the end of {self.log(name).relative_to(ROOT)}:", *text.splitlines()[-lines:]])

    def place(self, name: str) -> Path:
        """A folder of the stack for one service's files, private to the user it runs as."""
        return _private(self.folder / name)

    def socket_place(self, name: str) -> Path:
        """A folder for Unix sockets: the service's own, or a short private one when the checkout's path is too long."""
        folder = self.place(name)
        if len(bytes(folder)) <= SOCKET_PATH_BYTES:
            return folder
        if self.record.sockets is None:
            self.record.sockets = tempfile.mkdtemp(prefix="shala-")
            Path(self.record.sockets).chmod(0o711)
            self.record.write()
        return _private(Path(self.record.sockets) / name)

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        """What a process of the stack is started with: the caller's surroundings, the stack's mark and `extra`."""
        return {**inherited(), MARK: self.record.token, **extra}

    def _locked(self) -> IO[str] | None:
        lock = (self.folder / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return None
        return lock

    def _clean_up_after_the_last(self) -> None:
        left = Record.read(self.folder / "stack.json")
        if left is None:
            return
        killed = kill_all(left.token, left.identities(), 0)
        left.clear()
        if killed:
            say(f"ended {len(killed)} processes an earlier run of {self.name} left behind")

    def _sentinel_start(self) -> subprocess.Popen[bytes]:
        # No mark in its environment, not even that of a stack around this one: it must outlive those it ends.
        return subprocess.Popen(
            [sys.executable, "-m", "scripts.stack.sentinel", str(self.record.path), self.record.token],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name != MARK},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _spawn(self, service: Service) -> None:
        with self.log(service.name).open("ab" if service.name in self.running else "wb") as log:
            process = subprocess.Popen(
                wrapped(list(service.command), parting=service.parting, folder=service.folder),
                cwd=ROOT,
                env=self.environment(service.env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.running[service.name] = process
        self.record.remember(service.name, process.pid)

    def _await(self, service: Service) -> None:
        def settled() -> bool:
            return self.running[service.name].poll() is not None or service.ready()

        in_time = wait_until(settled, service.ready_seconds)
        for _ in range(1, service.tries):
            if in_time:
                break
            self.running[service.name].kill()
            self.running[service.name].wait()
            self._spawn(service)
            in_time = wait_until(settled, service.ready_seconds)
        code = self.running[service.name].poll()
        if code is not None:
            raise ServiceFailed(f"{service.name} ended with {code}\n{self.log_tail(service.name)}")
        if not in_time:
            raise ServiceFailed(
                f"{service.name} was not ready in {service.ready_seconds:.0f} s\n{self.log_tail(service.name)}"
            )

    def _stop_all(self, services: Sequence[Service]) -> None:
        for service in services:
            self.running[service.name].send_signal(service.stop)
        begun = time.monotonic()
        for service in services:
            process = self.running[service.name]
            try:
                process.wait(max(0.0, begun + service.stop_seconds - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _watch(self) -> None:
        while not self._ending.wait(0.5):
            for name, process in list(self.running.items()):
                if process.poll() is not None and self.services[name].essential:
                    self._restart(self.services[name], process)

    def _restart(self, service: Service, dead: subprocess.Popen[bytes]) -> None:
        with self._guard:
            # Somebody may have started another in the dead one's place meanwhile.
            if self._ending.is_set() or self.running[service.name] is not dead:
                return
            code = dead.returncode
            recent = [at for at in self._restarts.get(service.name, []) if at > time.monotonic() - 60]
            if len(recent) >= RESTARTS_PER_MINUTE:
                return
            self._restarts[service.name] = [*recent, time.monotonic()]
            if len(recent) + 1 == RESTARTS_PER_MINUTE:
                tail = self.log_tail(service.name)
                say(f"{service.name} keeps ending ({code}) and is not restarted for a minute\n{tail}")
                return
            say(f"{service.name} ended with {code}; starting it again")
            self._spawn(service)


def _private(folder: Path) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    hand_over(folder)
    return folder


def remove(folder: Path) -> None:
    """Delete a stack's folder if no supervisor lives in it, ending what one left behind. Raises StackInUse."""
    if folder.exists():
        Supervisor(folder.name).stop()
        shutil.rmtree(folder)
