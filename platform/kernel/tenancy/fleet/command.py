"""One management command in the scope of many tenants, or all: as each of them, with its rights and no other's."""

import io
from collections.abc import Callable, Iterable, Sequence

from django.core.management import call_command

from kernel import clock
from kernel.errors import error_line
from kernel.tenancy.business import PUBLIC_SCHEMA, Business
from kernel.tenancy.directory import alive_businesses
from kernel.tenancy.fleet.crew import Crew, Outcome, Pace
from kernel.tenancy.fleet.migrate import Result
from kernel.tenancy.fleet.runs import RUN_APP, Run, fleet_held, run_begin
from kernel.tenancy.fleet.show import Show
from kernel.tenancy.fleet.versions import is_behind
from kernel.tenancy.models import FleetEntry, FleetRun
from kernel.tenancy.router import DDL_ALIAS
from kernel.tenancy.scope import schema_scope, tenant_scope

Say = Callable[[str, str], None]


class TenantUnknown(Exception):
    """Nobody alive is called that."""


def tenants_named(names: Iterable[str]) -> list[Business]:
    """Living tenants by schema, slug or public id; all of them when none is named. Raises TenantUnknown."""
    alive = alive_businesses()
    by_name = {name: each for each in alive for name in (each.schema, each.slug, each.public_id)}
    wanted = list(names)
    unknown = [name for name in wanted if name not in by_name]
    if unknown:
        raise TenantUnknown(f"no living tenant is called {', '.join(unknown)}")
    return list({by_name[name].schema: by_name[name] for name in wanted}.values()) if wanted else alive


def fleet_run(
    command: str,
    arguments: Sequence[str],
    *,
    tenants: Sequence[Business],
    pace: Pace,
    say: Say = lambda tenant, output: None,
    show: Show | None = None,
) -> Result:
    """Run a management command as each of `tenants`; `say` is handed each one's slug and what it wrote.

    A tenant behind the code fails alone. Raises FleetBusy while the fleet is migrated.
    """
    what = " ".join([command, *arguments])
    failed: dict[str, str] = {}
    with show or Show() as shown, fleet_held(alone=False):
        with run_begin(kind=FleetRun.Kind.RUN, what=what, total=len(tenants), show=shown.row) as run:
            run.stage("all")

            def do(batch: Sequence[Business]) -> list[Outcome[Business]]:
                return [_one(business, command, arguments, say) for business in batch]

            def tell(outcome: Outcome[Business]) -> None:
                if outcome.error is not None:
                    failed[outcome.item.slug] = error_line(outcome.error)
                _note(run, outcome, what)
                run.moved(done=outcome.error is None, failed=outcome.error is not None)

            Crew(tenants, do, pace=pace, tell=tell, tick=run.tick).work()
            for slug, error in failed.items():
                shown.say(f"{slug}: {error}")
        row = run.row
        return Result(done=row.done, failed=failed, left=row.total - row.done - row.failed)


class TenantBehind(Exception):
    """Its schema lacks migrations of this code."""


def _one(business: Business, command: str, arguments: Sequence[str], say: Say) -> Outcome[Business]:
    written = io.StringIO()
    try:
        if is_behind(business.fingerprint):
            raise TenantBehind(f"{business.schema} lacks migrations of this code")
        with tenant_scope(business):
            call_command(command, *arguments, stdout=written, stderr=written)
    except (Exception, SystemExit) as error:  # a command may end as it likes; the others go on
        cause = error if isinstance(error, Exception) else RuntimeError(f"it ended with {error.code}")
        return Outcome(business, cause)
    finally:
        say(business.slug, written.getvalue())
    return Outcome(business)


def _note(run: Run, outcome: Outcome[Business], what: str) -> None:
    error = outcome.error
    with schema_scope(PUBLIC_SCHEMA):
        FleetEntry.objects.using(DDL_ALIAS).update_or_create(
            schema=outcome.item.schema,
            app=RUN_APP,
            name=what[:255],
            defaults={
                "run": run.id,
                "state": FleetEntry.State.APPLIED if error is None else FleetEntry.State.FAILED,
                "error": "" if error is None else error_line(error),
                "finished_at": clock.now(),
            },
        )
