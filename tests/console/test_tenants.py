"""Tenants through the platform's doors: requested, provisioned however often the worker dies, suspended, edited."""

from collections import Counter
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser

from kernel import jobs, quotas
from kernel.ids import public_id
from kernel.jobs.models import Job
from kernel.tenancy import Business, platform_scope, tenant_scope
from kernel.tenancy.directory import forget
from kernel.tenancy.models import ReadySchema
from shared_apps.accounts.models import RoleAssignment, User
from shared_apps.console.models import ProvisioningStep
from shared_apps.console.provisioning import STEPS
from shared_apps.credits.models import Wallet
from shared_apps.messaging.models import Template
from shared_apps.plans.selectors import plan_of
from shared_apps.plans.services import plans_ensure
from shared_apps.tenants.models import Host, Tenant
from shared_apps.tenants.selectors import slug_refusal
from tests.conftest import TestClock
from tests.support.people import Client, admin, anyone, staff, student
from tests.support.processes import drain_dying_at
from tests.support.racing import race


@pytest.fixture(scope="module")
def operator() -> Client:
    with platform_scope():
        plans_ensure()
    return admin("operations")


def wanted(**changes: Any) -> dict[str, Any]:
    slug = f"asha-{public_id()}"
    return {
        "name": "Asha Academy",
        "slug": slug,
        "kind": "academy",
        "plan": "professional",
        "owner_name": "Asha Rao",
        "owner_email": f"owner@{slug}.example",
        "owner_phone": "98000 00001",
        **changes,
    }


def requested(operator: Client, **changes: Any) -> dict[str, Any]:
    answer = operator.post("tenants", wanted(**changes))
    assert answer.status_code == 202, answer.content
    found: dict[str, Any] = answer.json()
    return found


def business_of(tenant: dict[str, Any]) -> Business:
    forget()
    with platform_scope():
        return Tenant.objects.get(id=tenant["id"]).business()


def made_of(tenant: dict[str, Any]) -> dict[str, Any]:
    """Everything provisioning is to leave behind, to compare one run with another."""
    with platform_scope():
        row = Tenant.objects.get(id=tenant["id"])
        found = {
            "state": row.state,
            "hosts": Counter(Host.objects.filter(tenant=row).values_list("kind", flat=True)),
            "plan": plan_of(str(row.schema_name)).code,
            "wallets": Wallet.objects.filter(schema=row.schema_name).count(),
            "steps": list(
                ProvisioningStep.objects.filter(tenant=row).order_by("position").values_list("name", "state", "error")
            ),
            "taken": ReadySchema.objects.filter(name=row.schema_name, state="taken").count(),
        }
    with tenant_scope(row.business()):
        found["owners"] = [(u.email == row.owner_email, u.phone, u.state) for u in User.objects.all()]
        found["roles"] = list(RoleAssignment.objects.values_list("role", "branch"))
        found["templates"] = Template.objects.count()
        found["students"] = next(use.limit for use in quotas.usage() if use.name == "students")
    return found


def test_a_tenant_is_provisioned_step_by_step(operator: Client) -> None:
    tenant = requested(operator)
    assert tenant["state"] == "requested"
    steps = operator.get(f"tenants/{tenant['id']}/provisioning").json()["results"]
    assert [(s["name"], s["state"]) for s in steps] == [(s.name, "waiting") for s in STEPS]
    jobs.drain()
    made = made_of(tenant)
    assert made == {
        "state": "trial",
        "hosts": Counter({"permanent": 1, "slug": 1}),
        "plan": "professional",
        "wallets": 1,
        "steps": [(s.name, "done", "") for s in STEPS],
        "taken": 1,
        "owners": [(True, "+919800000001", "invited")],
        "roles": [("owner", None)],
        "templates": made["templates"],
        "students": 1000,
    }
    assert made["templates"] >= 6
    shown = operator.get(f"tenants/{tenant['id']}").json()
    for host in shown["hosts"].values():
        name = host.removeprefix(f"{settings.SCHEME}://")
        assert Browser().get("/api/v1/health", headers={"Host": name}).status_code == 200
        assert anyone(business_of(tenant)).get("auth/me").status_code == 401


def test_a_worker_killed_after_every_step_ends_the_same(operator: Client) -> None:
    """One tenant, a death between and after each step's two transactions: sixteen workers die, the end is one."""
    calm = requested(operator)
    jobs.drain()
    stormy = requested(operator)
    reached = []
    for step in STEPS:
        for point in (step.effect, step.marked):
            if drain_dying_at(point):
                reached.append(point)
    assert reached == [point for step in STEPS for point in (step.effect, step.marked)]
    jobs.drain()
    assert made_of(stormy) == made_of(calm)


def test_an_owner_who_came_before_the_step_was_marked_is_not_invited_again(operator: Client) -> None:
    tenant = requested(operator)
    assert drain_dying_at("provisioning.owner_effect")
    with tenant_scope(business_of(tenant)):
        owner = User.objects.get()
        User.objects.update(state="active")
    jobs.drain()
    with tenant_scope(business_of(tenant)):
        assert [(u.id, u.state) for u in User.objects.all()] == [(owner.id, "active")]
    with platform_scope():
        row = Tenant.objects.get(id=tenant["id"])
        steps = ProvisioningStep.objects.filter(tenant=row).values_list("state", "error")
        assert (row.state, set(steps)) == ("trial", {("done", "")})


@pytest.mark.parametrize(
    ("slug", "code"),
    [
        ("www", "tenants.slug_reserved"),
        ("admin", "tenants.slug_reserved"),
        ("Asha", "tenants.slug_invalid"),
        ("9lives", "tenants.slug_invalid"),
        ("a", "tenants.slug_invalid"),
        ("ends-", "tenants.slug_invalid"),
        ("two--dashes", "tenants.slug_invalid"),
        ("dot.ted", "tenants.slug_invalid"),
        ("drop table", "tenants.slug_invalid"),
        ("आशा", "tenants.slug_invalid"),
    ],
)
def test_slugs_that_cannot_be_addresses(operator: Client, slug: str, code: str) -> None:
    refused = operator.post("tenants", wanted(slug=slug))
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (422, code, "slug")
    with platform_scope():
        assert not Tenant.objects.filter(slug=slug).exists()


def test_one_slug_raced_is_one_tenant(operator: Client) -> None:
    want = wanted()
    assert race(16, lambda _: operator.post("tenants", want).status_code) == {202: 1, 409: 15}
    with platform_scope():
        tenant = Tenant.objects.get(slug=want["slug"])
        assert ProvisioningStep.objects.filter(tenant=tenant).count() == len(STEPS)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"plan": "gold"}, 422, "plans.unknown"),
        ({"owner_phone": "12345"}, 422, "phone.invalid"),
        ({"zone": "Mars/Olympus"}, 422, "tenants.zone_unknown"),
        ({"kind": "circus"}, 400, "http.invalid"),
        ({"colour": "blue"}, 400, "http.unknown_field"),
    ],
)
def test_bad_requests_leave_nothing(operator: Client, changes: dict[str, Any], status: int, code: str) -> None:
    want = wanted(**changes)
    refused = operator.post("tenants", want)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    with platform_scope():
        assert not Tenant.objects.filter(slug=want["slug"]).exists()


def test_a_suspended_tenant_serves_nobody_until_reactivated(operator: Client, clock: TestClock) -> None:
    tenant = requested(operator)
    jobs.drain()
    business = business_of(tenant)
    owner = staff(business)
    assert owner.get("students").status_code == 200
    suspended = operator.post(f"tenants/{tenant['id']}/suspend", {"reason": "unpaid"}).json()
    assert (suspended["state"], suspended["state_reason"]) == ("suspended", "unpaid")
    forget()
    with tenant_scope(business):
        waiting = jobs.put("accounts.forget")
    jobs.drain()
    refused = owner.get("students")
    assert (refused.status_code, refused.json()["code"]) == (403, "tenancy.suspended")
    assert owner.get("auth/me").status_code == 200
    # Its staff may take their data along; its students read why nothing answers.
    taken = owner.get("students?format=csv")
    assert (taken.status_code, taken.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    reader = student(business)
    for path in ("students?format=csv", "bookings", "classes"):
        told = reader.get(path)
        assert (told.status_code, told.json()["code"]) == (403, "tenancy.suspended")
        assert "ask" in told.json()["action"]
    again = operator.post(f"tenants/{tenant['id']}/suspend", {"reason": "unpaid"})
    assert again.status_code == 200
    assert operator.post(f"tenants/{tenant['id']}/reactivate").json()["state"] == "active"
    forget()
    with platform_scope():
        assert Job.objects.get(id=waiting).state == "queued"
    clock.move(seconds=3)
    jobs.drain()
    with platform_scope():
        assert Job.objects.get(id=waiting).state == "done", "its jobs do not wait any longer than its people"
    assert owner.get("students").status_code == 200
    trail = admin().get(f"audit-logs?subject_id={tenant['id']}").json()["results"]
    assert [entry["action"] for entry in reversed(trail)] == [
        "tenants.request",
        "tenants.provision",
        "tenants.open",
        "tenants.suspend",
        "tenants.reactivate",
    ]


def test_a_requested_tenant_cannot_be_suspended(operator: Client) -> None:
    tenant = requested(operator)
    refused = operator.post(f"tenants/{tenant['id']}/suspend", {"reason": "x"})
    assert (refused.status_code, refused.json()["code"]) == (409, "tenants.state_forbids")
    assert operator.get(f"tenants/{tenant['id']}").json()["state"] == "requested"


def test_hosts_of_tenants_not_ready_and_of_nobody(operator: Client) -> None:
    stranger = Browser().get("/api/v1/auth/me", headers={"Host": "nobody-here.localhost"})
    assert (stranger.status_code, stranger.json()["code"]) == (404, "tenancy.host_unknown")
    assert stranger.headers["Content-Type"] == "application/problem+json"


def test_a_new_slug_answers_and_the_old_one_is_closed_for_a_year(operator: Client, clock: TestClock) -> None:
    tenant = requested(operator)
    jobs.drain()
    fresh = f"new-{public_id()}"
    tag = operator.get(f"tenants/{tenant['id']}").headers["ETag"]
    edited = operator.patch(f"tenants/{tenant['id']}", {"slug": fresh, "name": "Asha"}, headers={"If-Match": tag})
    assert (edited.status_code, edited.json()["slug"], edited.json()["name"]) == (200, fresh, "Asha")
    stale = operator.patch(f"tenants/{tenant['id']}", {"name": "Late"}, headers={"If-Match": tag})
    assert (stale.status_code, stale.json()["code"]) == (412, "http.changed_meanwhile")
    forget()
    for label, status in ((fresh, 401), (tenant["public_id"], 401), (tenant["slug"], 404)):
        seen = Browser().get("/api/v1/auth/me", headers={"Host": f"{label}.{settings.BARE_DOMAIN}"})
        assert seen.status_code == status
    clock.move(days=364)
    later = admin("operations")
    refused = later.post("tenants", wanted(slug=tenant["slug"]))
    assert (refused.status_code, refused.json()["code"]) == (409, "tenants.slug_taken")
    assert said_while_typing(tenant["slug"]) == "tenants.slug_taken"
    clock.move(days=1, minutes=1)
    assert said_while_typing(tenant["slug"]) == ""
    assert admin("operations").post("tenants", wanted(slug=tenant["slug"])).status_code == 202
    assert said_while_typing(tenant["slug"]) == "tenants.slug_taken"


def said_while_typing(slug: str) -> str:
    """What the form says of the slug before anything is sent: a refusal's code, or nothing."""
    with platform_scope():
        refusal = slug_refusal(slug)
    return refusal.code if refusal else ""


def test_stats_are_read_in_the_tenants_own_schema(operator: Client) -> None:
    tenant = requested(operator)
    assert operator.get(f"tenants/{tenant['id']}/stats").json() == {"users": 0, "quotas": []}
    jobs.drain()
    staff(business_of(tenant))
    stats = operator.get(f"tenants/{tenant['id']}/stats").json()
    assert stats["users"] == 1
    assert {"name": "students", "used": 0, "limit": 1000} in stats["quotas"]


def test_who_may(operator: Client) -> None:
    want = wanted()
    assert admin("read_only").post("tenants", want).status_code == 403
    assert admin("read_only").get("tenants").status_code == 200
    assert Browser().get("/api/v1/tenants", headers={"Host": settings.BARE_DOMAIN}).status_code == 401
    with platform_scope():
        assert not Tenant.objects.filter(slug=want["slug"]).exists()
