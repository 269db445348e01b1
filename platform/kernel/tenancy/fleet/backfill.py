"""Backfills: filling what a migration added, in every schema, in small batches that can be stopped anywhere.

An app declares them in `backfills.py`. They run as the login that owns the schemas, as migrations do, and note how far
they are in the transaction of each batch: whatever dies, each row is filled once. `Contract` opens the migration that
takes the old away and is refused until every schema is through.
"""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connections
from django.db.transaction import atomic
from django.utils.module_loading import autodiscover_modules
from psycopg import errors

from kernel import clock, crash
from kernel.errors import error_line
from kernel.tenancy.business import PUBLIC_SCHEMA
from kernel.tenancy.errors import BackfillUnfinished, BackfillUnknown
from kernel.tenancy.fleet.runs import Run, fleet_held, run_begin
from kernel.tenancy.fleet.show import Show
from kernel.tenancy.models import BackfillPosition, FleetRun, ReadySchema
from kernel.tenancy.router import DDL_ALIAS
from kernel.tenancy.scope import schema_scope

BATCH_FILLED = crash.register("tenancy.batch_filled")
BATCH_KEPT = crash.register("tenancy.batch_kept")
# A batch that takes longer, or waits longer for somebody's lock, is undone and tried again with half as many rows.
STATEMENT_TIMEOUT, LOCK_TIMEOUT = "10s", "2s"
TRIES = 5
PAUSE_S = 0.05


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
    name: str, *, seconds: float = math.inf, pause_s: float = PAUSE_S, show: Show | None = None
) -> FleetRun:
    """Fill what is unfilled, schema after schema, and give the run: `finished`, `failed`, or `stopped` after `seconds`.

    May be begun anew at any time and by several at once: nothing is filled twice, and each call fills a batch at least.
    A schema whose batch fails is left with its error and the others go on. Called outside any scope. Raises
    BackfillUnknown, and FleetBusy while the fleet is migrated.
    """
    one = _find(name)
    deadline = time.monotonic() + seconds
    with show or Show() as shown, fleet_held(alone=False):
        schemas = _enlist(one)
        begun = run_begin(kind=FleetRun.Kind.BACKFILL, what=name, total=len(schemas), show=shown.row)
        with begun as run:
            for schema in schemas:
                if not _schema_filled(one, schema, run, deadline, pause_s):
                    run.row.state = FleetRun.State.STOPPED
                    break
                run.tick()
        return run.row


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a backfill is: in how many of the schemas it was begun for, how many rows, and what failed where."""

    name: str
    schemas: int
    through: int
    rows: int
    errors: dict[str, str]


def standings() -> list[Standing]:
    """How far each declared backfill is."""
    found = []
    with schema_scope(PUBLIC_SCHEMA):
        for one in backfills():
            begun = BackfillPosition.objects.using(DDL_ALIAS).filter(backfill=one.name)
            positions = list(begun.filter(schema__in=_living().values("name")))
            found.append(
                Standing(
                    name=one.name,
                    schemas=len(positions),
                    through=sum(position.is_done for position in positions),
                    rows=sum(position.rows for position in positions),
                    errors={position.schema: position.error for position in positions if position.error},
                )
            )
    return found


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
    return ReadySchema.objects.using(DDL_ALIAS).living().order_by("number")


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


def _schema_filled(one: Backfill, schema: str, run: Run, deadline: float, pause_s: float) -> bool:
    """Fill one schema to its end, or to an error that is noted; False when the time was over before."""
    size, tries = one.batch, 0
    while True:
        try:
            if _batch(one, schema, size):
                run.moved(done=1)
                return True
            tries = 0
        except OperationalError as error:
            tries += 1
            if tries == TRIES or not isinstance(error.__cause__, errors.QueryCanceled | errors.LockNotAvailable):
                _failed(one, schema, run, error)
                return True
            size = max(1, size // 2)
        except Exception as error:
            _failed(one, schema, run, error)
            return True
        crash.point(BATCH_KEPT)
        run.tick()
        if time.monotonic() > deadline:
            return False
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


def _failed(one: Backfill, schema: str, run: Run, error: Exception) -> None:
    said = error_line(error)
    run.moved(failed=1)
    run.row.error = f"{schema}: {said}"
    with schema_scope(PUBLIC_SCHEMA):
        position = BackfillPosition.objects.using(DDL_ALIAS).filter(backfill=one.name, schema=schema)
        position.update(error=said, moved_at=clock.now())
