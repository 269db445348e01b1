"""Reads of the operator's desk."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from kernel import clock, quotas
from kernel.audit.models import Entry
from kernel.inbox import selectors as inbox
from kernel.jobs import selectors as queue
from kernel.tenancy import ALIVE_STATES, UNMADE_STATES, Business, tenant_scope
from kernel.tenancy.fleet import registry
from shared_apps.accounts import selectors as accounts
from shared_apps.console.models import ProvisioningStep
from shared_apps.console.support import visits_of
from shared_apps.credits import selectors as credits
from shared_apps.plans import selectors as plans
from shared_apps.tenants import selectors as tenants

# How many visits of support a tenant's page shows, and for how long what failed at the door still wants a look.
VISITS = 3
LATELY = timedelta(days=1)


def steps_of(tenant: UUID) -> QuerySet[ProvisioningStep]:
    """The steps of one tenant in their order."""
    return ProvisioningStep.objects.filter(tenant_id=tenant).order_by("position")


def tenant_stats(tenant: UUID) -> dict[str, Any]:
    """How a tenant uses what it has taken: `{"users", "quotas": [{"name", "used", "limit"}]}`.

    Visits the tenant's schema; a tenant that has none yet has used nothing. Raises NotFound.
    """
    stats = _stats(tenants.tenant_get(tenant).business())
    del stats["visits"]
    return stats


def tenant_seen(business: Business) -> dict[str, Any]:
    """`tenant_stats`, and under `visits` the last visits of support."""
    stats = _stats(business)
    return stats | {"visits": visits_of(stats["visits"])}


def _stats(business: Business) -> dict[str, Any]:
    if not business.schema:
        return {"users": 0, "quotas": [], "visits": []}
    with tenant_scope(business, visited_for="console.stats"):
        used = [{"name": q.name, "used": q.used, "limit": q.limit} for q in quotas.usage()]
        visits = list(accounts.support_visits().select_related("user", "sign_in")[:VISITS])
        return {"users": accounts.users_count(), "quotas": used, "visits": visits}


@dataclass(frozen=True, slots=True)
class Figures:
    """How the business and the machine stand. Money in paise a month, credits in units of all channels together."""

    tenants: dict[str, int]
    revenue_paise: int
    failed_jobs: int
    credits_left: int
    low_wallets: int
    stuck: int
    callbacks: inbox.Standing
    registry_faults: int
    supplies: list[credits.Supply]

    @property
    def short(self) -> list[credits.Supply]:
        """The channels to buy now."""
        return [one for one in self.supplies if one.is_low]

    @property
    def by_state(self) -> list[tuple[str, int, int]]:
        """Each state that any tenant is in: how many, and their share of the most, in hundredths."""
        held = [(state, self.tenants[state]) for state in tenants.STATES if self.tenants.get(state)]
        most = max((number for _, number in held), default=1)
        return [(state, number, 100 * number // most) for state, number in held]

    @property
    def is_calm(self) -> bool:
        """Whether nothing wants a person."""
        wanting = (self.stuck, self.failed_jobs, self.low_wallets, self.callbacks.failed, self.registry_faults)
        return not any(wanting) and not self.tenants.get("past_due") and not self.short

    @property
    def working(self) -> int:
        return sum(self.tenants.get(state, 0) for state in ALIVE_STATES)

    @property
    def total(self) -> int:
        return sum(self.tenants.values())


def figures() -> Figures:
    """The operator's figures as of now."""
    stuck = ProvisioningStep.objects.filter(state=ProvisioningStep.State.FAILED, tenant__state__in=UNMADE_STATES)
    supplies = credits.supplies()
    return Figures(
        callbacks=inbox.standing(since=clock.now() - LATELY),
        registry_faults=registry.faults().count(),
        supplies=supplies,
        tenants=tenants.tenants_by_state(),
        revenue_paise=plans.monthly_revenue(),
        failed_jobs=queue.dead_letters().count(),
        credits_left=sum(one.stock.master for one in supplies),
        low_wallets=credits.wallets_low().count(),
        stuck=stuck.values("tenant").distinct().count(),
    )


def trail_of(tenant: UUID) -> QuerySet[Entry]:
    """What was done to a tenant, newest first."""
    return Entry.objects.filter(subject_type="tenant", subject_id=str(tenant)).order_by("-id")
