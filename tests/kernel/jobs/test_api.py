"""Long work and scheduled work over HTTP, on both kinds of host."""

from datetime import timedelta
from uuid import UUID

import pytest

from kernel import jobs
from kernel.http.actor import Actor
from kernel.ids import uuid7
from kernel.jobs.cadence import Cadence
from kernel.jobs.progress.models import Progress
from kernel.jobs.progress.services import progress_finish, progress_start, progress_update, progressing
from kernel.observe import context
from kernel.tenancy import Business, tenant_scope
from tests.support.people import Client, admin, anyone, staff, student

COUNTED = Cadence(name="tests.counted", scope="tenants", every=timedelta(minutes=5))
HOUSE = Cadence(name="tests.house", scope="platform", every=timedelta(minutes=5), handler="tests.counted")
BROKEN = Cadence(name="tests.broken", scope="tenants", every=timedelta(hours=1), handler="tests.counted_badly")


@jobs.handler("tests.counted")
def counted() -> dict[str, int]:
    return {"processed": 3, "rewarded": 1}


@jobs.handler("tests.counted_badly", attempts=1)
def counted_badly() -> None:
    raise ValueError("badly")


@pytest.fixture(autouse=True)
def schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.schedule.SCHEDULE", (COUNTED, HOUSE, BROKEN))


def lines(client: Client) -> dict[str, dict[str, object]]:
    answer = client.get("jobs/schedules")
    assert answer.status_code == 200, answer.content
    return {line["name"]: line for line in answer.json()["results"]}


def test_a_tenant_sees_its_own_schedule_and_last_runs(academy: Business, library: Business) -> None:
    here, there = staff(academy), staff(library)
    assert set(lines(here)) == {"tests.counted", "tests.broken"}
    assert lines(here)["tests.counted"] == {
        "name": "tests.counted", "scope": "tenants", "every_seconds": 300, "daily_at": None,
        "last_run": None, "runs": 0, "failures": 0,
    }  # fmt: skip
    jobs.tick()
    with pytest.raises(jobs.JobsDied):
        jobs.drain()
    shown = lines(here)
    assert (shown["tests.counted"]["runs"], shown["tests.counted"]["failures"]) == (1, 0)
    run = shown["tests.counted"]["last_run"]
    assert isinstance(run, dict)
    assert (run["state"], run["counts"], run["error"]) == ("done", {"processed": 3, "rewarded": 1}, "")
    assert 0 <= run["seconds"] < 30
    broken = shown["tests.broken"]
    assert (broken["failures"], broken["last_run"]["state"]) == (1, "dead")  # type: ignore[index]
    assert broken["last_run"]["error"].startswith("ValueError in counted_badly")  # type: ignore[index]
    assert lines(there)["tests.counted"]["runs"] == 1


def test_the_operator_sees_everybodys_together(academy: Business, library: Business) -> None:
    jobs.tick()
    with pytest.raises(jobs.JobsDied):
        jobs.drain()
    shown = lines(admin())
    assert set(shown) == {"tests.counted", "tests.house", "tests.broken"}
    assert shown["tests.house"]["runs"] == 1
    assert shown["tests.counted"]["runs"] >= 2  # type: ignore[operator]


def test_running_by_hand_answers_the_counts(academy: Business) -> None:
    answer = staff(academy).post("jobs/schedules/tests.counted/run")
    assert (answer.status_code, answer.json()) == (
        200, {"state": "done", "counts": {"processed": 3, "rewarded": 1}, "error": "", "queued": 0}
    )  # fmt: skip
    failed = staff(academy).post("jobs/schedules/tests.broken/run").json()
    assert (failed["state"], failed["counts"]) == ("dead", None)
    assert failed["error"].startswith("ValueError")


def test_the_operator_runs_it_for_every_tenant(academy: Business, library: Business) -> None:
    answer = admin().post("jobs/schedules/tests.counted/run").json()
    assert (answer["state"], answer["counts"]) == ("queued", None)
    assert answer["queued"] >= 2
    assert jobs.drain() == answer["queued"]
    assert lines(staff(academy))["tests.counted"]["runs"] == 1
    assert admin().post("jobs/schedules/tests.house/run").json()["counts"] == {"processed": 3, "rewarded": 1}


def test_who_may_not(academy: Business) -> None:
    assert anyone(academy).get("jobs/schedules").status_code == 401
    assert student(academy).get("jobs/schedules").status_code == 403
    assert staff(academy, "teacher").post("jobs/schedules/tests.counted/run").status_code == 403
    unknown = staff(academy).post("jobs/schedules/tests.house/run")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "jobs.schedule_unknown")
    assert lines(staff(academy))["tests.counted"]["runs"] == 0


def progress_by(business: Business, user: UUID, **counts: int) -> UUID:
    with tenant_scope(business), context.work(by=Actor(kind="staff", user_id=user)):
        handle = progress_start(kind="tests.import", total=10)
        if counts:
            progress_update(handle, **counts)
    return handle


def test_progress_is_shown_to_whoever_asked_for_the_work(academy: Business, library: Business) -> None:
    one, other = student(academy), student(academy)
    assert one.user is not None
    handle = progress_by(academy, one.user.id, done=4)
    shown = one.get(f"jobs/{handle}").json()
    assert {key: shown[key] for key in ("id", "kind", "state", "done", "total", "result", "error")} == {
        "id": str(handle), "kind": "tests.import", "state": "running", "done": 4, "total": 10, "result": None, "error": "",
    }  # fmt: skip
    for client in (other, staff(library), admin()):
        answer = client.get(f"jobs/{handle}")
        assert (answer.status_code, answer.json()["code"]) == (404, "jobs.unknown")
    assert staff(academy, "front_desk").get(f"jobs/{handle}").status_code == 200
    assert one.get(f"jobs/{uuid7()}").status_code == 404


def test_progress_ends_done_or_failed_and_never_beyond_its_total(academy: Business) -> None:
    def fail() -> None:
        with progressing(kind="tests.failing") as handle:
            progress_update(handle, done=2)
            raise ValueError("x")

    with tenant_scope(academy):
        with progressing(kind="tests.import", total=5) as good:
            progress_update(good, done=7)
        with progressing(kind="tests.import") as counted_up:
            progress_update(counted_up, done=7)
            progress_finish(counted_up, result={"rows": 7})
        with pytest.raises(ValueError, match="x"):
            fail()
        rows = Progress.objects.order_by("id").values_list("state", "done", "total", "result", "error")
        assert list(rows) == [
            ("done", 7, 7, None, ""),
            ("done", 7, None, {"rows": 7}, ""),
            ("failed", 2, None, None, "ValueError in fail"),
        ]
        assert progress_start(kind="tests.import", id=good) == good
        assert Progress.objects.count() == 3
