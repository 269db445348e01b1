"""Plans: the four to begin with, what a business gets, and moving from one to another."""

from datetime import timedelta

import pytest
from django.db import ProgrammingError

from kernel import clock, quotas
from kernel.ids import uuid7
from kernel.tenancy import platform_scope, tenant_scope
from shared_apps.plans import selectors, services
from shared_apps.plans.errors import PlanUnknown, SubscriptionMissing
from shared_apps.plans.models import Plan, Subscription
from shared_apps.tenants import selectors as tenants


@pytest.fixture(autouse=True)
def _plans():
    with platform_scope():
        services.plans_ensure()


def started(business, plan):
    with platform_scope():
        view = services.subscription_start(schema=business.schema, plan=plan)
        limits = selectors.limits_of(plan)
    with tenant_scope(business):
        quotas.set_limits(limits)
    return view


def test_the_four_plans_are_as_offered():
    with platform_scope():
        offered = {
            p.code: (p.name, p.monthly_paise, p.yearly_paise, p.limits["libraries"], p.limits["students"])
            for p in Plan.objects.order_by("position")
        }
    # Beside what other tests made the operator offer.
    ours = ("free", "starter", "professional", "enterprise")
    assert {code: offered[code] for code in ours} == {
        "free": ("Free", 0, 0, 1, 50),
        "starter": ("Starter", 99900, 999000, 2, 200),
        "professional": ("Professional", 249900, 2499000, 5, 1000),
        "enterprise": ("Enterprise", 999900, 9999000, 20, 5000),
    }


def test_what_subscriptions_bring_a_month_counts_a_twelfth_of_a_years():
    with platform_scope():
        before = selectors.monthly_revenue()
        for period, state, trial in (
            ("month", "active", None),
            ("year", "active", None),
            ("month", "trial", clock.now()),
        ):
            Subscription.objects.create(
                schema=f"t_{uuid7()}",
                plan_id="starter",
                period=period,
                state=state,
                since=clock.now(),
                trial_ends_at=trial,
            )
        assert selectors.monthly_revenue() - before == 99900 + 999000 // 12
        Subscription.objects.filter(schema__startswith="t_", schema__contains="-").delete()
        assert selectors.monthly_revenue() == before


def test_ensuring_again_keeps_what_the_operator_changed():
    with platform_scope():
        Plan.objects.filter(code="starter").update(monthly_paise=89900)
        assert services.plans_ensure() == 0
        assert Plan.objects.get(code="starter").monthly_paise == 89900
        Plan.objects.filter(code="starter").update(monthly_paise=99900)


def test_each_limit_names_the_plan_that_lifts_it():
    with platform_scope():
        limits = selectors.limits_of("starter")
        assert limits["students"] == quotas.Limit(200, "Professional")
        assert limits["libraries"] == quotas.Limit(2, "Professional")
        assert limits["live_classes"] == quotas.Limit(1, "")
        assert limits["api_keys"] == quotas.Limit(0, "Enterprise")
        assert selectors.limits_of("enterprise")["students"] == quotas.Limit(5000, "")
        with pytest.raises(PlanUnknown):
            selectors.limits_of("platinum")


def test_a_subscription_starts_once_on_trial(academy):
    before = clock.now()
    view = started(academy, "professional")
    assert (view.code, view.name, view.period, view.state, view.price_paise) == (
        "professional", "Professional", "month", "trial", 249900,
    )  # fmt: skip
    assert view.trial_ends_at - view.since == timedelta(days=14)
    assert before <= view.since <= clock.now()
    with platform_scope():
        assert services.subscription_start(schema=academy.schema, plan="free") == view
        assert Subscription.objects.filter(schema=academy.schema).count() == 1


def test_a_plan_without_trial_is_active_at_once(library):
    view = started(library, "free")
    assert (view.state, view.trial_ends_at) == ("active", None)


def test_moving_up_raises_the_limits(academy):
    started(academy, "free")
    with tenant_scope(academy):
        quotas.take("students", 50)
        with pytest.raises(quotas.QuotaReached) as refusal:
            quotas.take("students")
        assert refusal.value.data == {"quota": "students", "limit": 50, "used": 50, "plan": "Starter"}
    with tenant_scope(academy):
        view = services.plan_change(business=academy, plan="starter", period="year")
        quotas.take("students")
    with platform_scope():
        assert tenants.tenant_get(academy.id).plan == "starter"
    assert (view.code, view.period, view.price_paise) == ("starter", "year", 999000)


def test_moving_below_the_use_is_refused_with_the_list_and_changes_nothing(academy):
    started(academy, "professional")
    with tenant_scope(academy):
        quotas.take("students", 51)
        quotas.take("libraries", 2)
        before = quotas.usage()
    with pytest.raises(quotas.UseExceeds) as refusal:
        services.plan_change(business=academy, plan="free")
    assert refusal.value.data["exceeding"] == [
        {"quota": "libraries", "limit": 1, "used": 2},
        {"quota": "students", "limit": 50, "used": 51},
    ]
    with tenant_scope(academy):
        assert quotas.usage() == before
    with platform_scope():
        assert selectors.plan_of(academy.schema).code == "professional"


def test_a_change_needs_a_plan_and_a_subscription(academy):
    with pytest.raises(SubscriptionMissing):
        services.plan_change(business=academy, plan="starter")
    started(academy, "starter")
    with pytest.raises(PlanUnknown):
        services.plan_change(business=academy, plan="platinum")
    with tenant_scope(academy):
        assert {u.name: u.limit for u in quotas.usage()}["students"] == 200


def test_the_operator_changes_a_plan_from_its_own_scope(academy):
    started(academy, "starter")
    with platform_scope():
        assert services.plan_change(business=academy, plan="professional").code == "professional"
        assert selectors.plan_of(academy.schema).code == "professional"
    with tenant_scope(academy):
        assert {u.name: u.limit for u in quotas.usage()}["students"] == 1000
        quotas.take("students", 60)
    with platform_scope():
        with pytest.raises(quotas.UseExceeds):
            services.plan_change(business=academy, plan="free")
        assert selectors.plan_of(academy.schema).code == "professional"


def test_a_tenant_reads_no_plan_but_through_the_crossing(academy):
    with tenant_scope(academy), pytest.raises(ProgrammingError):
        Plan.objects.count()
    with platform_scope(on_behalf_of=academy, purpose="plans.change"):
        assert Plan.objects.filter(code__in=("free", "starter", "professional", "enterprise")).count() == 4
        with pytest.raises(ProgrammingError, match="permission denied"):
            Plan.objects.filter(code="free").update(monthly_paise=1)
