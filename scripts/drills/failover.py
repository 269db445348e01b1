"""The failover: the database's machine dies while people write, its synchronous standby takes over, nothing said is lost.

What notices and promotes here stands for what does so in production (Patroni, a cloud's own); the processes only know
the address of both places. Each further kill makes a fresh standby in the place of the dead and kills the other.
"""

import argparse
import itertools
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from scripts.drills.check import Checker, Findings
from scripts.drills.stage import NotAnswered, Stage
from scripts.stack import servers
from scripts.stack.days import local_today
from scripts.stack.layout import CannotRun
from scripts.stack.processes import family, send, wait_until
from scripts.stack.progress import doing, say

WITHOUT = "synchronous"  # the guard: who is acknowledged waits for the standby
WRITERS = 6
BACK_S, READY_S = 10.0, 20.0
LOOKED_EVERY_S, MISSED = 0.25, 4  # as often in a row before the primary counts as dead
PATIENCE_S = 60.0
WAIT_FOR_ANY = "ALTER SYSTEM SET synchronous_standby_names = '*'"
WAIT_FOR_NONE = "ALTER SYSTEM SET synchronous_standby_names = ''"


def played(stage: Stage, options: argparse.Namespace, size: Any) -> tuple[Findings, dict[str, Any]]:
    """Writers without end, `size.kills` primaries killed among them; then the diary is compared with what survived."""
    writers = Writers(stage, seed=options.seed)
    kills = max(1, size.kills)
    each = max(1, size.operations // (kills + 1))
    falls: list[Fall] = []
    with writers.at_work():
        for _ in range(kills):
            pair = Pair.of(stage)
            with doing("copying the primary to a standby"):
                pair.follow(is_synchronous=options.broken != WITHOUT)
            writers.wait(each)
            with doing("killing the primary"):
                falls.append(_fall(pair, writers, is_broken=options.broken == WITHOUT))
            if time.monotonic() > stage.deadline - size.settle_s:
                break
        writers.wait(each)
    checker = Checker(stage.database, stage.schema, stage.tenant.public_id, stage.keys)
    with doing("comparing the diary and the database that is left"):
        found = checker.check(stage.diary, stage.play.sandbox.book())
    found.late += [f"writes came back after {one.back_s:.1f} s" for one in falls if one.back_s > BACK_S]
    found.late += [f"web and live were ready after {one.ready_s:.1f} s" for one in falls if one.ready_s > READY_S]
    found.late += [f"a writer stumbled: {one}" for one in writers.failed]
    slowest = max(falls, key=lambda one: one.back_s)
    counted = {
        "writes": len(writers.answered),
        "noticed_ms": round(slowest.noticed_s * 1000),
        "promoted_ms": round(slowest.promoted_s * 1000),
        "back_ms": round(slowest.back_s * 1000),
        "ready_ms": round(max(one.ready_s for one in falls) * 1000),
    }
    figures = {"done": len(writers.answered), "wanted": size.operations, "counted": counted}
    return found, {**figures, "kills": {"web": 0, "worker": 0, "beat": 0, "database": len(falls), "redis": 0}}


@dataclass(frozen=True)
class Fall:
    """Seconds from a primary's death until it was noticed, another was primary, a write begun since was answered, and
    every process that serves said that it is ready.
    """

    noticed_s: float
    promoted_s: float
    back_s: float
    ready_s: float


@dataclass
class Pair:
    """The two places of the stack's database: who is primary, and where its standby belongs."""

    stage: Stage
    primary: str
    standby: str

    @classmethod
    def of(cls, stage: Stage) -> "Pair":
        for primary, standby in itertools.permutations(servers.PAIR):
            pair = cls(stage, primary, standby)
            if not pair.is_standby(primary):
                return pair
        raise CannotRun("neither place of the database takes writes")

    def address(self, name: str) -> str:
        assert self.stage.stack.supervisor is not None
        return f"postgresql://postgres@/postgres?host={self.stage.stack.supervisor.socket_place(name)}"

    def is_standby(self, name: str) -> bool:
        """Whether it takes no writes, for whatever reason."""
        try:
            return bool(_asked(self.address(name), "SELECT pg_is_in_recovery()"))
        except psycopg.OperationalError:
            return True

    def follow(self, *, is_synchronous: bool) -> None:
        """Start a standby; from then on nobody is acknowledged before it has written the same to its disk."""
        supervisor, primary = self.stage.stack.supervisor, self.address(self.primary)
        assert supervisor is not None
        service, _ = servers.standby(supervisor, primary, name=self.standby)
        supervisor.start(service)
        with psycopg.connect(primary, autocommit=True) as admin:
            admin.execute(WAIT_FOR_ANY if is_synchronous else WAIT_FOR_NONE)
            admin.execute("SELECT pg_reload_conf()")
        wanted = "sync" if is_synchronous else "async"
        look = "SELECT string_agg(sync_state, ',') FROM pg_stat_replication WHERE state = 'streaming'"
        if not wait_until(lambda: _asked(primary, look) == wanted, 30):
            raise CannotRun(f"the standby does not follow ({wanted})")

    def is_served(self) -> bool:
        """Whether the processes in front of it say that they are ready."""
        assert self.stage.stack.supervisor is not None
        return all(self.stage.stack.supervisor.services[name].ready() for name in ("web", "live"))

    def receiver(self) -> int:
        """The standby's process that takes in the primary's log."""
        return int(_asked(self.address(self.standby), "SELECT pid FROM pg_stat_wal_receiver"))

    def kill(self) -> None:
        """The primary's machine is gone: the server and every session of it, at once and for good."""
        supervisor = self.stage.stack.supervisor
        assert supervisor is not None
        supervisor.services[self.primary] = replace(supervisor.services[self.primary], essential=False)
        _, *children = family(supervisor.running[self.primary].pid)
        supervisor.kill(self.primary)
        for child in children:
            send(child, signal.SIGKILL)

    def notice(self) -> None:
        """Return once the primary has not answered a few times in a row."""
        missed = 0
        while missed < MISSED:
            missed = missed + 1 if self.is_standby(self.primary) else 0
            time.sleep(LOOKED_EVERY_S)

    def promote(self) -> None:
        """Make the standby primary. The dead one may never come back as such: its place is copied anew."""

        def promoted() -> bool:
            try:
                _asked(self.address(self.standby), "SELECT pg_promote(true, 30)")
            except psycopg.Error:  # it is starting again, or is primary already
                pass
            return not self.is_standby(self.standby)

        if not wait_until(promoted, 30):
            raise CannotRun("the standby was not promoted")


class Writers:
    """Callers who write without pause: a due, which is there once answered, and credits by key, which come once."""

    def __init__(self, stage: Stage, *, seed: int) -> None:
        self.stage = stage
        self.seed = seed
        self.answered: list[tuple[float, float]] = []  # when each acknowledged write was begun, and answered
        self.failed: list[str] = []
        self._ended = threading.Event()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        with ThreadPoolExecutor(WRITERS) as pool:
            writing = [pool.submit(self._write_on, writer) for writer in range(WRITERS)]
            try:
                yield
            finally:
                self._ended.set()
        self.failed += [repr(error) for one in writing if (error := one.exception())]

    def wait(self, more: int) -> None:
        """Until so many more writes were answered, or it takes far too long."""
        wanted = len(self.answered) + more
        wait_until(lambda: len(self.answered) >= wanted, min(PATIENCE_S, max(1.0, self.stage.time_left)))

    def back(self, since: float) -> float:
        """When the first write that began after that moment was answered."""
        first: list[float] = []

        def came() -> bool:
            first[:] = [ended for begun, ended in list(self.answered) if begun > since][:1]
            return bool(first)

        return first[0] if wait_until(came, PATIENCE_S, every=0.02) else since + PATIENCE_S

    def _write_on(self, writer: int) -> None:
        for number in itertools.count():
            if self._ended.is_set():
                return
            begun = time.monotonic()
            try:
                is_answered = self._credits(writer, number) if writer == 0 else self._due(f"{writer}-{number}")
            except NotAnswered as error:
                say(f"  no answer: {error}")
                continue
            if is_answered:
                self.answered.append((begun, time.monotonic()))

    def _due(self, name: str) -> bool:
        stage = self.stage
        body = {"student": stage.students[0]["id"], "title": f"Fee {name}", "amount_paise": 45_000}
        due = stage.ask(stage.owner, "POST", "dues", {**body, "due_on": local_today().isoformat()})
        if due is not None:
            stage.diary.acknowledged("due", id=due["id"])
        return due is not None

    def _credits(self, writer: int, number: int) -> bool:
        stage, units = self.stage, 1 + number % 7
        give = {"tenant": stage.tenant.id, "channel": "sms", "units": units}
        key = f"failover-{self.seed}-{stage.tenant.slug}-{writer}-{number}"
        try:
            given = stage.ask(stage.play.admin, "POST", "admin/credits/allocate", give, key=key)
        except NotAnswered:
            stage.diary.unsure(units)
            raise
        if given is not None:
            stage.diary.acknowledged("credits", units=units, key=key)
        return given is not None


def _fall(pair: Pair, writers: Writers, *, is_broken: bool) -> Fall:
    stopped = pair.receiver() if is_broken else 0
    if stopped:
        # A slow line between the two: what is acknowledged meanwhile is on one machine alone.
        send(stopped, signal.SIGSTOP)
        writers.wait(4 * WRITERS)
    pair.kill()
    killed_at = time.monotonic()  # before, a session that still lives may yet write
    if stopped:
        send(stopped, signal.SIGKILL)
    pair.notice()
    noticed_at = time.monotonic()
    pair.promote()
    promoted_at = time.monotonic()
    back_at = writers.back(killed_at)
    wait_until(pair.is_served, PATIENCE_S)
    fall = Fall(*(at - killed_at for at in (noticed_at, promoted_at, back_at, time.monotonic())))
    told = zip(("noticed", "promoted", "written to", "all ready"), astuple(fall), strict=True)
    say("  " + ", ".join(f"{what} after {seconds:.1f} s" for what, seconds in told))
    return fall


def _asked(address: str, query: str) -> Any:
    with psycopg.connect(make_conninfo(address, connect_timeout=2), autocommit=True) as session:
        row = session.execute(query).fetchone()
    return row[0] if row else None
