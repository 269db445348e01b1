"""The fleet as the console draws it: every schema as a cell, versions counted, who is behind or failed, runs with their
pace.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from kernel import clock
from kernel.tenancy.fleet import selectors as fleet
from kernel.tenancy.fleet import versions
from kernel.tenancy.models import FleetRun, ReadySchema

# A map of more schemas than this many cells puts several into one, which shows the worst of them.
CELLS, COLUMNS = 600, 60
CELL, GAP = 10, 2
# How many of those behind or failed are named.
NAMED = 50
CURRENT, BEHIND, FAILED, STOCK = "ok", "warn", "bad", "neutral"
_STATES = {"finished": "done"}
_WORST = (FAILED, BEHIND, CURRENT, STOCK)


@dataclass(frozen=True, slots=True)
class Map:
    """The picture: one path for each tone, so that thousands of cells are four elements; `each` schemas to a cell."""

    width: int
    height: int
    each: int
    paths: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Standing:
    """How the fleet stands: schemas of tenants and in stock, those at the code's version, behind it, failed."""

    versions: list[fleet.Version]
    map: Map
    wanting: list[fleet.Place]
    tenants: int
    ready: int
    behind: int
    failed: int

    @property
    def unnamed(self) -> int:
        """How many want something and are not named."""
        return max(0, self.behind_or_failed - NAMED)

    @property
    def behind_or_failed(self) -> int:
        return len(self.wanting)

    @property
    def current_share(self) -> int:
        """Percent of all schemas that are not behind."""
        total = self.tenants + self.ready
        return 100 * (total - self.behind) // total if total else 100


@dataclass(frozen=True, slots=True)
class Work:
    """A run in the shape in which `<c-job>` shows long work."""

    run: FleetRun
    title: str
    state: str
    is_live: bool
    per_minute: int
    seconds_left: int | None
    took: str

    @property
    def id(self) -> Any:
        return self.run.id

    @property
    def total(self) -> int:
        return self.run.total

    @property
    def done(self) -> int:
        """Whatever the run has finished with, well or badly."""
        return self.run.done + self.run.failed

    @property
    def problems(self) -> int:
        return 0  # they are listed, not kept in a file

    @property
    def started_at(self) -> Any:
        return self.run.started_at

    @property
    def failure(self) -> str:
        return str(_("Its process has ended without a word")) if self.run.is_interrupted else self.run.error

    @property
    def advice(self) -> str:
        return str(_("Begin it again: it goes on where it was.")) if self.run.is_interrupted else ""


def standing() -> Standing:
    """The whole fleet as of now, in the operator's scope."""
    versions, places = fleet.fleet_versions(), fleet.fleet_map()
    wanting = [one for one in places if one.failed or (one.is_behind and one.is_taken)]
    wanting.sort(key=lambda one: (not one.failed, not one.is_taken, one.number))
    return Standing(
        versions=versions,
        map=drawn([_tone(one) for one in places]),
        wanting=wanting,
        tenants=sum(one.tenants for one in versions),
        ready=sum(one.ready for one in versions),
        behind=sum(one.is_behind for one in places),
        failed=sum(bool(one.failed) for one in places),
    )


def drawn(tones: Sequence[str]) -> Map:
    """Cells in reading order."""
    each = max(1, -(-len(tones) // CELLS))
    cells = [min(tones[start : start + each], key=_WORST.index) for start in range(0, len(tones), each)]
    columns = COLUMNS
    rows = -(-len(cells) // columns)
    step = CELL + GAP
    paths: dict[str, list[str]] = {}
    for number, tone in enumerate(cells):
        x, y = number % columns * step, number // columns * step
        paths.setdefault(tone, []).append(f"M{x} {y}h{CELL}v{CELL}h-{CELL}z")
    picture = [(tone, "".join(paths[tone])) for tone in _WORST if tone in paths]
    return Map(COLUMNS * step - GAP, max(1, rows) * step - GAP, each, picture)


def runs(limit: int = 20) -> list[Work]:
    """The latest runs, newest first."""
    return [work_of(run) for run in fleet.runs_recent(limit)]


def work_of(run: FleetRun) -> Work:
    """One run with its pace, and how long the rest will take at it."""
    is_live = run.state == FleetRun.State.RUNNING and not run.is_interrupted
    spent = (run.finished_at or (clock.now() if is_live else run.moved_at)) - run.started_at
    done, left = run.done + run.failed, run.total - run.done - run.failed
    pace = done / max(spent.total_seconds(), 1)
    return Work(
        run=run,
        title=_title(run),
        state="interrupted" if run.is_interrupted else _STATES.get(run.state, run.state),
        is_live=is_live,
        per_minute=round(pace * 60),
        seconds_left=round(left / pace) if is_live and pace and run.total else None,
        took=_took(spent),
    )


def _title(run: FleetRun) -> str:
    words = {"migrate": _("Migration"), "run": _("Command"), "backfill": _("Backfill")}
    kind = words.get(run.kind, run.kind)
    return f"{kind}: {run.what}" if run.what and run.kind != "migrate" else str(kind)


def _took(spent: timedelta) -> str:
    seconds = max(0, round(spent.total_seconds()))
    minutes, rest = divmod(seconds, 60)
    hours, part = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} d"
    return f"{hours}:{part:02d} h" if hours else f"{minutes}:{rest:02d} min" if minutes else f"{rest} s"


def _tone(place: fleet.Place) -> str:
    if place.failed:
        return FAILED
    if place.is_behind:
        return BEHIND
    return CURRENT if place.is_taken else STOCK


@dataclass(frozen=True, slots=True)
class At:
    """Which version one schema has been brought to."""

    fingerprint: str
    is_behind: bool


def version_of(schema: str) -> At | None:
    """Where a schema is; None without one. Not inside a transaction."""
    ready = ReadySchema.objects.living().filter(name=schema).first()
    return At(ready.fingerprint, versions.is_behind(ready.fingerprint)) if ready else None
