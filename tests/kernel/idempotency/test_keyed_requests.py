"""The same key is the same request: answered once, replayed after, refused for anything else."""

import pytest

from kernel import jobs
from kernel.audit.models import Entry
from kernel.idempotency.models import Call, State
from kernel.idempotency.services import calls_purge
from kernel.tenancy import tenant_scope
from tests.support.racing import race

PAY = "/api/v1/pay"
AT_ONCE = "/api/v1/pay-at-once"


@pytest.fixture
def runs(academy):
    """How often the view's work was done, for each body's `n`."""

    def count():
        with tenant_scope(academy):
            return sorted(Entry.objects.filter(action="paid").values_list("subject_id", flat=True))

    return count


def test_the_same_request_gets_the_same_answer(caller, runs):
    someone = caller()
    first = someone.post(PAY, {"n": 1}, Idempotency_Key="k-1")
    second = someone.post(PAY, {"n": 1}, Idempotency_Key="k-1")
    assert first.status_code == second.status_code == 201
    assert first.content == second.content == b'{"n":1}'
    assert first["Location"] == second["Location"] == "/payments/1"
    assert first["Content-Type"] == second["Content-Type"] == "application/json"
    assert "Idempotent-Replay" not in first
    assert second["Idempotent-Replay"] == "true"
    assert runs() == ["1"]


def test_another_body_under_the_key_is_refused(caller, runs):
    someone = caller()
    someone.post(PAY, {"n": 1}, Idempotency_Key="k")
    other = someone.post(PAY, {"n": 2}, Idempotency_Key="k")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")
    other_path = someone.post(PAY + "?x=1", {"n": 1}, Idempotency_Key="k")
    assert other_path.status_code == 422
    assert runs() == ["1"]


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 201, "ключ", "tab\t"])
def test_a_key_of_visible_characters_is_needed(caller, runs, key):
    headers = {"Idempotency_Key": key} if key else {}
    answer = caller().post(PAY, {"n": 1}, **headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency.key_missing")
    assert runs() == []


def test_the_longest_key_is_taken(caller, runs):
    assert caller().post(PAY, {"n": 1}, Idempotency_Key="~" * 200).status_code == 201


def test_a_key_belongs_to_its_caller_and_business(caller, runs, other_academy):
    assert caller().post(PAY, {"n": 1}, Idempotency_Key="k").status_code == 201
    assert caller().post(PAY, {"n": 2}, Idempotency_Key="k").status_code == 201
    assert runs() == ["1", "2"]
    one = caller()
    assert one.post(PAY, {"n": 3}, Idempotency_Key="z").status_code == 201
    abroad = caller(business=other_academy)
    abroad.headers["Authorization"] = one.headers["Authorization"]
    answer = abroad.post(PAY, {"n": 3}, Idempotency_Key="z")
    assert answer.status_code == 201
    assert "Idempotent-Replay" not in answer


def test_a_refusal_is_kept(caller, runs):
    someone = caller()
    first = someone.post(PAY, {"n": 1, "status": "poor"}, Idempotency_Key="k")
    second = someone.post(PAY, {"n": 1, "status": "poor"}, Idempotency_Key="k")
    assert first.status_code == second.status_code == 402
    assert first.content == second.content
    assert second["Content-Type"] == "application/problem+json"
    assert runs() == ["1"]


@pytest.mark.parametrize(("status", "answered"), [("taken", 409), (429, 429), (503, 503), (500, 500), ("gone", 500)])
def test_what_may_pass_is_forgotten(caller, runs, academy, status, answered):
    someone = caller()
    for _ in range(2):
        answer = someone.post(PAY, {"n": 1, "status": status}, Idempotency_Key="k")
        assert answer.status_code == answered
        assert "Idempotent-Replay" not in answer
    assert runs() == ["1", "1"]
    with tenant_scope(academy):
        assert Call.objects.count() == 0


@pytest.mark.parametrize(
    ("status", "answered", "done"),
    [
        (201, 201, ["1"]),
        (422, 422, ["1"]),
        ("poor", 402, []),
        ("taken", 409, []),
        (429, 429, []),
        (503, 503, []),
        ("gone", 500, []),
    ],
)
def test_work_and_its_answer_are_kept_together_or_neither(caller, runs, status, answered, done):
    someone = caller()
    for is_replayed in (False, answered in {201, 422, 402}):
        answer = someone.post(AT_ONCE, {"n": 1, "status": status}, Idempotency_Key="k")
        assert answer.status_code == answered
        assert ("Idempotent-Replay" in answer) is is_replayed
        assert runs() == done


def test_an_answer_is_kept_for_a_day(caller, runs, academy, clock):
    someone = caller()
    someone.post(PAY, {"n": 1}, Idempotency_Key="k")
    clock.move(hours=23, minutes=59)
    assert someone.post(PAY, {"n": 1}, Idempotency_Key="k")["Idempotent-Replay"] == "true"
    with tenant_scope(academy):
        assert calls_purge() == 0
    clock.move(minutes=2)
    assert "Idempotent-Replay" not in someone.post(PAY, {"n": 2}, Idempotency_Key="k")
    assert runs() == ["1", "2"]
    clock.move(hours=25)
    with tenant_scope(academy):
        assert calls_purge() == 1
        assert Call.objects.count() == 0


@pytest.mark.parametrize("round_", range(5))
def test_sixteen_equal_requests_at_once_work_once(caller, runs, round_):
    someone, door = caller(), (PAY, AT_ONCE)[round_ % 2]

    def ask(_):
        answer = someone.post(door, {"n": 1}, Idempotency_Key="race")
        return answer.status_code, answer.get("Idempotent-Replay")

    outcomes = race(16, ask)
    assert runs() == ["1"]
    assert outcomes[201, None] == 1
    assert set(outcomes) <= {(201, None), (201, "true"), (409, None)}
    assert someone.post(door, {"n": 1}, Idempotency_Key="race")["Idempotent-Replay"] == "true"


def test_replays_do_not_refuse_one_another(caller, runs):
    someone = caller()
    someone.post(PAY, {"n": 1}, Idempotency_Key="k")
    assert race(32, lambda _: someone.post(PAY, {"n": 1}, Idempotency_Key="k").status_code) == {201: 32}
    assert runs() == ["1"]


def test_racing_requests_of_two_bodies_work_once(caller, runs):
    someone = caller()
    outcomes = race(16, lambda n: someone.post(PAY, {"n": n % 2}, Idempotency_Key="k").status_code)
    assert len(runs()) == 1
    assert set(outcomes) <= {201, 409, 422}
    assert outcomes[422] >= 1 or outcomes[409] >= 1


def test_a_row_says_what_was_asked_and_answered(caller, academy):
    someone = caller()
    someone.post(PAY, {"n": 1}, Idempotency_Key="k")
    with tenant_scope(academy):
        call = Call.objects.get()
    assert (call.caller, call.key, call.state, call.status) == (f"staff:{someone.user_id}", "k", State.DONE, 201)
    assert (call.expires_at - call.started_at).total_seconds() == 86_400
    assert bytes(call.answer) == b'{"n":1}'


def test_the_schedule_forgets_what_is_over(caller, academy, clock):
    caller().post(PAY, {"n": 1}, Idempotency_Key="k")
    clock.move(hours=25)
    with tenant_scope(academy):
        jobs.put("idempotency.purge")
    jobs.drain()
    with tenant_scope(academy):
        assert Call.objects.count() == 0
