"""Work by the clock: each cadence has slots, and each slot puts one job per business, once, however often it ticks.

A slot is an instant of the clock, so one that has run is over for good, also when a clock set back comes by it again.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.transaction import atomic
from django.utils.module_loading import import_string

from kernel import clock
from kernel.ids import uuid7
from kernel.jobs import claims, registry
from kernel.jobs.queue import NORMAL
from kernel.jobs.ring import ring_after_commit
from kernel.tenancy import Business, platform_business, states, system_scope
from kernel.tenancy.directory import standing_businesses

log = logging.getLogger(__name__)

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """A line of the schedule: `handler` (its name by default) runs `every` so often, or `daily` at a wall-clock time
    of the business's zone, for each tenant whose state lets it run or for the operator.
    """

    name: str
    scope: Literal["tenants", "platform"]
    every: timedelta | None = None
    daily: time | None = None
    handler: str = ""
    priority: int = NORMAL

    def __post_init__(self) -> None:
        if (self.every is None) == (self.daily is None):
            raise ValueError(f"{self.name}: either every or daily")

    @property
    def job(self) -> str:
        return self.handler or self.name

    def slot(self, now: datetime, zone: str) -> datetime:
        """The beginning of the slot `now` is in."""
        if self.every is not None:
            return now - (now - _EPOCH) % self.every
        assert self.daily is not None  # noqa: S101 one of the two is given
        local = now.astimezone(ZoneInfo(zone))
        today = datetime.combine(local.date(), self.daily, local.tzinfo)
        slot = today if today <= local else datetime.combine(local.date() - timedelta(days=1), self.daily, local.tzinfo)
        return slot.astimezone(UTC)


def schedule() -> tuple[Cadence, ...]:
    """Every cadence of the installation."""
    cadences: Iterable[Cadence] = import_string(settings.JOBS_SCHEDULE)
    return tuple(cadences)


def tick() -> int:
    """Put the jobs of every slot that has begun since the last tick. Gives how many.

    Slots missed while nothing ticked are caught up once, not once each. When the clock is found set back, the schedule
    goes on from there: each slot yet to begin is run unless it was before. Ticks may overlap: a slot's row is locked,
    and the job's dedupe key `name:slot` stands behind it.
    """
    now = clock.now()
    tenants = standing_businesses()
    stood = _stood()
    put = 0
    for cadence in schedule():
        try:
            put += _tick(cadence, now, tenants, stood)
        except Exception:  # one line's fault must not stop the others; its slot is tried again at the next tick
            log.exception("jobs.tick_failed", extra={"cadence": cadence.name})
    return put


def whose(cadence: Cadence, tenants: Iterable[Business]) -> list[Business]:
    """Those of the tenants in whose state the cadence's job runs."""
    handler = registry.find(cadence.job)
    return [one for one in tenants if states.runs_job(one.state, **handler.marks)]


def run_for(cadence: Cadence, businesses: Iterable[Business]) -> int:
    """Put the cadence's job for each business by hand, besides its slots. Gives how many."""
    with system_scope("worker"), atomic():
        return _put(cadence, businesses, None, clock.now())


def _stood() -> dict[tuple[str, str], datetime]:
    """The slot each cadence stands at, by its name and zone: most ticks have nothing to do and ask no more than this."""
    with system_scope("worker"), connection.cursor() as cursor:
        cursor.execute("SELECT name, zone, slot FROM jobs_cadence")
        return {(name, zone): slot for name, zone, slot in cursor.fetchall()}


def _tick(cadence: Cadence, now: datetime, tenants: list[Business], stood: dict[tuple[str, str], datetime]) -> int:
    businesses = whose(cadence, tenants) if cadence.scope == "tenants" else [platform_business()]
    zones: dict[str, list[Business]] = {}
    for business in businesses:
        zones.setdefault(business.zone if cadence.daily else "", []).append(business)
    put = 0
    for zone, group in zones.items():
        slot = cadence.slot(now, zone)
        if stood.get((cadence.name, zone)) == slot:
            continue
        with system_scope("worker"), atomic():
            moved = _move(cadence, zone, slot)
            if moved > 0:
                put += _put(cadence, group, slot, now)
            elif moved < 0:
                claims.hasten(now)
    return put


def _move(cadence: Cadence, zone: str, slot: datetime) -> int:
    """Bring the cadence to `slot`: 1 forward, 0 it is there already, -1 back, as only a clock set back does.

    A daily cadence seen for the first time waits for its hour.
    """
    key = [cadence.name, zone]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO jobs_cadence (name, zone, slot) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", [*key, slot]
        )
        if cursor.rowcount:
            return 0 if cadence.daily else 1
        cursor.execute("SELECT slot FROM jobs_cadence WHERE name = %s AND zone = %s FOR UPDATE", key)
        was: datetime = cursor.fetchone()[0]
        if was != slot:
            cursor.execute("UPDATE jobs_cadence SET slot = %s WHERE name = %s AND zone = %s", [slot, *key])
        return (slot > was) - (slot < was)


def _put(cadence: Cadence, businesses: Iterable[Business], slot: datetime | None, now: datetime) -> int:
    """One statement for all businesses; one still waiting for the slot before is left at that."""
    registry.find(cadence.job)
    schemas = [business.schema for business in businesses]
    dedupe = f"{cadence.name}:{slot.isoformat()}" if slot else None
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO jobs_job (id, business, handler, args, priority, due, dedupe, cadence, created_at)"
            " SELECT id, business, %s, '{}', %s, %s, %s, %s, %s"
            "   FROM unnest(%s::uuid[], %s::text[]) AS new (id, business)"
            "  WHERE NOT EXISTS (SELECT 1 FROM jobs_job j WHERE j.business = new.business AND j.cadence = %s"
            "                       AND j.state = 'queued' AND j.attempts = 0)"
            " ON CONFLICT (business, dedupe) WHERE dedupe IS NOT NULL DO NOTHING RETURNING id",
            [
                cadence.job,
                cadence.priority,
                now,
                dedupe,
                cadence.name,
                now,
                [str(uuid7()) for _ in schemas],
                schemas,
                cadence.name,
            ],
        )
        jobs = [row[0] for row in cursor.fetchall()]
    for job in jobs:
        ring_after_commit(job)
    return len(jobs)
