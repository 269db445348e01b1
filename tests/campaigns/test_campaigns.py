"""One text to many: who is meant, what it costs, and what became of each, all by HTTP."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from connectors.sandbox.client import SandboxClient
from kernel import jobs, quotas
from kernel.tenancy import Business, tenant_scope
from shared_apps.messaging.models import Message
from tenant_apps.campaigns import selectors, services
from tenant_apps.people.models import Student
from tests.messaging.conftest import Purse, arrived, purse
from tests.support.factories.people import branch_make, student_make
from tests.support.people import Client, phone_make, staff
from tests.support.processes import drain_dying_at

TEXT = {"name": "Holidays", "template": "welcome"}


def made(who: Client, **more: Any) -> dict[str, Any]:
    answer = who.post("campaigns", {**TEXT, **more})
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_previewed_sent_once_and_counted(school: Business, msg91: SandboxClient) -> None:
    branch, parent = branch_make(school, kind="academy"), phone_make()
    for name in ("Asha", "Bharat"):  # siblings, reached at one phone
        student_make(school, branch, name=name, phone="", guardian_phone=parent)
    other = student_make(school, branch, name="आशा", phone=phone_make(), guardian_phone="")
    away = student_make(school, branch, name="Chitra", phone=phone_make(), guardian_phone="")
    with tenant_scope(school):
        Student.objects.filter(id=away.id).update(state="suspended")
    owner = staff(school)
    campaign = made(owner)
    address = f"campaigns/{campaign['id']}"
    assert (campaign["state"], campaign["recipients"], campaign["outcome"]) == ("draft", None, {})
    preview = owner.post(f"{address}/preview").json()
    assert (preview["recipients"], preview["units"]) == (2, 3)  # a name in Hindi makes two segments of one
    assert preview["text"].startswith("Dear Asha, welcome to ")
    sent = owner.post(f"{address}/send", key="once")
    assert (sent.status_code, sent.json()["state"], sent.json()["recipients"]) == (200, "sending", 2)
    assert owner.post(f"{address}/send", key="once").json() == sent.json()
    again = owner.post(f"{address}/send", key="twice")
    assert (again.status_code, again.json()["code"], again.json()["state"]) == (409, "campaigns.not_draft", "sending")
    jobs.drain()
    assert sorted(one["phone"] for one in arrived(msg91, school)) == sorted([parent, other.phone])
    shown = owner.get(address).json()
    assert (shown["state"], shown["outcome"]) == ("sent", {"sent": 2})
    assert purse(school) == Purse(997, 0, 3)
    assert [one["id"] for one in owner.get("campaigns?state=sent").json()["results"]] == [campaign["id"]]


def test_a_preview_asks_as_often_for_many_as_for_one(school: Business) -> None:
    branch = branch_make(school, kind="academy")
    with tenant_scope(school):
        campaign = services.campaign_create(name="Holidays", template="welcome")

        def previewed() -> tuple[selectors.Preview, int]:
            with CaptureQueriesContext(connection) as seen:
                preview = selectors.campaign_preview(campaign)
            return preview, len(seen)

        assert previewed() == (selectors.Preview(0, 0, ""), 1)
        student_make(school, branch, name="Asha", phone=phone_make(), guardian_phone="")
        alone, asked = previewed()
        for _ in range(5):
            student_make(school, branch, name="Asha", phone=phone_make(), guardian_phone="")
        assert (alone.units, previewed()) == (1, (selectors.Preview(6, 6, alone.text), asked))
        assert asked == 2


def test_a_worker_killed_while_queueing_queues_nobody_twice(
    school: Business, msg91: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    branch = branch_make(school, kind="academy")
    for _ in range(5):
        student_make(school, branch, guardian_phone="")
    owner = staff(school)
    campaign = made(owner, branch=str(branch.id))
    owner.post(f"campaigns/{campaign['id']}/send", key="once")
    monkeypatch.setattr(services, "_AT_ONCE", 2)
    assert drain_dying_at(services.BATCH_QUEUED)
    with tenant_scope(school):
        assert Message.objects.count() == 2
    jobs.drain()
    assert owner.get(f"campaigns/{campaign['id']}").json()["outcome"] == {"sent": 5}
    phones = [one["phone"] for one in arrived(msg91, school)]
    assert (len(phones), len(set(phones)), purse(school)) == (5, 5, Purse(995, 0, 5))


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"template": "nothing"}, 404, "messaging.template_missing"),
        ({"template": "otp", "values": {"code": "123456"}}, 422, "messaging.template_invalid"),
        ({"template": "class"}, 422, "messaging.template_invalid"),
    ],
)
def test_what_could_not_be_sent_is_not_kept(school: Business, given: dict[str, Any], status: int, code: str) -> None:
    owner = staff(school)
    answer = owner.post("campaigns", {**TEXT, **given})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert owner.get("campaigns").json()["results"] == []


def test_nobody_is_meant(school: Business) -> None:
    owner = staff(school)
    campaign = made(owner, grade="11")
    answer = owner.post(f"campaigns/{campaign['id']}/send", key="once")
    assert (answer.status_code, answer.json()["code"]) == (409, "campaigns.nobody_meant")
    assert owner.get(f"campaigns/{campaign['id']}").json()["state"] == "draft"


def test_a_plan_without_campaigns_sends_none(school: Business, msg91: SandboxClient) -> None:
    student_make(school, branch_make(school, kind="academy"))
    with tenant_scope(school):
        quotas.set_limits({"campaigns": quotas.Limit(0, "professional")})
    owner = staff(school)
    campaign = made(owner)
    answer = owner.post(f"campaigns/{campaign['id']}/send", key="once")
    assert (answer.status_code, answer.json()["code"], answer.json()["plan"]) == (
        403,
        "plans.feature_closed",
        "professional",
    )
    jobs.drain()
    assert (owner.get(f"campaigns/{campaign['id']}").json()["state"], arrived(msg91, school)) == ("draft", [])


def test_a_manager_of_one_branch_writes_to_that_branch(school: Business, msg91: SandboxClient) -> None:
    mine, theirs = branch_make(school, kind="academy"), branch_make(school, kind="academy")
    inside = student_make(school, mine, guardian_phone="")
    student_make(school, theirs, guardian_phone="")
    everybodys = made(staff(school))
    manager = staff(school, "manager", branch=mine.id)
    refused = manager.post("campaigns", {**TEXT, "branch": str(theirs.id)})
    assert (refused.status_code, refused.json()["code"]) == (422, "people.branch_unknown")
    campaign = made(manager)
    assert campaign["branch"] == str(mine.id)
    assert [one["id"] for one in manager.get("campaigns").json()["results"]] == [campaign["id"]]
    assert manager.post(f"campaigns/{everybodys['id']}/send", key="once").status_code == 404
    manager.post(f"campaigns/{campaign['id']}/send", key="another")
    jobs.drain()
    assert [one["phone"] for one in arrived(msg91, school)] == [inside.phone]
