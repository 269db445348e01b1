"""The log, the texts, the figures, a trial message and notices, over HTTP."""

from typing import Any
from uuid import uuid4

import pytest

from connectors.sandbox.client import SandboxClient
from kernel import jobs
from kernel.tenancy import Business, tenant_scope
from shared_apps.messaging import services
from shared_apps.messaging.models import Message, Notification, Template
from tests.messaging.conftest import Purse, purse, welcome
from tests.support.people import Client, phone_make


def test_the_log_shows_what_became_of_each(school: Business, msg91: SandboxClient, staff: Any) -> None:
    sent, failed = welcome(school), welcome(school, to="123")
    jobs.drain()
    client = staff(school)
    results = client.get("messages/log").json()["results"]
    assert [(one["id"], one["state"], one["code"]) for one in results] == [
        (str(failed.id), "failed", "messaging.address_invalid"),
        (str(sent.id), "sent", ""),
    ]
    assert results[1]["text"].startswith("Dear Asha, welcome to")
    assert [one["id"] for one in client.get("messages/log?state=sent").json()["results"]] == [str(sent.id)]
    assert client.get("messages/log?state=odd").status_code == 400
    assert len(client.get("messages/log?format=csv").getvalue().splitlines()) == 3
    figures = client.get("messages/stats").json()["results"]
    assert figures == [
        {"channel": "sms", "template": "welcome", "state": "failed", "messages": 1, "units": 0},
        {"channel": "sms", "template": "welcome", "state": "sent", "messages": 1, "units": 1},
    ]
    assert client.get("messages/stats?to=2020-01-01T00:00:00Z").json()["results"] == []
    assert client.get("messages/stats?from=yesterday").status_code == 400


@pytest.mark.parametrize("path", ["messages/log", "messages/templates", "messages/stats"])
def test_who_may_look(school: Business, staff: Any, api: Any, path: str) -> None:
    assert staff(school, role="manager").get(path).status_code == 200
    assert staff(school, role="teacher").get(path).status_code == 403
    assert api(school).get(path).status_code == 401


def test_texts_are_listed_and_e_mail_texts_changed(school: Business, staff: Any) -> None:
    client = staff(school)
    listed = client.get("messages/templates?channel=email&name=welcome&language=en").json()["results"]
    (one,) = listed
    changed = client.patch(f"messages/templates/{one['id']}", {"text": "Hello {name}"})
    assert (changed.status_code, changed.json()["text"]) == (200, "Hello {name}")
    bad = client.patch(f"messages/templates/{one['id']}", {"text": "Hello {secret}"})
    assert (bad.status_code, bad.json()["code"]) == (422, "messaging.template_invalid")
    assert client.patch(f"messages/templates/{one['id']}", {"state": "approved"}).status_code == 400
    assert client.patch(f"messages/templates/{uuid4()}", {"text": "x"}).status_code == 404
    sms = client.get("messages/templates?channel=sms&name=otp&language=en").json()["results"][0]
    kept = client.patch(f"messages/templates/{sms['id']}", {"text": "Hello"})
    assert (kept.status_code, kept.json()["code"]) == (409, "messaging.template_registered")
    assert client.get(f"messages/templates/{sms['id']}").json()["text"] == sms["text"]
    trail = client.get("audit-logs?action=messages.template_change").json()["results"]
    assert [entry["subject_id"] for entry in trail] == [one["id"]]


def test_a_trial_message(school: Business, msg91: SandboxClient, staff: Any) -> None:
    client, to = staff(school), phone_make()
    body = {"template": "welcome", "to": to, "values": {"name": "Asha"}}
    answer = client.post("messages/test", body, key="t-1")
    assert (answer.status_code, answer.json()["state"], answer.json()["units"]) == (201, "pending", 1)
    again = client.post("messages/test", body, key="t-1")
    assert again.json()["id"] == answer.json()["id"]
    assert client.post("messages/test", {**body, "to": phone_make()}, key="t-1").status_code == 422
    jobs.drain()
    assert len(msg91.messages(to)) == 1
    assert purse(school) == Purse(999, 0, 1)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"template": "nothing"}, 404, "messaging.template_missing"),
        ({"to": "12345"}, 422, "messaging.address_invalid"),
        ({"values": {}}, 422, "messaging.template_invalid"),
        ({"channel": "pigeon"}, 400, "http.invalid"),
        ({"extra": 1}, 400, "http.unknown_field"),
    ],
)
def test_a_trial_that_cannot_be(*, school: Business, staff: Any, change: dict, status: int, code: str) -> None:
    client = staff(school)
    answer = client.post(
        "messages/test", {"template": "welcome", "to": phone_make(), "values": {"name": "A"}, **change}, key="k"
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    with tenant_scope(school):
        assert Message.objects.count() == 0


def test_a_trial_needs_a_key_and_the_right(school: Business, staff: Any) -> None:
    body = {"template": "welcome", "to": phone_make(), "values": {"name": "A"}}
    assert staff(school).post("messages/test", body).status_code == 400
    assert staff(school, role="front_desk").post("messages/test", body, key="k").status_code == 403


def test_notices_are_their_users_alone(academy: Business, staff: Any) -> None:
    mine, other = staff(academy), staff(academy)
    with tenant_scope(academy):
        users = [mine.user.id, other.user.id, mine.user.id]
        assert services.notification_send(users=users, title="Class is live", link="/classes/1", level="success") == 2
    (notice,) = mine.get("notifications").json()["results"]
    assert (notice["title"], notice["level"], notice["read_at"]) == ("Class is live", "success", None)
    foreign = other.post(f"notifications/{notice['id']}/read")
    assert (foreign.status_code, foreign.json()["code"]) == (404, "messaging.notification_missing")
    with tenant_scope(academy):
        assert Notification.objects.filter(read_at=None).count() == 2
    read = mine.post(f"notifications/{notice['id']}/read")
    assert read.json()["read_at"] is not None
    assert mine.post(f"notifications/{notice['id']}/read").json()["read_at"] == read.json()["read_at"]
    assert mine.get("notifications?unread=true").json()["results"] == []
    assert mine.post("notifications/read-all").json() == {"read": 0}
    assert other.post("notifications/read-all").json() == {"read": 1}


def test_a_socket_follows_its_own_notices_only() -> None:
    from kernel.http.actor import Actor
    from shared_apps.messaging.topics import inbox_follow

    user = uuid4()
    assert inbox_follow(Actor(kind="staff", user_id=user), user=str(user)) is True
    assert inbox_follow(Actor(kind="staff", user_id=uuid4()), user=str(user)) is False
    assert inbox_follow(Actor(kind="nobody"), user="None") is False


def test_one_tenant_sees_nothing_of_another(
    school: Business, other_academy: Business, msg91: SandboxClient, staff: Any
) -> None:
    message, home, abroad = welcome(school), staff(school), staff(other_academy)
    with tenant_scope(school):
        template = Template.objects.filter(channel="email").first()
        services.notification_send(users=[home.user.id], title="Asha only")
    assert abroad.get("messages/log").json()["results"] == []
    assert abroad.get("messages/templates").json()["results"] == []
    assert abroad.get(f"messages/templates/{template.id}").status_code == 404
    assert abroad.patch(f"messages/templates/{template.id}", {"text": "x"}).status_code == 404
    notice = home.get("notifications").json()["results"][0]["id"]
    assert abroad.post(f"notifications/{notice}/read").status_code == 404
    stolen = Client(other_academy, token=home.token)
    for path in ("messages/log", "messages/stats", "messages/templates", "notifications"):
        assert stolen.get(path).status_code == 401
    with tenant_scope(school):
        assert Message.objects.get(id=message.id).state == "pending"


def test_the_operator_has_a_log_too(admin: Any) -> None:
    assert admin().get("messages/log").status_code == 200
    assert admin("finance").get("messages/log").status_code == 403
