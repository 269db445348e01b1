"""Backfills: filling what a migration added, in every schema, in small batches that can be stopped anywhere.

An app declares them in `backfills.py`. They run as the login that owns the schemas, as migrations do, and note how far
they are in the transaction of each batch: whatever dies, each row is filled once. `Contract` opens the migration that
takes the old away and is refused until every schema is through.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connections
from django.db.transaction import atomic
from django.utils.module_loading import autodiscover_modules
from psycopg import errors

from kernel import clock, crash
from kernel.tenancy.business import PUBLIC_SCHEMA
from kernel.tenancy.errors import BackfillUnfinished, BackfillUnknown
from kernel.tenancy.models import BackfillPosition, FleetRun, ReadySchema
from kernel.tenancy.router import DDL_ALIAS
from kernel.tenancy.scope import schema_scope

BATCH_FILLED = crash.register("tenancy.batch_filled")
BATCH_KEPT = crash.register("tenancy.batch_kept")
# A batch that takes longer, or waits longer for somebody's lock, is undone and tried again with half as many rows.
STATEMENT_TIMEOUT, LOCK_TIMEOUT = "10s", "2s"
TRIES = 5
PAUSE_S = 0.05
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one batch did: how many rows, and from where the next goes on, or None when the schema is through."""

    rows: int
    after: str | None


# fill(cursor, after, size): fills the next `size` rows behind `after` ("" at first) in the schema the cursor stands in.
Fill = Callable[[Any, str, int], Batch]


@dataclass(frozen=True, slots=True)
class Backfill:
    """A declared backfill; `batch` is how many rows it is asked to fill at once."""

    name: str
    fill: Fill
    batch: int


_declared: dict[str, Backfill] = {}


def backfill(name: str, *, batch: int = 500) -> Callable[[Fill], Fill]:
    """Declare a function of an app's `backfills.py` as the backfill `<app>.<what>`."""

    def declare(fill: Fill) -> Fill:
        _declared[name] = Backfill(name, fill, batch)
        return fill

    return declare


def backfills() -> list[Backfill]:
    """Every backfill the code declares, by name."""
    autodiscover_modules("backfills")
    return [_declared[name] for name in sorted(_declared)]


def backfill_run(
    name: str, *, report: Report = lambda line: None, seconds: float | None = None, pause_s: float = PAUSE_S
) -> FleetRun:
    """Fill what is unfilled, schema after schema, and give the run: `finished`, `failed`, or `stopped` after `seconds`.

    May be begun anew at any time and by several at once: nothing is filled twice. A schema whose batch fails is left
    with its error and the others go on. Raises BackfillUnknown.
    """
    one = _find(name)
    deadline = time.monotonic() + seconds if seconds is not None else None
    schemas = _enlist(one)
    with _running(one, schemas) as run:
        for schema in schemas:
            if not _schema_filled(one, schema, deadline, pause_s):
                run.state = FleetRun.State.STOPPED
                break
            _count(run, schema)
            report(f"{name}: {run.done + run.failed} of {run.total} schemas")
        else:
            run.state = FleetRun.State.FAILED if run.failed else FleetRun.State.FINISHED
    return run


def unfinished(names: Iterable[str]) -> dict[str, list[str]]:
    """For each of the backfills that is not through everywhere, the schemas where it is not; all where it never began."""
    found = {}
    with schema_scope(PUBLIC_SCHEMA), connections[DDL_ALIAS].cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.tenancy_backfillposition')")
        if cursor.fetchone()[0] is None:
            return {}  # nothing is older than what is being made
        for name in names:
            positions = BackfillPosition.objects.using(DDL_ALIAS).filter(backfill=name)
            living = _living()
            if positions.exists():
                living = living.filter(name__in=positions.filter(is_done=False).values("schema"))
            if schemas := list(living.values_list("name", flat=True)):
                found[name] = schemas
    return found


def refuse_unfinished(names: Iterable[str]) -> None:
    """Raises BackfillUnfinished while one of the backfills is not through in every schema."""
    for name, schemas in unfinished(names).items():
        some = ", ".join(schemas[:5]) + (" …" if len(schemas) > 5 else "")
        raise BackfillUnfinished(
            f"backfill {name} is unfinished in {len(schemas)} schemas ({some}): manage.py fleet backfill {name}"
        )


def _find(name: str) -> Backfill:
    known = {one.name: one for one in backfills()}
    if name not in known:
        raise BackfillUnknown(f"no backfill is named {name}; there are: {', '.join(known) or 'none'}")
    return known[name]


def _living() -> Any:
    return ReadySchema.objects.using(DDL_ALIAS).exclude(state=ReadySchema.State.DROPPED).order_by("number")


def _enlist(one: Backfill) -> list[str]:
    """Give every living schema a position, and name those that are not through."""
    with schema_scope(PUBLIC_SCHEMA):
        living, moment = list(_living().values_list("name", flat=True)), clock.now()
        positions = BackfillPosition.objects.using(DDL_ALIAS)
        positions.bulk_create(
            [BackfillPosition(backfill=one.name, schema=schema, moved_at=moment) for schema in living],
            ignore_conflicts=True,
            batch_size=1_000,
        )
        through = set(positions.filter(backfill=one.name, is_done=True).values_list("schema", flat=True))
    return [schema for schema in living if schema not in through]


@contextmanager
def _running(one: Backfill, schemas: list[str]) -> Iterator[FleetRun]:
    """The row people see move; it ends with the state the block gave it."""
    moment = clock.now()
    run = FleetRun(kind=FleetRun.Kind.BACKFILL, what=one.name, total=len(schemas), started_at=moment, moved_at=moment)
    _keep(run)
    try:
        yield run
    except BaseException as error:
        run.state, run.error = FleetRun.State.STOPPED, repr(error)
        raise
    finally:
        run.finished_at = clock.now()
        _keep(run)


def _keep(run: FleetRun) -> None:
    with schema_scope(PUBLIC_SCHEMA):
        run.moved_at = clock.now()
        run.save(using=DDL_ALIAS)


def _count(run: FleetRun, schema: str) -> None:
    with schema_scope(PUBLIC_SCHEMA):
        position = BackfillPosition.objects.using(DDL_ALIAS).get(backfill=run.what, schema=schema)
    if position.is_done:
        run.done += 1
    else:
        run.failed += 1
        run.error = f"{schema}: {position.error}"
    _keep(run)


def _schema_filled(one: Backfill, schema: str, deadline: float | None, pause_s: float) -> bool:
    """Fill one schema to its end, or to an error that is noted; False when the time is over before."""
    size, tries = one.batch, 0
    while True:
        if deadline is not None and time.monotonic() > deadline:
            return False
        try:
            done = _batch(one, schema, size)
        except OperationalError as error:
            tries += 1
            if tries >= TRIES or not isinstance(error.__cause__, errors.QueryCanceled | errors.LockNotAvailable):
                _note(one, schema, error)
                return True
            size = max(1, size // 2)
            continue
        except Exception as error:
            _note(one, schema, error)
            return True
        crash.point(BATCH_KEPT)
        if done:
            return True
        tries = 0
        time.sleep(pause_s)


def _batch(one: Backfill, schema: str, size: int) -> bool:
    """One transaction: the next rows and the position behind them. Whether the schema is through."""
    with schema_scope(schema), atomic(using=DDL_ALIAS), connections[DDL_ALIAS].cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'")
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        # Whoever else fills this schema waits here, and goes on behind what was filled meanwhile.
        cursor.execute(
            "SELECT after, is_done FROM public.tenancy_backfillposition WHERE backfill = %s AND schema = %s FOR UPDATE",
            [one.name, schema],
        )
        after, is_done = cursor.fetchone()
        if is_done:
            return True
        batch = one.fill(cursor, after, size)
        crash.point(BATCH_FILLED)
        cursor.execute(
            "UPDATE public.tenancy_backfillposition SET after = COALESCE(%s::text, after), rows = rows + %s,"
            " is_done = %s, error = '', moved_at = %s WHERE backfill = %s AND schema = %s",
            [batch.after, batch.rows, batch.after is None, clock.now(), one.name, schema],
        )
        return batch.after is None


def _note(one: Backfill, schema: str, error: Exception) -> None:
    with schema_scope(PUBLIC_SCHEMA):
        position = BackfillPosition.objects.using(DDL_ALIAS).filter(backfill=one.name, schema=schema)
        position.update(error=f"{type(error).__name__}: {error}"[:500], moved_at=clock.now())
