"""A run: one piece of work over many schemas, noted so that others see how far it is and what became of it.

The row is written by the login that migrates, at most twice a second, and told to whoever follows the topic `fleet`. Only
one migration of the fleet goes on at a time, and none while a command or a backfill goes through it.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import connection, connections
from django.db.models import F, QuerySet

from kernel import clock, realtime
from kernel.errors import error_line
from kernel.tenancy.business import PUBLIC_SCHEMA
from kernel.tenancy.errors import FleetBusy
from kernel.tenancy.models import FleetRun
from kernel.tenancy.router import DDL_ALIAS
from kernel.tenancy.scope import platform_scope, schema_scope

TOPIC, MOVED = "fleet", "fleet.moved"
SECONDS_BETWEEN = 0.5
# The app under which entries of commands stand; no app of ours has such a label.
RUN_APP = "fleet run"

# The two halves of our advisory locks' keys: the whole fleet, and each run by the hash of its id.
_FLEET, _RUN = 0x666C6574, 0x72756E73
_UNHELD = """
SELECT id FROM public.tenancy_fleetrun WHERE state = 'running' AND NOT EXISTS (
  SELECT FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_database d ON d.oid = l.database
  WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.classid = %s
    AND l.objid::bigint = hashtext(tenancy_fleetrun.id::text)::bigint & 4294967295)
"""


class Run:
    """A run under way. Threads say what they have done; its row follows when `tick` is called on its own thread."""

    def __init__(self, row: FleetRun, show: Callable[[FleetRun], None]) -> None:
        self.row = row
        self._show = show
        self._lock = threading.Lock()
        self._written = 0.0

    @property
    def id(self) -> Any:
        return self.row.id

    def moved(self, *, done: int = 0, failed: int = 0) -> None:
        """Count what has been done with, well or badly."""
        with self._lock:
            self.row.done += done
            self.row.failed += failed

    def stage(self, name: str) -> None:
        self.row.stage = name
        self.tick(now=True)

    def tick(self, *, now: bool = False) -> None:
        """Write and tell how far it is, unless that was done a moment ago."""
        self._show(self.row)
        if now or time.monotonic() - self._written >= SECONDS_BETWEEN:
            self._written = time.monotonic()
            self._write()

    def _write(self) -> None:
        self.row.moved_at = clock.now()
        with schema_scope(PUBLIC_SCHEMA), self._lock:
            self.row.save(using=DDL_ALIAS)
        said = {"run": self.row.id, **{name: getattr(self.row, name) for name in _TOLD}}
        with platform_scope():
            realtime.send(TOPIC, MOVED, said)


_TOLD = ("kind", "what", "state", "stage", "total", "done", "failed")


@contextmanager
def fleet_held(*, alone: bool) -> Iterator[None]:
    """Hold the fleet: `alone` to change its schemas, together with others to work through it. Raises FleetBusy at once."""
    kind = "" if alone else "_shared"
    with schema_scope(PUBLIC_SCHEMA), _cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_lock{kind}(%s, 0)", [_FLEET])
        if not cursor.fetchone()[0]:
            raise FleetBusy("another process migrates the fleet or works through it; wait until it has ended")
    try:
        yield
    finally:
        # The lock ends with the session, should that be gone.
        if connections[DDL_ALIAS].is_usable():
            with schema_scope(PUBLIC_SCHEMA), _cursor() as cursor:
                cursor.execute(f"SELECT pg_advisory_unlock{kind}(%s, 0)", [_FLEET])


@contextmanager
def run_held(run: UUID) -> Iterator[None]:
    """Hold the lock that says a process is at this run; the server lets go of it for one that dies."""
    with schema_scope(PUBLIC_SCHEMA), _cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", [_RUN, str(run)])
    try:
        yield
    finally:
        with schema_scope(PUBLIC_SCHEMA), _cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [_RUN, str(run)])


def runs_interrupted() -> set[UUID]:
    """Runs that say they go on and at which no process is any more. In the operator's scope."""
    with connection.cursor() as cursor:
        return set(_interrupted(cursor).values_list("pk", flat=True))


def _interrupted(cursor: Any) -> QuerySet[FleetRun]:
    """Rows are of one moment and locks of a later one: what has ended between the two has said so when it is asked again."""
    cursor.execute(_UNHELD, [_RUN])
    unheld = [row[0] for row in cursor.fetchall()]
    return FleetRun.objects.filter(pk__in=unheld, state=FleetRun.State.RUNNING)


@contextmanager
def run_begin(
    *, kind: str, what: str, total: int = 0, fingerprint: str = "", show: Callable[[FleetRun], None] = lambda row: None
) -> Iterator[Run]:
    """A run from its first row to its last: `finished`, `failed` when anything in it failed or it raised, or `stopped`;
    or what the block itself has called it.

    `kind` is one of FleetRun.Kind. Enter it outside any scope, holding the fleet. Runs whose process has died are noted
    as stopped first.
    """
    moment = clock.now()
    row = FleetRun(kind=kind, what=what[:200], total=total, fingerprint=fingerprint, started_at=moment, moved_at=moment)
    with schema_scope(PUBLIC_SCHEMA), _cursor() as cursor:
        dead = _interrupted(cursor).using(DDL_ALIAS)
        dead.update(state=FleetRun.State.STOPPED, finished_at=F("moved_at"))
    run = Run(row, show)
    with run_held(row.id):
        try:
            run.tick(now=True)
            yield run
        except KeyboardInterrupt:
            row.state = FleetRun.State.STOPPED
            raise
        except Exception as error:
            row.state, row.error = FleetRun.State.FAILED, error_line(error)
            raise
        else:
            if row.state == FleetRun.State.RUNNING:  # unless the work itself said that it stopped
                row.state = FleetRun.State.FAILED if row.failed else FleetRun.State.FINISHED
        finally:
            row.finished_at = clock.now()
            run.tick(now=True)


def _cursor() -> Any:
    return connections[DDL_ALIAS].cursor()
