"""Migrating the fleet: public, the template, one tenant, one in a hundred, all others; nothing to do costs a few queries."""

import math
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

import psycopg
from django.db import DatabaseError, connections
from psycopg import errors

from kernel import crash
from kernel.errors import error_line
from kernel.tenancy.business import PUBLIC_SCHEMA
from kernel.tenancy.fleet.apply import How, Work, carry_out, ensure_record, given_up, journal, replay
from kernel.tenancy.fleet.crew import Crew, Later, Outcome, Pace
from kernel.tenancy.fleet.heads import heads
from kernel.tenancy.fleet.plan import Plan, plan_from
from kernel.tenancy.fleet.runs import Run, fleet_held, run_begin
from kernel.tenancy.fleet.show import Show
from kernel.tenancy.fleet.versions import Name, code_fingerprint, is_behind
from kernel.tenancy.grants import grant_public, grants_fingerprint
from kernel.tenancy.models import FleetEntry, FleetRun, ReadySchema, Snapshot
from kernel.tenancy.router import DDL_ALIAS
from kernel.tenancy.schemas import TEMPLATE_SCHEMA, alone, snapshot_take
from kernel.tenancy.scope import schema_scope

TEMPLATE_MOVED = crash.register("tenancy.fleet_template_moved")
LOCK_TIMEOUT = 2.0
TEMPLATE, ONE, FEW, ALL = "template", "one", "one in a hundred", "all"
# Locks not to be had, deadlocks, a server that restarts: the same again may do. The last is two changes of one row of the
# catalogue at a time.
_BUSY = (psycopg.OperationalError, errors.InternalError_)
# Who calls is read from the role the connection has taken: a tenant cannot say it is another.
_CALLER_SCHEMA = """
CREATE OR REPLACE FUNCTION public.caller_schema() RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  SELECT CASE WHEN current_setting('role') LIKE '%\\_platform' OR current_setting('role') LIKE '%\\_crossing'
              THEN 'public'
              ELSE substring(current_setting('role') FROM '_(t_[0-9]+)$') END
$$
"""
SCHEMAS_PER_CONNECTION = 250
_served = threading.local()
_JOURNAL = ("tenancy", "0003_fleet")
_NOBODY = UUID(int=0)


class SchemaUnknown(Exception):
    """The registry has no such schema, or it was dropped."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a fleet is migrated: the crew's pace, and the seconds a statement waits for a lock before it comes again."""

    pace: Pace = field(default_factory=Pace)
    lock_timeout: float = LOCK_TIMEOUT


@dataclass(frozen=True, slots=True)
class Result:
    """What a migration of the fleet came to. `failed` names each schema with what stopped it; `left` counts those that
    were never begun because of it."""

    done: int
    failed: dict[str, str]
    left: int

    @property
    def is_whole(self) -> bool:
        return not self.failed and not self.left


def fleet_migrate(
    *, schemas: Iterable[str] | None = None, settings: Settings | None = None, show: Show | None = None
) -> Result:
    """Bring public, the template and every schema (or only `schemas`) to the migrations in code, and renew rights.

    Raises FleetBusy when another process is at it, SchemaUnknown, and what stopped public or the template, which all
    others wait for.
    Killed at any moment it is begun again and goes on where it was.
    """
    with show or Show() as shown, fleet_held(alone=True):
        settings = settings or Settings()
        plans = _public(settings, shown)
        return _Fleet(settings, shown, plans).migrate(None if schemas is None else _known(schemas))


def _public(settings: Settings, shown: Show) -> dict[frozenset[Name], Plan]:
    """The operator's schema: it keeps the registry and the journal, so it goes first and alone.

    Gives the plan for other schemas with the same record.
    """
    _run_sql(_CALLER_SCHEMA)
    ensure_record(PUBLIC_SCHEMA)
    applied = heads([PUBLIC_SCHEMA])[PUBLIC_SCHEMA]
    plan = plan_from(applied)
    if plan.steps:
        how = How(run=_NOBODY, lock_timeout=settings.lock_timeout, journals=_JOURNAL in applied)
        _first(Work(PUBLIC_SCHEMA, plan.steps), how, settings.pace)
    _run_sql("CREATE SEQUENCE IF NOT EXISTS public.tenancy_schema_number")
    with schema_scope(PUBLIC_SCHEMA), connections[DDL_ALIAS].cursor() as cursor:
        grant_public(cursor)
    shown.say(f"public: {_counted(plan)}")
    return {applied: plan.elsewhere()}


def _known(schemas: Iterable[str]) -> frozenset[str]:
    with schema_scope(PUBLIC_SCHEMA):
        standing = ReadySchema.objects.using(DDL_ALIAS).living()
        unknown = set(schemas).difference(standing.values_list("name", flat=True))
    if unknown:
        raise SchemaUnknown(f"no schema is called {', '.join(sorted(unknown))}")
    return frozenset(schemas)


class _Fleet:
    """One run over the schemas. A plan is made once for all that have the same record, and filled in by the first."""

    def __init__(self, settings: Settings, shown: Show, plans: dict[frozenset[Name], Plan]) -> None:
        self._settings, self._shown, self._plans = settings, shown, plans
        self._again: set[str] = set()
        self._failed: dict[str, str] = {}

    def migrate(self, only: frozenset[str] | None) -> Result:
        begun = run_begin(
            kind=FleetRun.Kind.MIGRATE, what="migrate", fingerprint=code_fingerprint(), show=self._shown.row
        )
        with begun as run:
            self._how = How(run.id, self._settings.lock_timeout)
            run.stage(TEMPLATE)
            self._shown.say(f"template: {self._template()}")
            works, goes_on = self._pending(run, only), True
            while works and goes_on:
                run.row.total += len(works)
                for stage, part in _stages(works):
                    goes_on = goes_on and self._stage(run, stage, part)
                # A schema made while the template moved is made of what it was before.
                made = self._made_meanwhile(only)
                works = self._pending(run, made) if made and goes_on else []
            for schema, error in self._failed.items():
                self._shown.say(f"{schema}: {error}")
            row = run.row
            self._shown.say(
                f"tenants: {row.done} brought up, {row.failed} failed, {row.total - row.done - row.failed} left"
            )
            return Result(done=row.done, failed=self._failed, left=row.total - row.done - row.failed)

    def _template(self) -> str:
        """What new schemas are made from moves first: what its steps executed is what all others replay."""
        with alone("template"):
            ensure_record(TEMPLATE_SCHEMA)
            plan = self._plan(heads([TEMPLATE_SCHEMA])[TEMPLATE_SCHEMA])
            if plan.steps:
                _first(Work(TEMPLATE_SCHEMA, plan.steps), self._how, self._settings.pace)
            crash.point(TEMPLATE_MOVED)
            with schema_scope(PUBLIC_SCHEMA):
                is_taken = Snapshot.objects.using(DDL_ALIAS).filter(pk=code_fingerprint()).exists()
            if not is_taken:
                snapshot_take()
        return _counted(plan)

    def _plan(self, applied: frozenset[Name]) -> Plan:
        if applied not in self._plans:
            self._plans[applied] = plan_from(applied)
        return self._plans[applied]

    def _pending(self, run: Run, only: frozenset[str] | None) -> list[Work]:
        """What is to be done, by number."""
        with schema_scope(PUBLIC_SCHEMA):
            standing = ReadySchema.objects.using(DDL_ALIAS).living()
            rows = list(standing.order_by("number").values_list("name", "state", "fingerprint", "grants"))
        rows = [row for row in rows if only is None or row[0] in only]
        known, rules = heads(name for name, *_ in rows), grants_fingerprint()
        works = []
        for name, state, fingerprint, grants in rows:
            if name not in known:
                run.row.total += 1
                run.moved(failed=1)
                self._failed[name] = "it is registered and keeps no record of migrations"
                continue
            steps = self._plan(known[name]).steps
            brought = code_fingerprint() if steps or _is_unknown(fingerprint) else ""
            if brought or grants != rules:
                works.append(Work(name, steps, brought, grants != rules, state == ReadySchema.State.READY))
        return works

    def _made_meanwhile(self, only: frozenset[str] | None) -> frozenset[str]:
        """Schemas that the registry does not say are at the code, of those that did not fail."""
        with schema_scope(PUBLIC_SCHEMA):
            standing = ReadySchema.objects.using(DDL_ALIAS).living()
            names = standing.exclude(fingerprint=code_fingerprint()).values_list("name", flat=True)
            return frozenset(n for n in names if n not in self._failed and (only is None or n in only))

    def _stage(self, run: Run, name: str, works: Sequence[Work]) -> bool:
        """Whether to go on. Before all are meant, one failure says that it would fail elsewhere too."""
        if not works:
            return True
        pace = self._settings.pace
        if name != ALL:
            pace = replace(pace, most_failures=1)
        if not all(step.is_alike for work in works for step in work.steps):
            pace = replace(pace, batch=1)
        run.stage(name)

        def tell(outcome: Outcome[Work]) -> None:
            if outcome.error is not None:
                self._failed[outcome.item.schema] = _said(outcome.error)
                given_up(outcome.item.schema, self._how)
            run.moved(done=outcome.error is None, failed=outcome.error is not None)

        return Crew(works, self._do, pace=pace, tell=tell, tick=run.tick).work()

    def _do(self, works: Sequence[Work]) -> Iterable[Outcome[Work]]:
        """Carry out a batch: as one text what can be, by its operations what cannot."""
        outcomes, texts = [], []
        for work in works:
            if work.schema in self._again or not work.is_text:
                _breathe()
                outcomes.append(self._one(work))
            else:
                texts.append(work)
        try:
            if texts:
                _breathe(len(texts))
                replay(texts, self._how)
        except psycopg.Error:
            _revive()
            self._again.update(work.schema for work in texts)
            return [*outcomes, *(self._one(work) for work in texts)]
        return [*outcomes, *map(Outcome, texts)]

    def _one(self, work: Work) -> Outcome[Work]:
        """Carry out what is left of one work. A schema where the text fails is asked what it holds by its operations."""
        try:
            rest = _rest(work) if work.schema in self._again else work
            self._again.add(work.schema)
            if rest is not None and rest.is_text:
                try:
                    replay([rest], self._how)
                    return Outcome(work)
                except psycopg.ProgrammingError:
                    rest = _rest(work)
            if rest is not None:
                carry_out(rest, self._how)
        except Exception as error:  # a data migration may raise anything
            _revive()
            return self._failure(work, error)
        return Outcome(work)

    def _failure(self, work: Work, error: Exception) -> Outcome[Work]:
        is_busy = _is_busy(error)
        state = FleetEntry.State.WAITING if is_busy else FleetEntry.State.FAILED
        rest = _rest(work)
        if rest is not None and rest.steps:
            journal(work.schema, rest.steps[0], self._how, state=state, error=_said(error))
        if not is_busy:
            return Outcome(work, error)
        later = Later(_said(error))
        later.__cause__ = error
        return Outcome(work, later)


def _first(work: Work, how: How, pace: Pace) -> None:
    """Carry out what all others wait for, coming again while its locks are held. Raises what stopped it in the end."""
    for attempt in range(1, pace.attempts + 1):
        rest = _rest(work)
        if rest is None:
            return
        try:
            carry_out(rest, how)
        except (psycopg.Error, DatabaseError) as error:
            _revive()
            if attempt == pace.attempts or not _is_busy(error):
                raise
            time.sleep(pace.pause_after(attempt))
        else:
            return


def _is_busy(error: BaseException) -> bool:
    return isinstance(error.__cause__ or error, _BUSY)


def _rest(work: Work) -> Work | None:
    """What of a work is still to be done, by the schema's own record; None when all of it is, or the schema was dropped."""
    applied = heads([work.schema]).get(work.schema)
    if applied is None:
        return None
    steps = tuple(step for step in work.steps if not applied.issuperset(step.names))
    return replace(work, steps=steps) if steps or not work.steps else None


def _stages(works: list[Work]) -> list[tuple[str, list[Work]]]:
    """One tenant, then one in a hundred, then the stock that new ones are taken from, and all others."""
    tenants = sorted(works, key=lambda work: work.is_stock)
    few = 1 + math.ceil(len(works) / 100)
    others = sorted(tenants[few:], key=lambda work: not work.is_stock)
    return [(ONE, tenants[:1]), (FEW, tenants[1:few]), (ALL, others)]


def _is_unknown(fingerprint: str) -> bool:
    return fingerprint != code_fingerprint() and is_behind(fingerprint)


def _breathe(schemas: int = 1) -> None:
    """A server process remembers every table it has touched: after so many schemas this thread's gives way to another."""
    _served.schemas = getattr(_served, "schemas", 0) + schemas
    if _served.schemas > SCHEMAS_PER_CONNECTION:
        _served.schemas = schemas
        connections[DDL_ALIAS].close()


def _revive() -> None:
    """Leave a connection that broke, so that the next attempt opens another."""
    connection = connections[DDL_ALIAS]
    if connection.connection is not None and connection.connection.closed:
        connection.close()


def _counted(plan: Plan) -> str:
    return f"{len(plan.steps)} migrations applied" if plan.steps else "nothing to do"


def _said(error: BaseException) -> str:
    return str(error) if isinstance(error, Later) else error_line(error)


def _run_sql(statement: str) -> None:
    with schema_scope(PUBLIC_SCHEMA), connections[DDL_ALIAS].cursor() as cursor:
        cursor.execute(statement)
