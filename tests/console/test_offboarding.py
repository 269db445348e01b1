"""Closing a tenant for good: read only, packed up, taken down in steps however often the worker dies; and the way back."""

import io
import threading
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client as Browser
from django.utils import formats

from kernel import clock as kernel_clock
from kernel import jobs
from kernel.audit.models import Entry
from kernel.errors import DomainError
from kernel.ids import uuid7
from kernel.inbox.models import Inbox
from kernel.jobs.models import Job
from kernel.tenancy import Business, platform_scope, tenant_scope
from kernel.tenancy.directory import forget
from kernel.tenancy.models import ReadySchema
from kernel.tenancy.scope import schema_scope
from shared_apps.console import offboarding
from shared_apps.console.models import BundleExport, Offboarding
from shared_apps.credits import services as credits
from shared_apps.credits.models import Wallet
from shared_apps.credits.selectors import wallet_code
from shared_apps.files import services as files
from shared_apps.ledger import selectors as ledger
from shared_apps.messaging.models import Message
from shared_apps.payments.models import Payment
from shared_apps.plans.models import Subscription
from shared_apps.plans.services import plans_ensure, subscription_start
from shared_apps.tenants.models import Host, Tenant
from shared_apps.tenants.selectors import slug_refusal
from shared_apps.tenants.services import tenant_request
from tests.conftest import TestClock
from tests.support.people import admin, staff
from tests.support.processes import drain_dying_at
from tests.support.racing import race
from tests.support.tenants import tenant_make

pytestmark = pytest.mark.usefixtures("bucket")

UNITS, HELD = 500, 40


def furnished() -> Business:
    """A tenant with a plan, credits of which some are set aside, a file, a callback and a job that waits."""
    business = tenant_make()
    with platform_scope():
        plans_ensure()
        subscription_start(schema=business.schema, plan="starter")
        credits.defaults_ensure()
        credits.vendor_purchase(vendor="msg91", channel="sms", units=1_000, key=str(uuid7()))
        credits.allocate(business=business, channel="sms", units=UNITS, key=str(uuid7()))
        Inbox.objects.create(
            id=uuid7(), business=business.schema, source="tests", endpoint="x", delivery_id="1", body_sha256="", event="",
            handler="", reason="", headers={}, body=b"", state="processed", received_at="2026-01-01T00:00Z",
        )  # fmt: skip
    with tenant_scope(business):
        files.put(name="roll.csv", body=io.BytesIO(b"name\nAsha\n"), content_type="text/csv")
        credits.hold(channel="sms", units=HELD, key="campaign")
    return business


def begun(business: Business, **facts: Any) -> Offboarding:
    with platform_scope():
        made = offboarding.offboarding_begin(tenant=business.id, reason="asked for", **facts)
    forget()
    return made


def come_back(clock: TestClock, **by: float) -> None:
    """Time passes, and the schedule looks for what is due."""
    clock.move(**by)
    with platform_scope():
        jobs.put("console.offboardings")


def taken_down(clock: TestClock, leaving: Offboarding) -> None:
    """Until the grace is over, where it is not, and on to the end."""
    left = leaving.grace_ends_at - kernel_clock.now()
    come_back(clock, seconds=max(left.total_seconds(), 0), minutes=1)
    for _ in range(5):
        jobs.drain()
        come_back(clock, minutes=2)
    jobs.drain()


def state_of(business: Business) -> str:
    forget()
    with platform_scope():
        return Tenant.objects.get(id=business.id).state


def objects_below(prefix: str) -> int:
    found = files.storage()._client.list_objects_v2(Bucket=settings.S3["bucket"], Prefix=prefix)
    return int(found["KeyCount"])


def has_schema(name: str) -> bool:
    with schema_scope("public"), connections["ddl"].cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = %s)", [name])
        return bool(cursor.fetchone()[0])


def left_of(business: Business, leaving: Offboarding) -> dict[str, Any]:
    """What there is of a tenant, wherever something may be."""
    schema = business.schema
    with platform_scope():
        row = Tenant.objects.get(id=business.id)
        leaving = Offboarding.objects.get(id=leaving.id)
        account = wallet_code(schema, "sms")
        lying = {one.code: (one.posted, one.held) for one in ledger.balances(prefix=account)}
        return {
            "tenant": (row.state, row.schema_name),
            "schema": has_schema(schema),
            "registry": ReadySchema.objects.get(name=schema).state,
            "hosts": {
                kind: at is None for kind, at in Host.objects.filter(tenant=row).values_list("kind", "released_at")
            },
            "wallets": Wallet.objects.filter(schema=schema).count(),
            "wallet": lying[account],
            "went back": leaving.returned,
            "books": ledger.discrepancies(),
            "jobs": Job.objects.filter(business=schema).count(),
            "callbacks": Inbox.objects.filter(business=schema).count(),
            "plan": Subscription.objects.filter(schema=schema).count(),
            "files": objects_below(f"tenants/{schema}/"),
            "bundles": list(BundleExport.objects.filter(tenant=row).values_list("state", "error")),
            "letters": sorted(
                Message.objects.filter(key__startswith=f"offboarding:{leaving.id}").values_list("template", flat=True)
            ),
            "steps": [(one.name, one.state, one.error) for one in leaving.steps.all()],
            "run": leaving.state,
            "deeds": list(Entry.objects.filter(subject_id=str(row.id)).order_by("id").values_list("action", flat=True)),
        }


GONE = {
    "tenant": ("deleted", None),
    "schema": False,
    "registry": "dropped",
    "hosts": {"permanent": True, "slug": False},
    "wallets": 0,
    "wallet": (0, 0),
    "went back": {"sms": UNITS},
    "books": [],
    "jobs": 0,
    "callbacks": 0,
    "plan": 0,
    "files": 0,
    "bundles": [("done", "")],
    "letters": ["leaving", "leaving_soon", "left"],
    "steps": [(step.name, "done", "") for step in offboarding.STEPS],
    "run": "done",
    "deeds": ["tenants.offboard", "tenants.export", "tenants.close", "tenants.delete"],
}


def test_a_tenant_is_taken_down_and_nothing_but_its_bundle_and_name_is_left(clock: TestClock) -> None:
    business = furnished()
    leaving = begun(business)
    jobs.drain()
    clock.move(days=29)
    come_back(clock)
    jobs.drain()
    assert state_of(business) == "offboarding"
    assert objects_below(f"tenants/{business.schema}/") == 1
    # What a gateway has yet to say of a payment is waited for.
    with tenant_scope(business):
        pending = Payment.objects.create(
            reference=f"{business.public_id}-p", purpose="fees.due", subject="x", amount_paise=100, state="pending",
            description="x", payer_id=uuid7(), payer_name="x", payer_phone="+919800000001", gateway="cashfree",
            expires_at=kernel_clock.now(),
        )  # fmt: skip
    taken_down(clock, leaving)
    assert state_of(business) == "offboarding"
    with tenant_scope(business):
        Payment.objects.filter(id=pending.id).update(state="expired")
    taken_down(clock, leaving)
    assert left_of(business, leaving) == GONE
    with platform_scope():
        bundle = BundleExport.objects.get(tenant=business.id)
    assert objects_below(f"{bundle.key}/") >= 2
    for label in (business.slug, business.public_id):
        answer = Browser().get("/api/v1/auth/me", headers={"Host": f"{label}.{settings.BARE_DOMAIN}"})
        assert (answer.status_code, answer.json()["code"]) == (410, "tenancy.closed")
    # Nobody brings anything of it back by its page.
    top = admin()
    tag = top.get(f"tenants/{business.id}").headers["ETag"]
    edited = top.patch(f"tenants/{business.id}", {"slug": f"new-{business.public_id}"}, headers={"If-Match": tag})
    assert (edited.status_code, edited.json()["code"]) == (409, "tenants.state_forbids")
    given = {"tenant": str(business.id), "channel": "sms", "units": 1}
    refused = top.post("admin/credits/allocate", given, key=str(uuid7()))
    assert (refused.status_code, refused.json()["code"]) == (422, "credits.tenant_unknown")
    for path in (f"/tenants/{business.id}", "/tenants"):
        assert top.page("GET", path).status_code == 200
    # Its name is closed for a year, then another's.
    with platform_scope():
        assert (refusal := slug_refusal(business.slug)) is not None
        assert refusal.code == "tenants.slug_taken"
        clock.move(days=366)
        assert slug_refusal(business.slug) is None
        again = tenant_request(
            name="Anew", slug=business.slug, kind="academy", plan="starter", owner_name="A", owner_email="a@b.in",
            owner_phone="9800000001",
        )  # fmt: skip
        assert Tenant.objects.filter(slug=business.slug).count() == 2
        again.delete()


def test_a_worker_killed_after_every_step_ends_the_same(clock: TestClock) -> None:
    """A death between and after each step's two transactions, and in the drop's own: the end is one, and at no time is
    there a schema without its tenant's row or a row without its schema."""
    business = furnished()
    leaving = begun(business)
    points = [point for step in offboarding.STEPS for point in (step.effect, step.marked)]
    at = points.index("offboarding.drop_effect")
    points[at:at] = ["tenancy.schema_gone", "tenancy.schema_dropped"]
    reached = []
    for point in points:
        for _ in range(4):
            if drain_dying_at(point):
                reached.append(point)
                break
            come_back(clock, **({"days": 14} if point == "offboarding.grace_effect" else {"minutes": 2}))
        with platform_scope():
            held = Tenant.objects.get(id=business.id).schema_name
        assert held == (business.schema if has_schema(business.schema) else None), point
    assert reached == points
    jobs.drain()
    assert left_of(business, leaving) == GONE


def test_it_stays_when_that_is_said_before_its_doors_are_shut(clock: TestClock) -> None:
    business = tenant_make(state="past_due")
    first = begun(business)
    with platform_scope():
        assert offboarding.offboarding_begin(tenant=business.id, reason="again").id == first.id
    come_back(clock, days=31)
    jobs.drain()
    with platform_scope():
        stayed = offboarding.offboarding_cancel(tenant=business.id, reason="a mistake")
        with pytest.raises(DomainError) as refused:
            offboarding.offboarding_cancel(tenant=business.id, reason="again")
        assert refused.value.code == "console.offboarding_absent"
        letters = Message.objects.filter(key__startswith=f"offboarding:{first.id}").values_list("template", flat=True)
        assert sorted(letters) == ["leaving", "staying"]
    assert (stayed.state, state_of(business)) == ("cancelled", "past_due")
    taken_down(clock, first)
    assert state_of(business) == "past_due"
    second = begun(business, grace_days=1)
    assert second.id != first.id
    come_back(clock, days=1, minutes=1)
    for _ in range(3):
        jobs.drain()
        come_back(clock, minutes=2)
    with platform_scope(), pytest.raises(DomainError) as late:
        offboarding.offboarding_cancel(tenant=business.id, reason="too late")
    assert late.value.code in {"tenants.state_forbids", "console.offboarding_absent"}
    assert state_of(business) == "deleted"


def letters_of(leaving: Offboarding) -> list[tuple[str, str, str]]:
    with platform_scope():
        sent = Message.objects.filter(key__startswith=f"offboarding:{leaving.id}").order_by("created_at", "id")
        return list(sent.values_list("template", "to", "subject"))


def test_the_owner_is_reminded_once_three_days_before_the_end(clock: TestClock) -> None:
    business, brief, stays = tenant_make(), tenant_make(), tenant_make()
    leaving, soon, not_at_all = begun(business), begun(brief, grace_days=3), begun(stays)
    come_back(clock, days=26, hours=23)
    jobs.drain()
    with platform_scope():
        offboarding.offboarding_cancel(tenant=stays.id, reason="a mistake")
    assert [letter[0] for letter in letters_of(leaving)] == ["leaving"]
    come_back(clock, hours=2)
    jobs.drain()
    with platform_scope():
        owner = Tenant.objects.get(id=business.id).owner_email
    day = formats.date_format(leaving.grace_ends_at.astimezone(ZoneInfo(business.zone)), "j F Y")
    told = letters_of(leaving)
    assert told[1:] == [("leaving_soon", owner, f"{business.name} is deleted on {day}")]
    # Jobs that come again, one after another or all at once, write no second one.
    assert race(8, lambda _: offboarding.offboard(leaving.id)) == {None: 8}
    come_back(clock, days=1)
    jobs.drain()
    assert (letters_of(leaving), state_of(business)) == (told, "offboarding")
    assert [letter[0] for letter in letters_of(not_at_all)] == ["leaving", "staying"]
    assert "leaving_soon" not in [letter[0] for letter in letters_of(soon)]
    with platform_scope():
        offboarding.offboarding_cancel(tenant=business.id, reason="a mistake")


def test_of_staying_and_shutting_the_doors_one_happens(clock: TestClock) -> None:
    business = tenant_make()
    leaving = begun(business)
    with platform_scope():
        leaving.steps.exclude(name__in=["close", "settle", "files", "drop", "tombstone"]).update(state="done")
    start, ended = threading.Barrier(2), []

    def stay() -> None:
        start.wait()
        try:
            with platform_scope():
                offboarding.offboarding_cancel(tenant=business.id, reason="stay")
            ended.append("stayed")
        except DomainError as error:
            ended.append(error.code)
        finally:
            connections.close_all()

    thread = threading.Thread(target=stay)
    thread.start()
    start.wait()
    offboarding.offboard(leaving.id)
    thread.join()
    with platform_scope():
        run = Offboarding.objects.get(id=leaving.id).state
    assert (ended[0], run, state_of(business)) in {
        ("stayed", "cancelled", "active"),
        ("tenants.state_forbids", "running", "deleted"),
    }
    with platform_scope():
        Offboarding.objects.filter(id=leaving.id).delete()


def test_over_the_api_and_the_danger_zone() -> None:
    business = tenant_make()
    owner, top = staff(business), admin("super_admin")
    path = f"tenants/{business.id}/offboard"
    assert admin("operations").post(path, {"reason": "x"}).status_code == 403
    assert top.get(path).json()["code"] == "console.offboarding_absent"
    assert top.post(path, {"reason": "x", "grace_days": 0}).status_code == 400
    unmade = tenant_make(state="provisioning")
    refused = top.post(f"tenants/{unmade.id}/offboard", {"reason": "x"})
    assert (refused.status_code, refused.json()["code"]) == (409, "tenants.state_forbids")
    assert (state_of(business), state_of(unmade)) == ("active", "provisioning")
    begun_now = top.post(path, {"reason": "asked for", "grace_days": 7})
    assert (begun_now.status_code, begun_now.json()["state"]) == (202, "offboarding")
    told = top.get(path).json()
    assert (told["state"], told["came_from"], told["reason"]) == ("running", "active", "asked for")
    assert [step["name"] for step in told["steps"]] == [step.name for step in offboarding.STEPS]
    forget()
    assert owner.get("students").status_code == 200
    refused = owner.post("students", {"name": "Ravi"})
    assert (refused.status_code, refused.json()["code"]) == (403, "tenancy.read_only")
    assert top.post(f"{path}/cancel", {"reason": "a mistake"}).json()["state"] == "active"
    page, name = f"/tenants/{business.id}/offboard", business.name
    form = {"offboard-reason": "asked for", "offboard-grace_days": "7", "offboard-confirm": "something else"}
    assert top.page("POST", page, form).status_code == 422
    assert state_of(business) == "active"
    assert top.page("POST", page, form | {"offboard-confirm": name}).status_code == 302
    assert state_of(business) == "offboarding"
    assert top.page("GET", f"{page}/steps").status_code == 200
    assert top.page("POST", f"{page}/cancel", {"stay-reason": ""}).status_code == 422
    assert top.page("POST", f"{page}/cancel", {"stay-reason": "a mistake"}).status_code == 302
    assert state_of(business) == "active"
