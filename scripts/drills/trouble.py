"""What goes wrong in a drill, by its seed: processes killed as machines die, vendors and callbacks that misbehave."""

import random
import signal
import threading
import time
from collections.abc import Callable

import httpx

from connectors.sandbox.client import SandboxClient
from scripts.stack.processes import family, send, wait_until
from scripts.stack.progress import say
from scripts.stack.supervisor import Supervisor
from scripts.story.opening import GATEWAYS

# By the names results are given in, the services they are.
KILLED = {"web": "web", "worker": "worker", "beat": "beat", "database": "postgres", "redis": "valkey"}
_BACK_S = 45.0
_MODES = ("normal", "duplicate", "shuffle", "forge", "hold", "never", "normal")
_FAULTS = (
    *((vendor, "order_create", kind) for vendor in GATEWAYS for kind in ("error_500_html", "error_500_after")),
    *((vendor, "order_create", kind) for vendor in GATEWAYS for kind in ("truncated", "empty", "timeout_after")),
    *((vendor, "refund_create", kind) for vendor in GATEWAYS for kind in ("error_500_after", "truncated", "empty")),
    *((vendor, "payments_fetch", kind) for vendor in GATEWAYS for kind in ("slow", "error_500_html", "empty")),
    *((vendor, "*", "rate_limited") for vendor in GATEWAYS),
    *(("msg91", "flow", kind) for kind in ("error_500_html", "error_500_after", "truncated", "slow")),
)


class Killer(threading.Thread):
    """Kills `kills` processes while the work goes on, each kind in its turn; `done` says how far the work is, 0 to 1."""

    def __init__(self, supervisor: Supervisor, *, seed: int, kills: int, done: Callable[[], float]) -> None:
        super().__init__(daemon=True, name="killer")
        self.supervisor = supervisor
        self.done = done
        self.kills = dict.fromkeys(KILLED, 0)
        self.slowest_s = 0.0
        self.ended = threading.Event()
        chance = random.Random(f"{seed}:kills")  # noqa: S311 - to be repeated
        self.plan: list[str] = []
        while len(self.plan) < kills:
            self.plan += chance.sample(sorted(KILLED), len(KILLED))
        self.plan = self.plan[:kills]

    def run(self) -> None:
        for number, victim in enumerate(self.plan, start=1):
            mark = number / (len(self.plan) + 1)
            while self.done() < mark:
                if self.ended.wait(0.2):
                    return
            self._kill(victim)
            if self.ended.is_set():
                return

    def _kill(self, victim: str) -> None:
        name = KILLED[victim]
        before = self.supervisor.running[name]
        if before.poll() is not None:
            return
        _, *children = family(before.pid)
        self.supervisor.kill(name)
        for child in children:  # a machine that dies takes them along; left alone, some would go on answering
            send(child, signal.SIGKILL)
        self.kills[victim] += 1
        begun = time.monotonic()
        # The next may only die once this one is back: two deaths at once are another drill.
        back = wait_until(lambda: self._is_back(name, before.pid), _BACK_S, every=0.2)
        seconds = time.monotonic() - begun
        self.slowest_s = max(self.slowest_s, seconds)
        say(f"  killed {victim}, " + (f"back after {seconds:.1f} s" if back else f"NOT back after {seconds:.0f} s"))

    def _is_back(self, name: str, before: int) -> bool:
        now = self.supervisor.running[name]
        return now.pid != before and now.poll() is None and self.supervisor.services[name].ready()


class Weather(threading.Thread):
    """Spoils vendors' answers and the way callbacks go out, anew every `every_s` seconds, until `clear`ed."""

    def __init__(self, sandbox: SandboxClient, *, seed: int, every_s: float, messages: bool) -> None:
        super().__init__(daemon=True, name="weather")
        self.sandbox = sandbox
        self.chance = random.Random(f"{seed}:weather")  # noqa: S311 - to be repeated
        self.every_s = every_s
        self.faults = [fault for fault in _FAULTS if messages or fault[0] in GATEWAYS]
        self.changes = 0
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(self.every_s):
            vendor, operation, kind = self.chance.choice(self.faults)
            gateway, mode = self.chance.choice(GATEWAYS), self.chance.choice(_MODES)
            try:
                self.sandbox.fault(vendor, operation, kind, times=self.chance.randint(1, 3), seconds=0.5)
                self.sandbox.webhooks(gateway, mode, copies=3)
                if self.chance.random() < 0.5:
                    self.sandbox.webhooks_flush(copies=2, shuffle=True)
            except httpx.HTTPError as error:
                say(f"  the stand-ins did not answer: {type(error).__name__}")
            self.changes += 1

    def clear(self) -> None:
        """Good weather from now on, and whatever was held back goes out three times, shuffled."""
        self._ended.set()
        self.join()
        self.sandbox.faults_clear()
        for gateway in GATEWAYS:
            self.sandbox.webhooks(gateway, "normal")
        self.sandbox.webhooks_flush(copies=3, shuffle=True)
