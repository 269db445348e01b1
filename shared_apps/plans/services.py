"""Writes of plans: the four to begin with, a business's plan, and its change."""

from datetime import timedelta

from django.db.transaction import atomic

from kernel import clock, quotas
from kernel.tenancy import Business, platform_scope, tenant_scope
from shared_apps.plans import selectors
from shared_apps.plans.defaults import DEFAULTS, LIMITS
from shared_apps.plans.errors import PlanUnknown
from shared_apps.plans.models import Plan, Subscription


def plans_ensure() -> int:
    """Make the plans that are missing, leave those that stand. Gives how many were made. In the operator's scope."""
    rows = [
        Plan(
            code=one.code,
            name=one.name,
            position=position,
            monthly_paise=one.monthly_paise,
            yearly_paise=one.monthly_paise * 10,
            trial_days=one.trial_days,
            limits=dict(zip(LIMITS, one.limits, strict=True)),
            features=list(one.features),
        )
        for position, one in enumerate(DEFAULTS, start=1)
    ]
    with atomic():
        before = Plan.objects.count()
        Plan.objects.bulk_create(rows, ignore_conflicts=True)
        return Plan.objects.count() - before


def subscription_start(*, business: Business, plan: str, period: str = "month") -> selectors.PlanView:
    """Give a new business its plan, on trial where the plan has one. Repeating it changes nothing.

    In the operator's scope; provisioning then writes `selectors.limits_of(plan)` in the tenant's. Raises PlanUnknown.
    """
    with atomic():
        chosen = Plan.objects.filter(code=plan).first()
        if chosen is None:
            raise PlanUnknown(plan=plan)
        now = clock.now()
        trial = chosen.trial_days > 0
        Subscription.objects.get_or_create(
            schema=business.schema,
            defaults={
                "plan": chosen,
                "period": period,
                "state": Subscription.State.TRIAL if trial else Subscription.State.ACTIVE,
                "since": now,
                "trial_ends_at": now + timedelta(days=chosen.trial_days) if trial else None,
            },
        )
        return selectors.plan_of(business)


def plan_change(*, business: Business, plan: str, period: str | None = None) -> selectors.PlanView:
    """Move `business` to another plan: its limits first, then the subscription; safe to repeat after a break.

    Runs between transactions, outside a scope or in the tenant's own. Raises PlanUnknown, SubscriptionMissing, and
    kernel.quotas.UseExceeds, which lists what is above the new limits and leaves everything as it was.
    """
    with platform_scope(on_behalf_of=business, purpose="plans.change"):
        limits = selectors.limits_of(plan)
        selectors.plan_of(business)
    with tenant_scope(business):
        quotas.set_limits(limits)
    with platform_scope(on_behalf_of=business, purpose="plans.change"), atomic():
        changed = {"plan_id": plan, **({"period": period} if period else {})}
        Subscription.objects.filter(schema=business.schema).update(**changed)
        return selectors.plan_of(business)
