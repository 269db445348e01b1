"""The log of callbacks: what came, what became of it, and working on it again."""

import asyncio

import pytest

from kernel import jobs
from kernel.tenancy import Business, platform_scope, tenant_scope
from tests.conftest import TestClock
from tests.kernel.inbox.conftest import Answered, deliver
from tests.kernel.inbox.test_door import body_of, effects_of, stored
from tests.kernel.inbox.vendor import signed
from tests.support.people import admin, anyone, staff, student


def arrive(business: Business, number: int, event: str = "paid", *, forged: bool = False) -> str:
    body = body_of(number)
    headers = {} if forged else signed(business, body, delivery=f"d{number}", event=event)
    answered: Answered = asyncio.run(deliver(business, body, headers))
    assert answered.status == (401 if forged else 200)
    return str(stored(business)[-1].id)


def test_each_callback_with_what_became_of_it(academy: Business, library: Business) -> None:
    paid, broken, strange, forged = (
        arrive(academy, 1), arrive(academy, 2, "broken"), arrive(academy, 3, "strange"), arrive(academy, 4, forged=True)
    )  # fmt: skip
    arrive(library, 9)
    with pytest.raises(jobs.JobsDied):
        jobs.drain()
    client = staff(academy)
    shown = client.get("webhook-logs").json()
    assert shown["next"] is None
    assert [(line["id"], line["state"], line["event"]) for line in shown["results"]] == [
        (forged, "refused", ""),
        (strange, "ignored", "strange"),
        (broken, "failed", "broken"),
        (paid, "processed", "paid"),
    ]
    assert shown["results"][2]["reason"].startswith("RuntimeError in tests_callback")
    assert (shown["results"][3]["source"], shown["results"][3]["delivery_id"]) == ("tests", "d1")
    for query, expected in {
        "state=failed": [broken],
        "event=strange": [strange],
        "source=nobody": [],
        "search=d2": [],
        'search="n":  3': [strange],
        "until=2020-01-01T00:00:00Z": [],
    }.items():
        found = client.get(f"webhook-logs?{query}")
        if query == "search=d2":
            assert found.status_code == 400, "three characters at least"
            continue
        assert [line["id"] for line in found.json()["results"]] == expected, query
    detail = client.get(f"webhook-logs/{paid}").json()
    assert (detail["payload"], detail["state"]) == (body_of(1).decode(), "processed")


def test_pages_go_on_where_the_last_ended(academy: Business) -> None:
    ids = [arrive(academy, number) for number in range(5)]
    client, found, cursor = staff(academy), [], ""
    while cursor is not None:
        page = client.get(f"webhook-logs?limit=2{cursor and '&cursor=' + cursor}").json()
        found += [line["id"] for line in page["results"]]
        cursor = page["next"]
    assert found == ids[::-1]
    assert client.get("webhook-logs?cursor=nonsense").json()["code"] == "http.bad_cursor"
    assert client.get("webhook-logs?unheard=of").status_code == 400


def test_a_replay_works_on_it_again(academy: Business) -> None:
    paid, broken, forged = arrive(academy, 1), arrive(academy, 2, "broken"), arrive(academy, 3, forged=True)
    client = staff(academy)
    waiting = client.post(f"webhook-logs/{paid}/replay")
    assert (waiting.status_code, waiting.json()["code"]) == (409, "inbox.not_replayable")
    with pytest.raises(jobs.JobsDied):
        jobs.drain()
    for callback in (paid, broken):
        assert client.post(f"webhook-logs/{callback}/replay").status_code == 202
    assert client.post(f"webhook-logs/{forged}/replay").json()["code"] == "inbox.not_replayable"
    with pytest.raises(jobs.JobsDied):
        jobs.drain()
    assert effects_of(academy) == ["1", "1"], "what happens once is the handler's to hold"
    with tenant_scope(academy):
        from kernel.audit.models import Entry

        assert Entry.objects.filter(action="webhooks.replay").count() == 2


def test_another_businesss_callbacks_are_not_there(academy: Business, library: Business) -> None:
    paid = arrive(academy, 1)
    for client in (staff(library), admin()):
        assert paid not in {one["id"] for one in client.get("webhook-logs").json()["results"]}
        assert client.get(f"webhook-logs/{paid}").status_code == 404
        answer = client.post(f"webhook-logs/{paid}/replay")
        assert (answer.status_code, answer.json()["code"]) == (404, "inbox.unknown")
    assert stored(academy)[0].state == "received"


def test_who_may_not(academy: Business) -> None:
    assert anyone(academy).get("webhook-logs").status_code == 401
    assert student(academy).get("webhook-logs").status_code == 403
    assert staff(academy, "teacher").get("webhook-logs").status_code == 403
    paid = arrive(academy, 1)
    assert staff(academy, "accountant").post(f"webhook-logs/{paid}/replay").status_code == 403


def test_refused_callbacks_are_forgotten_after_a_week(academy: Business, clock: TestClock) -> None:
    arrive(academy, 1, forged=True)
    paid = arrive(academy, 2)
    jobs.drain()
    for days, left in ((6, 2), (2, 1)):
        clock.move(days=days)
        with platform_scope():
            jobs.put("inbox.trim")
        jobs.drain()
        assert len(stored(academy)) == left
    assert str(stored(academy)[0].id) == paid
