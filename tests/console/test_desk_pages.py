"""The operator's desk beyond tenants: credits, callbacks, jobs, health, plans, team, audit; each with its rights."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kernel import inbox, jobs
from kernel.audit.models import Entry
from kernel.ids import public_id, uuid7
from kernel.inbox import receive
from kernel.jobs.models import Job
from kernel.tenancy import Business, platform_business, platform_scope, tenant_scope
from shared_apps.accounts.models import User
from shared_apps.accounts.roles import PERMISSIONS, PLATFORM_ROLES
from shared_apps.credits import selectors as credits
from shared_apps.credits import services as credit_services
from shared_apps.credits.models import Purchase
from shared_apps.plans.models import Plan
from shared_apps.plans.services import plans_ensure
from tests.support.people import admin, user_make
from tests.support.second_factor import code_of, factor_make

READ = {
    "/": "",
    "/tenants": "tenants.view",
    "/tenants?format=csv": "tenants.view",
    "/plans": "plans.view",
    "/plans/starter": "plans.change",
    "/credits": "credits.view",
    "/credits/buy": "credits.purchase",
    "/credits/give": "credits.allocate",
    "/credits/wallets": "credits.view",
    "/payments": "payments.view",
    "/callbacks": "webhooks.view",
    "/jobs": "jobs.view",
    "/health": "jobs.view",
    "/team": "users.view",
    "/team/invite": "users.add",
    "/audit": "audit.view",
    "/audit?format=csv": "audit.view",
    "/second-factor": "",
}


@pytest.fixture(scope="module", autouse=True)
def _stocked() -> None:
    with platform_scope():
        plans_ensure()
        credit_services.defaults_ensure()
        credit_services.vendor_purchase(vendor="msg91", channel="sms", units=10_000, key=f"test:{uuid4()}")


def callback_make(business: Business, body: str, event: str = "payment.captured") -> UUID:
    """A believed callback of a vendor, as the door keeps it."""
    source = inbox.sources.sources()["messages/webhook/msg91"]
    with platform_scope():
        arrival = receive.Arrival(business, source, {"x-kind": "test"}, body.encode())
    (made,) = receive._store([(arrival, inbox.accepted(f"d-{uuid4()}", event))])
    return UUID(str(made))


@pytest.mark.parametrize("role", PLATFORM_ROLES)
def test_each_page_opens_to_the_roles_of_its_permission(role: str) -> None:
    client = admin(role)
    for path, permission in READ.items():
        wanted = 200 if not permission or role in PERMISSIONS[permission] else 403
        assert client.page("GET", path).status_code == wanted, path


def test_an_export_is_the_list_as_it_is_cut_and_is_noted(academy: Business) -> None:
    desk = admin("finance")
    answer: Any = desk.page("GET", f"/tenants?q={academy.slug}&format=csv")
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert (len(lines), academy.slug in lines[1]) == (2, True)
    with platform_scope():
        noted = Entry.objects.filter(action="tenants.export", actor_id=desk.user.id).get()  # type: ignore[union-attr]
        assert noted.changes == {"q": [None, academy.slug]}


def test_a_purchase_sent_twice_is_booked_and_noted_once() -> None:
    desk = admin("finance")
    page = desk.page("GET", "/credits/buy").content.decode()
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key
    form = {"key": key[1], "seller": "msg91:sms", "units": "1234"}
    with platform_scope():
        before = credits.stock()
    for _ in range(2):
        assert desk.page("POST", "/credits/buy", form)["Location"] == "/credits"
    with platform_scope():
        bought = Purchase.objects.filter(units=1234).order_by("-at").first()
        assert bought is not None
        now = {one.channel: one.master for one in credits.stock()}
        assert now["sms"] - {one.channel: one.master for one in before}["sms"] == 1234
        assert Entry.objects.filter(action="credits.purchase", subject_id=str(bought.id)).count() == 1
    # The same key for other facts is refused; so is nonsense, and nothing moves.
    for wrong in ({"units": "99"}, {"units": "0"}, {"units": "-5"}, {"seller": "nobody:sms"}):
        assert desk.page("POST", "/credits/buy", form | wrong).status_code == 422
    with platform_scope():
        assert {one.channel: one.master for one in credits.stock()} == now


def test_credits_are_given_once_and_a_shortfall_is_said(academy: Business) -> None:
    desk = admin("super_admin")
    form = {"key": uuid4().hex, "tenant": str(academy.id), "channel": "sms", "units": "500"}
    for _ in range(2):
        assert desk.page("POST", "/credits/give", form).status_code == 302
    with platform_scope():
        assert credits.wallet(schema=academy.schema, channel="sms").available == 500
        assert Entry.objects.filter(action="credits.allocate", subject_id=str(academy.id)).count() == 1
        left = next(one.master for one in credits.stock() if one.channel == "sms")
    short = desk.page("POST", "/credits/give", form | {"key": uuid4().hex, "units": str(left + 40)})
    assert (short.status_code, "40 units are missing" in short.content.decode()) == (422, True)
    with platform_scope():
        assert credits.wallet(schema=academy.schema, channel="sms").available == 500
    page = desk.page("GET", f"/credits/wallets?q={academy.name}").content.decode()
    assert (academy.name in page, "500" in page) == (True, True)
    assert academy.name in desk.page("GET", f"/tenants/{academy.id}").content.decode()


def test_a_callback_is_found_by_what_it_holds_read_and_worked_on_again(academy: Business) -> None:
    desk = admin("operations")
    order = f"order_{public_id()}"
    mine = callback_make(academy, f'{{"order_id": "{order}", "name": "<b>Asha</b>"}}')
    other = callback_make(platform_business(), '{"order_id": "order_of_another"}')
    found = desk.page("GET", f"/callbacks?q={order}").content.decode()
    assert f"/callbacks/{mine}" in found
    assert f"/callbacks/{other}" not in found
    assert academy.name in found
    shown = desk.page("GET", f"/callbacks/{mine}").content.decode()
    assert "&lt;b&gt;Asha&lt;/b&gt;" in shown
    with platform_scope():
        assert Entry.objects.filter(action="webhooks.read", subject_id=str(mine)).count() == 1
        assert not Entry.objects.filter(action="webhooks.read", subject_id=str(other)).exists()
    # On its way: not replayable. Finished: replayed as the tenant, with the outcome shown.
    assert desk.page("POST", f"/callbacks/{mine}/replay").status_code == 409
    with tenant_scope(academy):
        inbox.finish(mine, "failed", "payments.unverified")
    assert desk.page("POST", f"/callbacks/{mine}/replay").status_code == 302
    outcome = desk.page("GET", f"/callbacks/{mine}/outcome").content.decode()
    assert "every 2s" in outcome
    with platform_scope():
        put = Job.objects.filter(args__callback=str(mine)).order_by("-id").first()
        assert put is not None
        assert put.business == academy.schema
        Job.objects.filter(args__callback__in=[str(mine), str(other)]).delete()
    assert admin("read_only").page("POST", f"/callbacks/{mine}/replay").status_code == 403
    assert desk.page("GET", f"/callbacks/{uuid7()}").status_code == 404
    assert "Nothing matches" in desk.page("GET", "/callbacks?q=nothing-holds-this").content.decode()


def test_a_failed_job_is_shown_and_tried_again(academy: Business) -> None:
    desk = admin("operations")
    with platform_scope():
        job = jobs.put_for(academy, "idempotency.purge")
        Job.objects.filter(id=job).update(
            state="dead", attempts=8, error="NeverReached: <gateway>", finished_at="2026-11-20T00:00Z"
        )
    page = desk.page("GET", "/jobs").content.decode()
    assert "NeverReached: &lt;gateway&gt;" in page
    assert academy.name in page
    assert admin("support").page("POST", f"/jobs/{job}/retry").status_code == 403
    assert desk.page("POST", f"/jobs/{job}/retry").status_code == 302
    again = desk.page("POST", f"/jobs/{job}/retry")
    assert (again.status_code, "has not failed for good" in again.content.decode()) == (409, True)
    with platform_scope():
        assert Job.objects.get(id=job).attempts == 0
        assert Entry.objects.filter(action="jobs.retry", subject_id=str(job)).count() == 1
        Job.objects.filter(id=job).delete()


def test_scheduled_work_is_run_by_hand_and_health_is_told() -> None:
    desk = admin("operations")
    assert desk.page("POST", "/jobs/schedules/inbox.trim/run").status_code == 302
    assert desk.page("POST", "/jobs/schedules/no.such/run").status_code == 404
    health = desk.page("GET", "/health").content.decode()
    assert 'hx-trigger="every 10s"' in health
    assert health.count("PostgreSQL") == 1


def test_an_offer_is_changed_and_noted() -> None:
    desk = admin("finance")
    code = f"p{public_id()[:8]}"
    with platform_scope():
        starter = Plan.objects.get(code="starter")
        Plan.objects.create(
            code=code, name="Trial offer", position=950, monthly_paise=1, yearly_paise=1, limits=starter.limits
        )
    form = {"name": "Evening", "trial_days": "7", "monthly": "1499.50", "yearly": "14995", "features": "messages"}
    form |= dict.fromkeys(starter.limits, "9") | {"public": "on"}
    wrong = desk.page("POST", f"/plans/{code}", form | {"monthly": "-1"})
    assert wrong.status_code == 422
    assert desk.page("POST", f"/plans/{code}", form).status_code == 302
    with platform_scope():
        plan = Plan.objects.get(code=code)
        assert (plan.monthly_paise, plan.yearly_paise, plan.features) == (1_499_50, 14_995_00, ["messages"])
        assert set(plan.limits.values()) == {9}
        assert Entry.objects.filter(action="plans.change", subject_id=code).count() == 1
        plan.delete()
    assert desk.page("GET", "/plans/nowhere").status_code == 404


def test_someone_is_invited_given_roles_and_shut_out() -> None:
    chief = admin("super_admin")
    email = f"new-{public_id()}@shala.example"
    assert chief.page("POST", "/team/invite", {"name": "Ravi Menon", "email": email}).status_code == 422
    assert (
        chief.page("POST", "/team/invite", {"name": "Ravi Menon", "email": email, "roles": "support"}).status_code
        == 302
    )
    with platform_scope():
        ravi = User.objects.get(email=email)
    where = f"/team/{ravi.id}"
    assert "Send the invitation again" in chief.page("GET", where).content.decode()
    assert chief.page("POST", f"{where}/roles", {"roles": "finance"}).status_code == 302
    assert chief.page("POST", f"{where}/roles", {"roles": "owner"}).status_code == 422
    assert chief.page("POST", f"{where}/again").status_code == 302
    assert chief.page("POST", f"{where}/remove").status_code == 302
    assert "Let in again" in chief.page("GET", where).content.decode()
    assert chief.page("POST", f"{where}/restore").status_code == 302
    # Nobody does it to themselves, and who may look may not do it at all.
    me = f"/team/{chief.user.id}"  # type: ignore[union-attr]
    assert chief.page("POST", f"{me}/remove").status_code == 409
    assert chief.page("POST", f"{me}/roles", {"roles": "support"}).status_code in {409, 403}
    for path in (f"{where}/roles", f"{where}/remove", f"{where}/again", f"{where}/restore"):
        assert admin("operations").page("POST", path, {"roles": "support"}).status_code == 403
    assert chief.page("GET", f"/team/{uuid7()}").status_code == 404
    assert "Roles changed" in chief.page("GET", me).content.decode()


def test_the_audit_is_cut_by_who_what_and_when(academy: Business) -> None:
    desk = admin("operations")
    form = {"reason": "three invoices unpaid", "confirm": academy.slug}
    assert desk.page("POST", f"/tenants/{academy.id}/suspend", form).status_code == 302
    cut = f"/audit?subject={academy.id}&action=tenants.suspend&who={desk.user.id}"  # type: ignore[union-attr]
    page = desk.page("GET", cut).content.decode()
    assert ("three invoices unpaid" in page, page.count('class="deed"')) == (True, 1)
    assert 'class="deed"' not in desk.page("GET", f"{cut}&to=2001-01-01").content.decode()
    assert 'class="deed"' not in desk.page("GET", "/audit?who=nobody").content.decode()
    assert desk.page("GET", "/audit?from=nonsense&before=nonsense").status_code == 200
    assert 'data-opens="suspend"' not in desk.page("GET", f"/tenants/{academy.id}").content.decode()


def test_recovery_codes_are_renewed_by_a_code_of_the_app() -> None:
    user = user_make(platform_business(), role="support")
    secret, _ = factor_make(platform_business(), user)
    me = admin("support", user=user)
    assert me.page("POST", "/second-factor", {"code": "000000"}).status_code == 422
    shown = me.page("POST", "/second-factor", {"code": code_of(secret)}).content.decode()
    assert len(re.findall(r"<li>[a-z2-7]{5}-[a-z2-7]{5}</li>", shown)) == 10


# With something in each list: whose it is costs one question more, however many there are.
MOST = {
    "/credits": 16,
    "/credits/wallets": 5,
    "/callbacks": 7,
    "/jobs": 7,
    "/health": 9,
    "/team": 4,
    "/audit": 8,
    "/plans": 5,
    "/payments": 12,
}


@pytest.mark.parametrize(("path", "most"), MOST.items())
def test_a_page_asks_as_much_of_few_as_of_many(path: str, most: int) -> None:
    desk = admin("super_admin")
    assert desk.page("GET", path).status_code == 200
    with CaptureQueriesContext(connection) as seen:
        desk.page("GET", path)
    assert len(seen) <= most, [query["sql"][:120] for query in seen]
