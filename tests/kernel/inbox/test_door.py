"""The callback door: believed over raw bytes, stored before it is acknowledged, worked on once."""

import asyncio
import json
import random
from typing import Any

import pytest
from django.db import DatabaseError, connection

from kernel import inbox, jobs
from kernel.inbox.models import Inbox
from kernel.inbox.receive import KEPT_OF_REFUSED, MAX_BODY
from kernel.jobs.models import Job
from kernel.tenancy import Business, platform_scope, system_scope, tenant_scope
from tests.kernel.inbox.conftest import Deliver, deliver
from tests.kernel.inbox.vendor import ADDRESS, PATH, signed
from tests.kernel.jobs.test_running import set_state
from tests.kernel.jobs.work import effects


def body_of(number: int | str) -> bytes:
    return json.dumps({"n": number}, separators=(", ", ":  ")).encode()


def stored(business: Business) -> list[Inbox]:
    with platform_scope():
        return list(Inbox.objects.filter(business=business.schema).order_by("id"))


def effects_of(business: Business) -> list[str]:
    with tenant_scope(business):
        return effects()


def jobs_of(business: Business) -> int:
    with platform_scope():
        return Job.objects.filter(business=business.schema).count()


def test_a_true_callback_is_stored_as_it_came_and_worked_on_once(academy: Business, door: Deliver) -> None:
    body = body_of(1)
    headers = {**signed(academy, body, delivery="d1"), "cookie": "secret=1", "authorization": "Basic c2VjcmV0"}
    answered = door(academy, body, headers)
    assert (answered.status, answered.body) == (200, {"received": True})
    (row,) = stored(academy)
    assert (row.source, row.endpoint, row.delivery_id) == ("tests", f"{academy.public_id}/{PATH}", "d1")
    assert (bytes(row.body), row.event, row.state, row.job) == (body, "paid", "received", row.id)
    assert {"x-signature", "x-delivery"} <= set(row.headers)
    assert not {"cookie", "authorization"} & set(row.headers)
    assert effects_of(academy) == []
    jobs.drain()
    assert effects_of(academy) == ["1"]
    assert stored(academy)[0].state == "processed"


def test_the_same_delivery_again_counts_once(academy: Business, door: Deliver) -> None:
    body = body_of(1)
    for _ in range(3):
        assert door(academy, body, signed(academy, body, delivery="d1")).status == 200
    jobs.drain()
    assert door(academy, body, signed(academy, body, delivery="d1")).status == 200
    # The vendor does not sign the delivery's id: the same body under another is the same callback.
    assert door(academy, body, signed(academy, body, delivery="forged-id")).status == 200
    jobs.drain()
    assert effects_of(academy) == ["1"]
    assert len(stored(academy)) == 1


def test_without_a_delivery_id_the_body_is_its_name(academy: Business, door: Deliver) -> None:
    for number in (1, 1, 2):
        door(academy, body_of(number), signed(academy, body_of(number)))
    assert [row.delivery_id for row in stored(academy)] == [row.body_sha256 for row in stored(academy)]
    assert len(stored(academy)) == 2


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda headers, body: (headers, body + b" "), id="one byte more"),
        pytest.param(lambda headers, body: (headers, json.dumps(json.loads(body)).encode()), id="encoded again"),
        pytest.param(lambda headers, body: ({**headers, "x-signature": ""}, body), id="blank"),
        pytest.param(lambda headers, body: ({"x-delivery": "d"}, body), id="missing"),
        pytest.param(lambda headers, body: ({**headers, "x-signature": "\xe9" * 64}, body), id="not ASCII"),
        pytest.param(lambda headers, body: (headers, b""), id="empty body"),
        pytest.param(lambda headers, body: (headers, b"\x00\xff" * 5000), id="bytes"),
    ],
)
def test_a_forgery_is_refused_kept_for_the_log_and_has_no_effect(academy: Business, door: Deliver, change: Any) -> None:
    headers, body = change(signed(academy, body_of(1), delivery="d1"), body_of(1))
    answered = door(academy, body, headers)
    assert (answered.status, answered.body["code"]) == (401, "inbox.refused")
    (row,) = stored(academy)
    assert (row.state, row.reason, bytes(row.body)) == ("refused", "signature", body[:KEPT_OF_REFUSED])
    assert jobs_of(academy) == 0
    door(academy, body, headers)
    assert len(stored(academy)) == 1, "repeating a forgery adds nothing"
    assert door(academy, body_of(1), signed(academy, body_of(1), delivery="d1")).status == 200
    jobs.drain()
    assert effects_of(academy) == ["1"], "the true one is not kept out by the forged one"


def test_anothers_callback_is_refused_here(academy: Business, library: Business, door: Deliver) -> None:
    body = body_of(1)
    assert door(library, body, signed(academy, body)).status == 401
    assert jobs_of(library) == jobs_of(academy) == 0
    assert stored(academy) == []


def test_equal_deliveries_of_two_businesses_are_two(academy: Business, library: Business, door: Deliver) -> None:
    body = body_of("same")
    for business in (academy, library):
        assert door(business, body, signed(business, body, delivery="d1")).status == 200
    jobs.drain()
    assert effects_of(academy) == effects_of(library) == ["same"]


def test_what_is_not_a_callback_is_refused(academy: Business, door: Deliver) -> None:
    unknown = door(academy, b"{}", {}, path="/api/v1/payments/webhook/nobody")
    assert (unknown.status, unknown.body["code"]) == (404, "inbox.no_such_endpoint")
    read = door(academy, b"", {}, method="GET")
    assert (read.status, read.body["code"]) == (405, "inbox.post_only")
    big = b"x" * (MAX_BODY + 1)
    large = door(academy, big, {**signed(academy, big)})
    assert (large.status, large.body["code"]) == (413, "inbox.too_large")
    whole = b"x" * MAX_BODY
    assert door(academy, whole, {}).status == 401
    assert [row.state for row in stored(academy)] == ["refused"]


def test_a_suspended_tenants_payments_are_still_booked(academy: Business, door: Deliver) -> None:
    set_state(academy, "suspended")
    body = body_of("paid before")
    assert door(academy, body, signed(academy, body)).status == 200
    jobs.drain()
    assert effects_of(academy) == ["paid before"]


def test_what_cannot_be_judged_or_stored_is_not_acknowledged(
    academy: Business, door: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = body_of(1)
    answered = door(academy, body, {**signed(academy, body), "x-break": "1"})
    assert (answered.status, answered.body["code"]) == (503, "inbox.try_later")
    monkeypatch.setattr("kernel.inbox.receive._store", lambda judged: 1 / 0)
    answered = door(academy, body, signed(academy, body))
    assert (answered.status, answered.body["code"]) == (503, "inbox.try_later")
    monkeypatch.undo()
    assert stored(academy) == []
    assert door(academy, body, signed(academy, body)).status == 200


async def test_300_at_once_are_committed_together_and_each_counts_once(
    academy: Business, library: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    from kernel.inbox import receive

    store = receive._store

    def counted(judged: Any) -> Any:
        batches.append(len(judged))
        return store(judged)

    monkeypatch.setattr(receive, "_store", counted)
    calls = [
        (business, other, body_of(number), forged)
        for business, other in ((academy, library), (library, academy))
        for number in range(50)
        for forged in (False, False, True)
    ]
    random.Random(7).shuffle(calls)
    answers = await asyncio.gather(
        *(
            deliver(business, body, signed(other if forged else business, body))
            for business, other, body, forged in calls
        )
    )
    assert sorted(answer.status for answer in answers) == [200] * 200 + [401] * 100
    assert sum(batches) == 300
    assert len(batches) < 100, "many share a commit"
    await asyncio.to_thread(jobs.drain)
    expected = sorted(str(number) for number in range(50))
    assert await asyncio.to_thread(effects_of, academy) == expected
    assert await asyncio.to_thread(effects_of, library) == expected


async def test_a_body_in_pieces_is_one_body(academy: Business) -> None:
    body = body_of("pieces")
    answered = await deliver(academy, body, signed(academy, body), parts=5)
    assert answered.status == 200
    (row,) = await asyncio.to_thread(stored, academy)
    assert bytes(row.body) == body


def test_the_doors_role_can_do_nothing_else(academy: Business) -> None:
    statements = [
        "SELECT * FROM public.inbox",
        "INSERT INTO public.jobs_job (id) VALUES (gen_random_uuid())",
        "DELETE FROM public.inbox",
        "SELECT public.job_put(NULL, 'public', NULL, NULL, 1::smallint, NULL, NULL, NULL)",
        "SELECT public.inbox_read(gen_random_uuid())",
        f"SELECT * FROM {academy.schema}.progress_progress",
    ]
    for statement in statements:
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            system_scope("inbox"),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_a_business_reads_and_finishes_its_own_only(academy: Business, library: Business, door: Deliver) -> None:
    body = body_of(1)
    door(academy, body, signed(academy, body))
    (row,) = stored(academy)
    with tenant_scope(library):
        with pytest.raises(inbox.CallbackUnknown):
            inbox.read(row.id)
        with pytest.raises(inbox.CallbackUnknown):
            inbox.finish(row.id, "processed")
        with pytest.raises(DatabaseError, match="permission denied"), connection.cursor() as cursor:
            cursor.execute("SELECT * FROM public.inbox")
    assert stored(academy)[0].state == "received"
    with tenant_scope(academy):
        assert inbox.read(row.id).body == body


def test_the_address_is_the_same_for_both_doors() -> None:
    assert ADDRESS == f"/api/v1/{PATH}"
