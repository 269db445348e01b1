"""Everything done to all tenants at once: `fleet migrate`, `status`, `check`, `run`, `backfill`."""

import json
import os
import sys
from argparse import REMAINDER, ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from kernel.tenancy.errors import BackfillUnfinished, BackfillUnknown, FleetBusy
from kernel.tenancy.fleet import drift, selectors
from kernel.tenancy.fleet.backfill import PAUSE_S, backfill_run, standings
from kernel.tenancy.fleet.command import TenantUnknown, fleet_run, tenants_named
from kernel.tenancy.fleet.crew import Pace
from kernel.tenancy.fleet.migrate import LOCK_TIMEOUT, Result, SchemaUnknown, Settings, fleet_migrate
from kernel.tenancy.fleet.show import shown_here
from kernel.tenancy.models import FleetRun
from kernel.tenancy.schemas import pool_fill
from kernel.tenancy.scope import platform_scope

COULD_NOT, INTERRUPTED = 2, 130
_REFUSALS = (FleetBusy, SchemaUnknown, TenantUnknown, BackfillUnknown, BackfillUnfinished, OperationalError)


class Command(BaseCommand):
    help = "Work over all tenants: migrate them, see how far each is, look for drift, run a command as each of them."
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        pace = Pace()
        actions = parser.add_subparsers(dest="action", required=True)
        migrate = actions.add_parser("migrate", help="bring every schema to the migrations in code")
        migrate.add_argument("--schema", action="append", default=[], help="only this one; may be repeated")
        migrate.add_argument("--ready", type=int, default=0, help="how many schemas to keep ready afterwards")
        migrate.add_argument("--lock-timeout", type=float, default=LOCK_TIMEOUT, help="seconds to wait for a lock")
        migrate.add_argument(
            "--attempts", type=int, default=pace.attempts, help="tries for a schema whose locks are held"
        )
        status = actions.add_parser("status", help="which schema is at which version")
        status.add_argument("--all", action="store_true", dest="every", help="name schemas that are well, too")
        check = actions.add_parser("check", help="compare every schema's catalogue with the template's")
        for reading in (status, check):
            reading.add_argument("--json", action="store_true", dest="as_json")
        backfill = actions.add_parser("backfill", help="fill what a migration added; without a name how far each is")
        backfill.add_argument("name", nargs="?", default="")
        backfill.add_argument("--pause", type=float, default=PAUSE_S, help="seconds to rest between batches")
        run = actions.add_parser("run", help="run a management command as tenants, in their scope")
        run.add_argument(
            "--tenant", action="append", default=[], help="slug, public id or schema; all when none is named"
        )
        for working in (migrate, run):
            working.add_argument("--workers", type=int, default=min(4, os.cpu_count() or 1), help="threads")
            working.add_argument("--most-failures", type=int, default=pace.most_failures, help="stop after so many")
        run.add_argument("command", help="its name")
        run.add_argument("arguments", nargs=REMAINDER, help="its own arguments")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            getattr(self, f"do_{action}")(**options)
        except KeyboardInterrupt:
            sys.stderr.write("stopped; begin it again and it goes on from here\n")
            sys.exit(INTERRUPTED)
        except _REFUSALS as error:
            raise CommandError(str(error).strip(), returncode=COULD_NOT) from error

    def do_migrate(
        self,
        *,
        schema: list[str],
        ready: int,
        workers: int,
        lock_timeout: float,
        attempts: int,
        most_failures: int,
        **_: Any,
    ) -> None:
        pace = Pace(workers=workers, attempts=attempts, most_failures=most_failures)
        settings = Settings(pace, lock_timeout)
        self._judge(fleet_migrate(schemas=schema or None, settings=settings, show=shown_here()))
        made = pool_fill(ready)
        self.stderr.write(f"{made} schemas made, {ready} kept ready" if ready else "")

    def do_run(
        self, *, tenant: list[str], command: str, arguments: list[str], workers: int, most_failures: int, **_: Any
    ) -> None:
        pace = Pace(workers=workers, batch=1, most_failures=most_failures)
        result = fleet_run(
            command, arguments, tenants=tenants_named(tenant), pace=pace, say=self._say, show=shown_here()
        )
        self._judge(result)

    def do_status(self, *, as_json: bool, every: bool, **_: Any) -> None:
        with platform_scope():
            versions, places = selectors.fleet_versions(), selectors.fleet_map()
            runs = selectors.runs_recent(5)
        # That a schema waits to be migrated is said of its version already.
        drifted = {each.schema for each in drift.check() if each.aspect != "version"}
        if as_json:
            found = {
                "versions": [_plain(version) for version in versions],
                "schemas": [{**_plain(place), "has_drift": place.schema in drifted} for place in places],
                "runs": [{name: getattr(run, name) for name in _RUN} for run in runs],
            }
            self.stdout.write(json.dumps(found, default=str))
        else:
            for version in versions:
                self.stdout.write(_version_line(version))
            for run in runs:
                if run.state == FleetRun.State.RUNNING:
                    self.stdout.write(_run_line(run))
            for place in places:
                line = _place_line(place, has_drift=place.schema in drifted)
                if every or place.is_behind or place.failed or place.schema in drifted:
                    self.stdout.write(line)
            self.stdout.write(f"{len(drifted)} schemas differ from the template; `fleet check` says how")
        if drifted or any(place.is_behind for place in places):
            raise CommandError("the fleet is not at the code", returncode=1)

    def do_check(self, *, as_json: bool, **_: Any) -> None:
        drifted = drift.check()
        if as_json:
            self.stdout.write(json.dumps([each.as_dict() for each in drifted], default=str))
        else:
            for each in drifted:
                self.stdout.write(str(each))
        if drifted:
            raise CommandError(f"{len(drifted)} differences from the template", returncode=1)

    def do_backfill(self, *, name: str, pause: float, **_: Any) -> None:
        if not name:
            for one in standings():
                self.stdout.write(f"{one.name}: {one.through} of {one.schemas} schemas, {one.rows} rows")
                for schema, error in one.errors.items():
                    self.stdout.write(f"  {schema}: {error}")
            return
        run = backfill_run(name, pause_s=pause, show=shown_here())
        self.stdout.write(f"{name}: {run.done} of {run.total} schemas filled, {run.failed} failed")
        if run.failed:
            raise CommandError(run.error, returncode=1)

    def _say(self, slug: str, output: str) -> None:
        for line in output.splitlines():
            self.stdout.write(f"{slug}: {line}")

    def _judge(self, result: Result) -> None:
        if not result.is_whole:
            names = ", ".join(result.failed)
            raise CommandError(f"{len(result.failed)} failed ({names}), {result.left} were left alone", returncode=1)


_RUN = (
    *("id", "kind", "what", "state", "is_interrupted", "stage", "total", "done", "failed", "started_at", "finished_at"),
)


def _plain(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


def _version_line(version: selectors.Version) -> str:
    lacks = f"lacks {version.missing} migrations" if version.is_behind else "serves"
    word = "the code's" if version.is_current else lacks
    return f"{version.fingerprint[:12]}  {version.tenants:>6} tenants  {version.ready:>4} ready  {word}"


def _run_line(run: FleetRun) -> str:
    word = "interrupted; begin it again and it goes on" if run.is_interrupted else "running"
    return f"{run.what}: {run.stage or 'begun'}, {run.done + run.failed:,} of {run.total:,}, {word}"


def _place_line(place: selectors.Place, *, has_drift: bool) -> str:
    words = ["tenant" if place.is_taken else "ready", "behind" if place.is_behind else "", "drift" if has_drift else ""]
    failed = f"failed at {place.failed}" if place.failed else ""
    return "  ".join([place.schema, place.fingerprint[:12], *filter(None, [*words, failed])])
