"""What is known of the fleet: its versions, which schema is at which, the runs over it. Read in the operator's scope."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from kernel.http import lookup
from kernel.tenancy.fleet.runs import RUN_APP, runs_interrupted
from kernel.tenancy.fleet.versions import code_fingerprint, missing_names
from kernel.tenancy.models import FleetEntry, FleetRun, ReadySchema, Snapshot


@dataclass(frozen=True, slots=True)
class Version:
    """One state of the migrations that a schema was ever brought to.

    `tenants` and `ready` count the schemas that are at it, taken and in stock; `missing` the migrations of the code it
    lacks. `made_at` is None where the snapshot is gone.
    """

    fingerprint: str
    made_at: datetime | None
    tenants: int
    ready: int
    missing: int
    is_current: bool
    is_behind: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where one schema is: its version, and what failed in it last, if anything did."""

    schema: str
    number: int
    is_taken: bool
    fingerprint: str
    is_behind: bool
    failed: str


def fleet_versions() -> list[Version]:
    """The code's version first, then the others by age, newest first; versions at which no schema is are left out."""
    counted = Counter(ReadySchema.objects.living().values_list("fingerprint", "state"))
    snapshots = {s.fingerprint: s for s in Snapshot.objects.defer("statements")}
    current = code_fingerprint()
    found = [
        _version(fingerprint, snapshots.get(fingerprint), counted)
        for fingerprint in {current, *(fingerprint for fingerprint, _ in counted)}
    ]
    found.sort(key=lambda v: (v.is_current, v.made_at.timestamp() if v.made_at else 0.0), reverse=True)
    return found


def fleet_map() -> list[Place]:
    """Every living schema by number, with the version it is at."""
    behind = {version.fingerprint: version.is_behind for version in fleet_versions()}
    failed: dict[str, str] = {}
    for schema, app, name in _failures().order_by("id").values_list("schema", "app", "name"):
        failed[schema] = f"{app}.{name}"
    return [
        Place(
            schema=ready.name,
            number=ready.number,
            is_taken=ready.state != ReadySchema.State.READY,
            fingerprint=ready.fingerprint,
            is_behind=behind[ready.fingerprint],
            failed=failed.get(ready.name, ""),
        )
        for ready in ReadySchema.objects.living().order_by("number")
    ]


def runs_recent(limit: int = 20) -> list[FleetRun]:
    """The latest runs, newest first; those whose process has died are marked `is_interrupted`."""
    return _marked(list(FleetRun.objects.order_by("-started_at")[:limit]))


def run_get(run: UUID) -> FleetRun:
    """One run, marked as those of `runs_recent` are. Raises NotFound."""
    return _marked([lookup.found(FleetRun.objects.all(), pk=run)])[0]


def run_failures(run: UUID) -> list[FleetEntry]:
    """What failed in a run, by schema, with the error each gave."""
    return list(FleetEntry.objects.filter(run=run, state=FleetEntry.State.FAILED).order_by("schema", "app", "name"))


def _marked(runs: list[FleetRun]) -> list[FleetRun]:
    running = [run for run in runs if run.state == FleetRun.State.RUNNING]
    interrupted = runs_interrupted() if running else set()
    for run in running:
        run.is_interrupted = run.id in interrupted
    return runs


def _failures() -> QuerySet[FleetEntry]:
    return FleetEntry.objects.filter(state=FleetEntry.State.FAILED).exclude(app=RUN_APP)


def _version(fingerprint: str, snapshot: Snapshot | None, counted: Counter[tuple[str, str]]) -> Version:
    missing = missing_names(snapshot.names if snapshot else [])
    current = fingerprint == code_fingerprint()
    return Version(
        fingerprint=fingerprint,
        made_at=snapshot.made_at if snapshot else None,
        tenants=counted[fingerprint, ReadySchema.State.TAKEN],
        ready=counted[fingerprint, ReadySchema.State.READY],
        missing=0 if current else len(missing),
        is_current=current,
        is_behind=bool(missing) and not current,
    )
