"""Reads of the operator's desk."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from kernel import quotas
from kernel.audit.models import Entry
from kernel.jobs import selectors as queue
from kernel.tenancy import tenant_scope
from shared_apps.accounts import selectors as accounts
from shared_apps.console.models import ProvisioningStep
from shared_apps.credits import selectors as credits
from shared_apps.plans import selectors as plans
from shared_apps.tenants import selectors as tenants


def steps_of(tenant: UUID) -> QuerySet[ProvisioningStep]:
    """The steps of one tenant in their order."""
    return ProvisioningStep.objects.filter(tenant_id=tenant).order_by("position")


def tenant_stats(tenant: UUID) -> dict[str, Any]:
    """How a tenant uses what it has taken: `{"users", "quotas": [{"name", "used", "limit"}]}`.

    Visits the tenant's schema; a tenant that has none yet has used nothing. Raises NotFound.
    """
    row = tenants.tenant_get(tenant)
    if row.schema_name is None:
        return {"users": 0, "quotas": []}
    with tenant_scope(row.business(), visited_for="console.stats"):
        used = [{"name": q.name, "used": q.used, "limit": q.limit} for q in quotas.usage()]
        return {"users": accounts.users_count(), "quotas": used}


@dataclass(frozen=True, slots=True)
class Figures:
    """How the business and the machine stand. Money in paise a month, credits in units of all channels together."""

    tenants: dict[str, int]
    revenue_paise: int
    failed_jobs: int
    credits_left: int
    low_wallets: int
    stuck: int

    @property
    def working(self) -> int:
        return sum(self.tenants.get(state, 0) for state in ("trial", "active", "past_due"))

    @property
    def total(self) -> int:
        return sum(self.tenants.values())


def figures() -> Figures:
    """The operator's figures as of now."""
    stuck = ProvisioningStep.objects.filter(state=ProvisioningStep.State.FAILED)
    return Figures(
        tenants=tenants.tenants_by_state(),
        revenue_paise=plans.monthly_revenue(),
        failed_jobs=queue.dead_letters().count(),
        credits_left=sum(one.master for one in credits.stock()),
        low_wallets=sum(one.is_low for one in credits.wallets()),
        stuck=stuck.values("tenant").distinct().count(),
    )


def trail_of(tenant: UUID) -> QuerySet[Entry]:
    """What was done to a tenant, newest first."""
    return Entry.objects.filter(subject_type="tenant", subject_id=str(tenant)).order_by("-id")
