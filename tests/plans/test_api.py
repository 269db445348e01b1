"""Plans by HTTP."""

import pytest

from kernel import quotas
from kernel.audit.models import Entry
from kernel.ids import uuid7
from kernel.tenancy import platform_scope, tenant_scope
from shared_apps.plans import selectors, services
from shared_apps.plans.models import Plan


@pytest.fixture(autouse=True)
def _plans():
    with platform_scope():
        services.plans_ensure()
    yield
    with platform_scope():
        Plan.objects.filter(code="solo").delete()
        Plan.objects.filter(code="starter").update(monthly_paise=99900)


NEW = {
    "code": "solo",
    "name": "Solo",
    "position": 9,
    "monthly_paise": 49900,
    "yearly_paise": 499000,
    "trial_days": 7,
    "limits": {"libraries": 1, "students": 80, "storage_mb": 900, "api_per_minute": 60},
    "features": ["messages"],
    "public": False,
}


def give(business, plan):
    with platform_scope():
        services.subscription_start(schema=business.schema, plan=plan)
        limits = selectors.limits_of(plan)
    with tenant_scope(business):
        quotas.set_limits(limits)


def test_anyone_reads_the_plans_on_offer(platform, api):
    offered = api(platform).get("plans").json()["results"]
    assert [(one["code"], one["monthly_paise"]) for one in offered] == [
        ("free", 0),
        ("starter", 99900),
        ("professional", 249900),
        ("enterprise", 999900),
    ]
    assert api(platform).get("plans/starter").json()["limits"]["students"] == 200
    assert api(platform).get("plans/platinum").status_code == 404


def test_the_operator_adds_and_changes_offers(platform, admin, api):
    desk = admin("finance")
    added = desk.post("plans", NEW)
    assert (added.status_code, added.json()["limits"]) == (201, NEW["limits"])
    assert api(platform).get("plans/solo").status_code == 404
    assert desk.get("plans/solo").status_code == 200
    taken = desk.post("plans", NEW)
    assert (taken.status_code, taken.json()["code"]) == (409, "plans.taken")
    changed = desk.patch("plans/solo", {"monthly_paise": 39900, "trial_days": 7}, headers={"If-Match": added["ETag"]})
    assert (changed.status_code, changed.json()["monthly_paise"]) == (200, 39900)
    with platform_scope():
        entry = Entry.objects.filter(action="plans.change").latest("id")
    assert (entry.subject_id, entry.changes) == ("solo", {"monthly_paise": [49900, 39900]})
    stale = desk.patch("plans/solo", {"monthly_paise": 1}, headers={"If-Match": added["ETag"]})
    assert stale.status_code == 412
    assert desk.get("plans/solo").json()["monthly_paise"] == 39900
    assert desk.patch("plans/platinum", {"monthly_paise": 1}).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"limits": {"students": 1}},
        {"limits": {**NEW["limits"], "students": -1}},
        {"features": ["teleport"]},
        {"code": "Solo Plan"},
        {"monthly_paise": -1},
    ],
)
def test_an_offer_that_makes_no_sense_is_refused(admin, wrong):
    answer = admin().post("plans", {**NEW, **wrong})
    assert (answer.status_code, answer.json()["code"]) == (400, "http.invalid")
    with platform_scope():
        assert not Plan.objects.filter(code="solo").exists()


def test_only_finance_and_super_admins_change_offers(admin, api, platform):
    assert api(platform).post("plans", NEW).status_code == 401
    for role in ("operations", "support", "read_only"):
        assert admin(role).post("plans", NEW).status_code == 403


def test_the_operator_moves_a_tenant_or_says_what_exceeds(academy, admin):
    give(academy, "starter")
    desk = admin()
    address = f"subscriptions/{academy.id}"
    assert desk.get(address).json()["plan"] == "starter"
    moved = desk.patch(address, {"plan": "professional", "period": "year"})
    assert (moved.status_code, moved.json()["name"], moved.json()["period"]) == (200, "Professional", "year")
    with tenant_scope(academy):
        quotas.take("students", 300)
    refused = desk.patch(address, {"plan": "starter"})
    body = refused.json()
    assert (refused.status_code, body["code"]) == (409, "plans.use_exceeds")
    assert body["exceeding"] == [{"quota": "students", "limit": 200, "used": 300}]
    assert desk.get(address).json()["plan"] == "professional"
    with platform_scope():
        entry = Entry.objects.filter(action="plans.move").latest("id")
    assert entry.changes == {"plan": ["starter", "professional"], "period": ["month", "year"]}


def test_a_tenant_without_a_plan_or_none_at_all(academy, admin, staff):
    desk = admin()
    missing = desk.get(f"subscriptions/{academy.id}")
    assert (missing.status_code, missing.json()["code"]) == (404, "plans.subscription_missing")
    assert desk.get(f"subscriptions/{uuid7()}").status_code == 404
    assert staff(academy).get("account/plan").json()["code"] == "plans.subscription_missing"


def test_a_tenant_sees_its_plan_and_its_use(academy, staff):
    give(academy, "starter")
    with tenant_scope(academy):
        quotas.take("students", 3)
    owner = staff(academy)
    plan = owner.get("account/plan").json()
    assert (plan["code"], plan["name"], plan["state"], plan["price_paise"]) == ("starter", "Starter", "trial", 99900)
    use = {one["name"]: one for one in owner.get("account/usage").json()["limits"]}
    assert use["students"] == {"name": "students", "limit": 200, "used": 3, "lifted_by": "Professional"}
    assert use["live_classes"] == {"name": "live_classes", "limit": 1, "used": 0, "lifted_by": ""}
    assert staff(academy, "teacher").get("account/plan").status_code == 403
