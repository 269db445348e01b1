"""Reads of plans: what is offered, what a business has taken, and the limits that follow."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import BigIntegerField, Case, Count, F, QuerySet, Sum, When

from kernel.http.actor import Actor
from kernel.quotas import Limit
from shared_apps.plans.defaults import FEATURES
from shared_apps.plans.errors import PlanUnknown, SubscriptionMissing
from shared_apps.plans.models import Plan, Subscription


@dataclass(frozen=True, slots=True)
class PlanView:
    """A business's plan. Money in paise; `trial_ends_at` is None outside a trial."""

    code: str
    name: str
    period: str
    state: str
    price_paise: int
    since: datetime
    trial_ends_at: datetime | None
    features: tuple[str, ...]


def plan_of(schema: str) -> PlanView:
    """What a business has taken; in the operator's scope. Raises SubscriptionMissing."""
    taken = Subscription.objects.select_related("plan").filter(schema=schema).first()
    if taken is None:
        raise SubscriptionMissing
    yearly = taken.period == Subscription.Period.YEAR
    return PlanView(
        code=taken.plan.code,
        name=taken.plan.name,
        period=taken.period,
        state=taken.state,
        price_paise=taken.plan.yearly_paise if yearly else taken.plan.monthly_paise,
        since=taken.since,
        trial_ends_at=taken.trial_ends_at,
        features=tuple(taken.plan.features),
    )


def plans(actor: Actor) -> QuerySet[Plan]:
    """The plans `actor` may see: everyone those on offer, admins all, for lists."""
    return Plan.objects.all() if actor.can("plans.view") else Plan.objects.filter(public=True)


def monthly_revenue() -> int:
    """What all subscriptions past their trial bring a month, in paise; a yearly one brings a twelfth."""
    yearly = When(period=Subscription.Period.YEAR, then=F("plan__yearly_paise") / 12)
    a_month = Case(yearly, default="plan__monthly_paise", output_field=BigIntegerField())
    paying = Subscription.objects.filter(state=Subscription.State.ACTIVE)
    return int(paying.aggregate(paise=Sum(a_month, default=0))["paise"])


def takers() -> dict[str, int]:
    """How many businesses have taken each plan."""
    return dict(Subscription.objects.values_list("plan_id").annotate(Count("schema")).order_by())


def subscription(schema: str) -> QuerySet[Subscription]:
    """What a business has taken, for `row`. Raises SubscriptionMissing."""
    taken = Subscription.objects.filter(schema=schema)
    if not taken.exists():
        raise SubscriptionMissing
    return taken


def plan_named(code: str) -> Plan:
    """One plan; in the operator's scope. Raises PlanUnknown."""
    plan = Plan.objects.filter(code=code).first()
    if plan is None:
        raise PlanUnknown(plan=code, field="plan")
    return plan


def limits_of(plan: str) -> dict[str, Limit]:
    """Quotas a business on `plan` gets, switches as 1 or 0, each with the name of the plan that gives more.

    For `kernel.quotas.set_limits` in the tenant's scope. Raises PlanUnknown.
    """
    chosen = plan_named(plan)
    plans = list(Plan.objects.order_by("position"))
    names = {name for one in plans for name in one.limits} | set(FEATURES)
    return {name: Limit(_limit(chosen, name), _lifted_by(plans, chosen, name)) for name in sorted(names)}


def _limit(plan: Plan, name: str) -> int:
    return int(name in plan.features) if name in FEATURES else int(plan.limits.get(name, 0))


def _lifted_by(plans: list[Plan], chosen: Plan, name: str) -> str:
    """The nearest public plan that allows more of `name`."""
    return next((p.name for p in plans if p.public and _limit(p, name) > _limit(chosen, name)), "")
