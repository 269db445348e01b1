"""Writes of plans: the four to begin with, a business's plan, and its change."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db.transaction import atomic

from kernel import clock, quotas
from kernel.http.lookup import found
from kernel.tenancy import Business, current_or_none, platform_scope, tenant_scope
from shared_apps.plans import selectors
from shared_apps.plans.defaults import DEFAULTS, LIMITS
from shared_apps.plans.errors import PlanTaken
from shared_apps.plans.models import Plan, Subscription
from shared_apps.tenants import services as tenants


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


def plan_add(*, code: str, **facts: Any) -> Plan:
    """Offer a new plan; fields as `Plan` has them. Raises PlanTaken."""
    with atomic():
        plan, is_new = Plan.objects.get_or_create(code=code, defaults=facts)
        if not is_new:
            raise PlanTaken(plan=code, field="code")
        return plan


def plan_locked(code: str) -> Plan:
    """One plan, locked for a change in the caller's transaction. Raises NotFound."""
    return found(Plan.objects.select_for_update(), code=code)


def plan_edit(*, code: str, **changes: Any) -> dict[str, list[Any]]:
    """Change an offer; gives `[old, new]` of what changed. Businesses that took it keep the limits they were given."""
    with atomic():
        plan = plan_locked(code)
        pairs = {name: [getattr(plan, name), value] for name, value in changes.items() if getattr(plan, name) != value}
        for name, (_, new) in pairs.items():
            setattr(plan, name, new)
        plan.save(update_fields=list(pairs))
        return pairs


def subscription_start(*, schema: str, plan: str, period: str = "month") -> selectors.PlanView:
    """Give a new business its plan, on trial where the plan has one. Repeating it changes nothing.

    In the operator's scope; provisioning then writes `selectors.limits_of(plan)` in the tenant's. Raises PlanUnknown.
    """
    with atomic():
        chosen = selectors.plan_named(plan)
        now = clock.now()
        trial = chosen.trial_days > 0
        Subscription.objects.get_or_create(
            schema=schema,
            defaults={
                "plan": chosen,
                "period": period,
                "state": Subscription.State.TRIAL if trial else Subscription.State.ACTIVE,
                "since": now,
                "trial_ends_at": now + timedelta(days=chosen.trial_days) if trial else None,
            },
        )
        return selectors.plan_of(schema)


def subscription_end(*, schema: str) -> None:
    """Forget what a business that has left had taken; its tenant's row keeps the plan's name. Repeating is no error."""
    Subscription.objects.filter(schema=schema).delete()


def plan_change(*, business: Business, plan: str, period: str | None = None) -> selectors.PlanView:
    """Move `business` to another plan: its limits first, then the subscription; safe to repeat after a break.

    Runs between transactions, in the tenant's scope, the operator's, or none. Raises PlanUnknown, SubscriptionMissing, and
    kernel.quotas.UseExceeds, which lists what is above the new limits and leaves everything as it was.
    """
    with _operators_side(business):
        limits = selectors.limits_of(plan)
        selectors.plan_of(business.schema)
    with tenant_scope(business, visited_for="plans.change"):
        quotas.set_limits(limits)
    with _operators_side(business), atomic():
        changed = {"plan_id": plan, **({"period": period} if period else {})}
        Subscription.objects.filter(schema=business.schema).update(**changed)
        tenants.tenant_plan_note(schema=business.schema, plan=plan)
        return selectors.plan_of(business.schema)


@contextmanager
def _operators_side(business: Business) -> Iterator[None]:
    """The operator's scope: the one we are in, or a crossing to it for the tenant."""
    here = current_or_none()
    if here is not None and here.is_platform:
        yield
        return
    with platform_scope(on_behalf_of=business, purpose="plans.change"):
        yield
