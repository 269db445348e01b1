"""A process that dies in the middle of a keyed request leaves nothing in the way of the next one."""

import time

import orjson
import pytest

from kernel import crash
from kernel.audit.models import Entry
from kernel.idempotency import guard
from kernel.idempotency.models import Call, State
from kernel.tenancy import tenant_scope
from tests.kernel.http import views
from tests.support.processes import dying_at


def test_every_place_to_die_is_tried():
    named = {name for name in crash.registered() if name.startswith("idempotency.")}
    assert named == {guard.STARTED, guard.WORKED, guard.KEPT_ANSWER}


@pytest.mark.parametrize(
    ("door", "place", "done_by_the_dead"),
    [
        ("pay", guard.STARTED, 0),
        ("pay", views.WORKED_HARD, 1),
        ("pay", guard.WORKED, 1),
        ("pay-at-once", views.WORKED_HARD, 0),
        ("pay-at-once", guard.WORKED, 0),
    ],
)
def test_the_next_equal_request_is_worked_on(caller, academy, door, place, done_by_the_dead):
    someone, path = caller(), f"/api/v1/{door}"
    assert dying_at(place, lambda: someone.post(path, {"n": 1}, Idempotency_Key="k"))
    with tenant_scope(academy):
        assert Call.objects.get().state == State.RUNNING
        assert Entry.objects.count() == done_by_the_dead
    different = someone.post(path, {"n": 2}, Idempotency_Key="k")
    assert different.status_code == 422
    # The server notices the dead connection within moments and frees the key.
    deadline = time.monotonic() + 20
    while (answer := someone.post(path, {"n": 1}, Idempotency_Key="k")).status_code == 409:
        assert time.monotonic() < deadline
    assert (answer.status_code, orjson.loads(answer.content)) == (201, {"n": 1})
    assert "Idempotent-Replay" not in answer
    assert someone.post(path, {"n": 1}, Idempotency_Key="k")["Idempotent-Replay"] == "true"
    with tenant_scope(academy):
        # What a door of phases had done stands: its services carry `idempotency_id`, the same for both.
        assert Entry.objects.count() == done_by_the_dead + 1
        assert len(set(Entry.objects.values_list("subject_type", flat=True))) == 1


@pytest.mark.parametrize("door", ["pay", "pay-at-once"])
def test_an_answer_kept_by_the_dead_is_given(caller, academy, door):
    someone, path = caller(), f"/api/v1/{door}"
    assert dying_at(guard.KEPT_ANSWER, lambda: someone.post(path, {"n": 1}, Idempotency_Key="k"))
    answer = someone.post(path, {"n": 1}, Idempotency_Key="k")
    assert (answer.status_code, answer["Idempotent-Replay"]) == (201, "true")
    with tenant_scope(academy):
        assert Entry.objects.count() == 1
