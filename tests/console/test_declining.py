"""Turning down a tenant that has not opened: nothing is left of it, however far it had come and whoever was at it."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from kernel import jobs
from kernel.audit.models import Entry
from kernel.jobs.models import Job
from kernel.tenancy import platform_scope
from kernel.tenancy.models import ReadySchema, RegistryFault
from kernel.tenancy.schemas import schema_claim, schema_create
from shared_apps.console import offboarding, provisioning, selectors
from shared_apps.console.bundles import tenant_erase
from shared_apps.console.errors import RestoreUnderWay
from shared_apps.console.models import BundleExport, BundleRestore, Offboarding, ProvisioningStep
from shared_apps.credits.models import Wallet
from shared_apps.messaging.models import Message
from shared_apps.plans.models import Subscription
from shared_apps.plans.services import plans_ensure
from shared_apps.tenants.errors import StateForbids
from shared_apps.tenants.models import Host, Tenant
from shared_apps.tenants.registry import registry_look
from tests.conftest import TestClock
from tests.console.test_offboarding import come_back, has_schema
from tests.console.test_tenants import business_of, requested, wanted
from tests.support.people import Client, admin, anyone
from tests.support.processes import drain_dying_at
from tests.support.racing import race
from tests.support.tenants import tenant_make
from tests.support.workers import until

pytestmark = pytest.mark.usefixtures("bucket")

REASON = {"reason": "asked for twice"}


@pytest.fixture(scope="module")
def operator() -> Client:
    with platform_scope():
        plans_ensure()
    return admin("operations")


_others: set[str] = set()


@pytest.fixture(autouse=True)
def _others_are_known() -> None:
    """What other tests left is no fault of these."""
    with platform_scope():
        _others.update(faulty())


def faulty() -> set[str]:
    registry_look()
    return set(RegistryFault.objects.values_list("schema", flat=True))


def left_of(tenant: dict[str, Any], schema: str | None) -> dict[str, Any]:
    with platform_scope():
        row = Tenant.objects.get(id=tenant["id"])
        return {
            "tenant": (row.state, row.schema_name),
            "hosts": Host.objects.filter(tenant=row).count(),
            "schema": bool(schema) and has_schema(str(schema)),
            "registry": ReadySchema.objects.filter(name=schema).exclude(state="dropped").count(),
            "wallets": Wallet.objects.filter(schema=schema).count(),
            "plan": Subscription.objects.filter(schema=schema).count(),
            "jobs": Job.objects.filter(business=schema).count(),
            "unfinished": Offboarding.objects.filter(tenant=row, state="running").count(),
            "faults": len(faulty() - _others),
        }


NOTHING = {
    "tenant": ("deleted", None), "hosts": 0, "schema": False, "registry": 0, "wallets": 0, "plan": 0, "jobs": 0,
    "unfinished": 0, "faults": 0,
}  # fmt: skip


def deeds_of(tenant: dict[str, Any]) -> list[str]:
    with platform_scope():
        return list(Entry.objects.filter(subject_id=tenant["id"]).order_by("id").values_list("action", flat=True))


def letters_of(tenant: dict[str, Any]) -> list[tuple[str, str, str]]:
    with platform_scope():
        sent = Message.objects.filter(key=f"declined:{tenant['id']}")
        return list(sent.values_list("template", "to", "subject"))


def carried_out(clock: TestClock) -> None:
    for _ in range(3):
        jobs.drain()
        come_back(clock, minutes=2)
    jobs.drain()


def test_what_was_merely_asked_for_is_turned_down_and_its_address_is_free(operator: Client) -> None:
    tenant = requested(operator, language="hi")
    path = f"tenants/{tenant['id']}/decline"
    assert admin("read_only").post(path, REASON).status_code == 403
    assert operator.post(path, {}).status_code == 400
    assert operator.get(f"tenants/{tenant['id']}").json()["state"] == "requested"
    declined = operator.post(path, REASON)
    assert (declined.status_code, declined.json()["state"], declined.json()["state_reason"]) == (
        200, "deleted", REASON["reason"],
    )  # fmt: skip
    assert operator.post(path, REASON).json()["state"] == "deleted"
    told = [("declined", tenant["owner_email"], "Asha Academy नहीं खोला जाएगा")]
    assert letters_of(tenant) == told
    again = requested(operator, slug=tenant["slug"])
    jobs.drain()  # its own set-up ends without a word, the other's goes on
    assert left_of(tenant, None) == NOTHING
    assert deeds_of(tenant) == ["tenants.request", "tenants.decline"]
    assert anyone(business_of(again)).get("auth/me").status_code == 401
    with platform_scope():
        assert set(ProvisioningStep.objects.filter(tenant=tenant["id"]).values_list("state", flat=True)) == {"waiting"}
    refused = operator.post(f"tenants/{again['id']}/decline", REASON)
    assert (refused.status_code, refused.json()["code"]) == (409, "tenants.state_forbids")
    assert operator.get(f"tenants/{again['id']}").json()["state"] == "trial"
    assert (letters_of(tenant), letters_of(again)) == (told, [])
    gone = tenant_erase(tenant=UUID(tenant["id"]), reason="asked for")
    assert (gone.gone["letters to its owner"], letters_of(tenant)) == (1, [("declined", "", "")])


def test_what_failed_on_its_way_is_taken_down_however_often_the_worker_dies(operator: Client, clock: TestClock) -> None:
    tenant = requested(operator)
    with platform_scope():
        Tenant.objects.filter(id=tenant["id"]).update(owner_phone="nobody's")
    jobs.drain()
    schema = business_of(tenant).schema
    with platform_scope():
        failed = ProvisioningStep.objects.get(tenant=tenant["id"], state="failed")
        stuck = selectors.figures().stuck
    assert (failed.name, failed.error.startswith("PhoneInvalid"), has_schema(schema)) == ("owner", True, True)
    page = f"/tenants/{tenant['id']}"
    assert "Turn it down" in operator.page("GET", page).content.decode()
    assert operator.page("POST", f"{page}/decline", {"decline-reason": ""}).status_code == 422
    assert operator.page("POST", f"{page}/decline", {"decline-reason": "no such owner"}).status_code == 302
    assert "Turn it down" not in operator.page("GET", page).content.decode()
    with platform_scope():
        assert selectors.figures().stuck == stuck - 1
    reached = []
    points = [point for step in offboarding.TAKEN_DOWN for point in (step.effect, step.marked)]
    for point in points:
        for _ in range(3):
            if drain_dying_at(point):
                reached.append(point)
                break
            come_back(clock, minutes=2)
        with platform_scope():
            held = Tenant.objects.get(id=tenant["id"]).schema_name
        assert held == (schema if has_schema(schema) else None), point
    assert reached == points
    carried_out(clock)
    assert left_of(tenant, schema) == NOTHING
    assert letters_of(tenant) == [("declined", tenant["owner_email"], "Asha Academy will not be opened")]
    assert deeds_of(tenant) == ["tenants.request", "tenants.provision", "tenants.decline", "tenants.delete"]
    told = operator.get(f"tenants/{tenant['id']}/offboard").json()
    assert (told["state"], told["came_from"]) == ("done", "provisioning")
    assert [step["name"] for step in told["steps"]] == [step.name for step in offboarding.TAKEN_DOWN]
    assert operator.post("tenants", wanted(slug=tenant["slug"])).status_code == 202
    assert operator.post(f"tenants/{tenant['id']}/provisioning").status_code == 202
    jobs.drain()
    assert left_of(tenant, schema) == NOTHING


def test_of_opening_and_turning_down_one_happens(operator: Client, clock: TestClock) -> None:
    """Each of sixteen tenants is made by one thread and turned down by another, once so many of its steps have begun."""
    tenants = [requested(operator) for _ in range(16)]
    with platform_scope():
        Job.objects.filter(handler="console.provision", state="queued").delete()

    def begun(number: int) -> Callable[[], bool]:
        steps = ProvisioningStep.objects.filter(tenant=tenants[number]["id"]).exclude(state="waiting")
        return lambda: steps.count() >= number % (len(provisioning.STEPS) + 1)

    def one_of(runner: int) -> str:
        number, is_maker = divmod(runner, 2)
        tenant = Tenant(id=tenants[number]["id"])
        try:
            if is_maker:
                provisioning.provision(tenant.id)
                return "made or left"
            with platform_scope():
                until(begun(number))
                offboarding.tenant_decline(tenant=tenant.id, reason="late")
            return "declined"
        except StateForbids:
            return "forbidden"

    ended = race(32, one_of)
    assert set(ended) <= {"made or left", "declined", "forbidden"}
    with platform_scope():
        states = {row["id"]: Tenant.objects.get(id=row["id"]) for row in tenants}
    declined = [row for row in tenants if states[row["id"]].state == "deleted"]
    opened = [row for row in tenants if states[row["id"]].state == "trial"]
    assert (len(declined) + len(opened), ended["declined"]) == (16, len(declined))
    assert declined[0]["id"] == tenants[0]["id"]
    schemas = {row["id"]: states[row["id"]].schema_name for row in declined}
    carried_out(clock)
    for row in declined:
        assert left_of(row, schemas[row["id"]]) == NOTHING, row
    with platform_scope():
        names = [one.schema_name for one in states.values()]
        assert ReadySchema.objects.filter(name__in=names, state="taken").count() == len(opened)


def test_what_a_bundle_is_being_loaded_for_is_not_turned_down_and_what_came_to_nothing_is(
    operator: Client, clock: TestClock
) -> None:
    source, tenant = tenant_make(), requested(operator)
    schema_create()
    with platform_scope():
        bundle = BundleExport.objects.create(
            tenant_id=source.id, reason="x", schema=source.schema, key="x", requested_at="2026-01-01T00:00Z"
        )
        restore = BundleRestore.objects.create(
            bundle=bundle, tenant_id=tenant["id"], kind="beside", reason="x", started_at="2026-01-01T00:00Z"
        )
        with pytest.raises(RestoreUnderWay):
            offboarding.tenant_decline(tenant=tenant["id"], reason="x")
        assert Tenant.objects.get(id=tenant["id"]).state == "requested"
        schema = schema_claim()
        BundleRestore.objects.filter(id=restore.id).update(state="failed", schema=schema)
        assert faulty() - _others == {schema}
        offboarding.tenant_decline(tenant=tenant["id"], reason="x")
    carried_out(clock)
    assert left_of(tenant, schema) == NOTHING
    assert letters_of(tenant) == []


def test_one_process_at_a_time_makes_a_tenant_or_takes_it_down(
    operator: Client, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provisioning, "PATIENCE", "50ms")
    tenant = requested(operator)
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with provisioning.tenant_held(UUID(tenant["id"])):
            held.set()
            over.wait(30)
        connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert held.wait(30)
        with pytest.raises(provisioning.Busy):
            provisioning.provision(UUID(tenant["id"]))
        with platform_scope():
            assert Tenant.objects.get(id=tenant["id"]).state == "requested"
            Tenant.objects.filter(id=tenant["id"]).update(state="provisioning")
            leaving = offboarding.tenant_decline(tenant=tenant["id"], reason="x")
        assert leaving is not None
        jobs.drain()
        with platform_scope():
            assert leaving.steps.get(name="close").state == "running"
    finally:
        over.set()
        holder.join()
    carried_out(clock)
    assert left_of(tenant, None) == NOTHING
