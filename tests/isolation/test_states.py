"""Every state of a tenant at every door, as the table says: the answers to the letter, and nothing changed by a refusal."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.http import HttpResponse

from kernel import clock, jobs
from kernel.ids import uuid7
from kernel.jobs import runner
from kernel.jobs.cadence import Cadence, whose
from kernel.jobs.models import Job
from kernel.tenancy import Business, platform_scope, states, tenant_scope
from kernel.tenancy.directory import forget, standing_businesses
from kernel.tenancy.fleet import versions
from kernel.tenancy.models import ReadySchema, Snapshot
from kernel.tenancy.router import DDL_ALIAS
from kernel.tenancy.scope import schema_scope
from kernel.tenancy.states import ANSWERS, Answer, Door
from shared_apps.messaging.models import Notification
from shared_apps.messaging.services import notification_send
from shared_apps.plans.services import plans_ensure, subscription_start
from shared_apps.tenants.models import Tenant
from tests.isolation.test_sockets import Socket
from tests.isolation.twins import Watch
from tests.kernel.inbox.conftest import over_asgi, over_wsgi
from tests.kernel.inbox.vendor import signed
from tests.kernel.jobs import work
from tests.support.people import Client, staff, student
from tests.support.tenants import tenant_make

SAID = {
    Answer.READ_ONLY: (403, "tenancy.read_only"),
    Answer.SUSPENDED: (403, "tenancy.suspended"),
    Answer.NOT_READY: (503, "tenancy.not_ready"),
    Answer.CLOSED: (410, "tenancy.closed"),
}
CLOSED_WITH = {Answer.SUSPENDED: 4403, Answer.NOT_READY: 1013, Answer.CLOSED: 4403}
RUNS = {Answer.OPEN: {"any", "money", "reads"}, Answer.READ_ONLY: {"money", "reads"}, Answer.SUSPENDED: {"money"}}


@jobs.handler("tests.reads_on", when_read_only=True)
def reads_on(*, kind: str) -> None:
    work.effect(kind)


@dataclass
class Place:
    """A tenant with an owner and a pupil, and a watch on all that is its."""

    business: Business
    owner: Client
    pupil: Client
    watch: Watch

    def state_set(self, state: str) -> None:
        with platform_scope():
            Tenant.objects.filter(id=self.business.id).update(state=state)
        forget()
        self.watch.look()

    def news(self) -> None:
        """Something unread for each of them: to read it is a write."""
        with tenant_scope(self.business):
            Notification.objects.all().delete()
            notification_send(users=[self.owner.user.id, self.pupil.user.id], title="news")  # type: ignore[union-attr]

    def unread(self) -> int:
        with tenant_scope(self.business):
            return Notification.objects.filter(read_at=None).count()


@pytest.fixture(scope="module")
def place() -> Place:
    business = tenant_make()
    with platform_scope():
        plans_ensure()
        subscription_start(schema=business.schema, plan="starter")
    owner, pupil = staff(business), student(business)
    for one in (owner, pupil):  # what a first visit notes is not what is looked for
        one.page("GET", "/notices")
    return Place(business, owner, pupil, Watch(business))


@pytest.fixture(params=ANSWERS)
def state(place: Place, request: pytest.FixtureRequest) -> Iterator[str]:
    place.state_set("active")
    place.news()
    place.state_set(request.param)
    yield request.param
    place.state_set("active")
    with platform_scope():
        Job.objects.filter(business=place.business.schema, state="queued").delete()


def code_of(answer: HttpResponse) -> str:
    said = b"".join(answer).decode() if answer.streaming else answer.content.decode()  # type: ignore[attr-defined]
    return said.replace('data-code="', '"code":"').partition('"code":"')[2].partition('"')[0]


def expect(place: Place, state: str, door: Door, answer: HttpResponse, *, writes: bool, else_: tuple[int, str]) -> None:
    """The refusal of the table with nothing changed, or what the door answers when it serves."""
    wanted = ANSWERS[state][door]
    is_served = wanted is Answer.OPEN or (wanted is Answer.READ_ONLY and not writes)
    told = (answer.status_code, code_of(answer))
    assert told == (else_ if is_served else SAID[wanted]), (state, door, writes)
    changed = place.watch.look()
    if not is_served:
        assert changed == set()
        assert ("Retry-After" in answer.headers) == (told[0] == 503)


@pytest.mark.parametrize("door", [Door.STAFF_PAGES, Door.STUDENT_PORTAL])
def test_pages(place: Place, state: str, door: Door) -> None:
    who = place.owner if door is Door.STAFF_PAGES else place.pupil
    shown = who.page("GET", "/notices")
    expect(place, state, door, shown, writes=False, else_=(200, ""))
    said = shown.content.decode()
    assert ("nothing can be changed" in said) == (state == "offboarding")
    assert ("invoice is overdue" in said) == (state == "past_due" and door is Door.STAFF_PAGES)
    before = place.unread()
    answer = who.page("POST", "/notices")
    expect(place, state, door, answer, writes=True, else_=(302, ""))
    assert place.unread() == before - (answer.status_code == 302)


@pytest.mark.parametrize("door", [Door.STAFF_API, Door.STUDENT_API])
def test_api(place: Place, state: str, door: Door) -> None:
    who = place.owner if door is Door.STAFF_API else place.pupil
    expect(place, state, door, who.get("notifications"), writes=False, else_=(200, ""))
    before = place.unread()
    answer = who.post("notifications/read-all")
    expect(place, state, door, answer, writes=True, else_=(200, ""))
    assert place.unread() == before - (answer.status_code == 200)


def test_exports(place: Place, state: str) -> None:
    expect(place, state, Door.EXPORTS, place.owner.get("students?format=csv"), writes=True, else_=(200, ""))
    expect(place, state, Door.EXPORTS, place.owner.page("GET", "/students/export"), writes=True, else_=(200, ""))
    taken = place.pupil.get("bookings?format=csv")
    expect(place, state, Door.STUDENT_API, taken, writes=False, else_=(200, ""))


def test_the_platforms_bill(place: Place, state: str) -> None:
    door = Door.PLATFORM_BILL
    expect(place, state, door, place.owner.get("account/plan"), writes=False, else_=(200, "starter"))
    expect(place, state, door, place.owner.page("GET", "/credits"), writes=False, else_=(200, ""))
    order = place.owner.post("credits/purchase", {"units": 1}, key=str(uuid7()))
    expect(place, state, door, order, writes=True, else_=(422, "credits.order_too_small"))
    pupil = place.pupil.get("account/plan")
    expect(place, state, Door.STUDENT_API, pupil, writes=False, else_=(403, "http.forbidden"))


def test_webhooks(place: Place, state: str) -> None:
    wanted = ANSWERS[state][Door.WEBHOOKS]
    for deliver in (over_wsgi, over_asgi):
        body = f'{{"n": "{deliver.__name__} {state}"}}'.encode()
        answer = deliver(place.business, body, signed(place.business, body))
        if wanted is Answer.OPEN:
            assert (answer.status, answer.body) == (200, {"received": True})
        else:
            assert (answer.status, answer.body["code"]) == SAID[wanted]
            assert place.watch.look() == set()
    with platform_scope():
        rung = list(Job.objects.filter(business=place.business.schema, state="queued").values_list("id", flat=True))
    assert [runner.run_one(job) for job in rung] == ["done"] * (2 if wanted is Answer.OPEN else 0)
    with tenant_scope(place.business):
        assert len(work.effects(f"over_wsgi {state}")) == len(work.effects(f"over_asgi {state}")) == len(rung) / 2


def test_jobs(place: Place, state: str) -> None:
    names = {"any": "tests.note", "money": "tests.note_always", "reads": "tests.reads_on"}
    with tenant_scope(place.business):
        put = {mark: jobs.put(name, kind=f"{state} {mark}") for mark, name in names.items()}
    ran = {mark for mark, job in put.items() if runner.run_one(job) == "done"}
    assert ran == RUNS.get(ANSWERS[state][Door.JOBS], set())
    with tenant_scope(place.business):
        assert {kind.rpartition(" ")[2] for kind in work.effects(f"{state} ")} == ran
    with platform_scope():
        waiting = Job.objects.filter(id__in=[job for mark, job in put.items() if mark not in ran])
        assert set(waiting.values_list("state", "attempts")) <= {("queued", 0)}
    # The schedule asks the same table, of those that are made.
    scheduled = {
        mark
        for mark, name in names.items()
        for one in whose(Cadence(name=name, scope="tenants", every=timedelta(hours=1)), standing_businesses())
        if one.schema == place.business.schema
    }
    assert scheduled == (set() if state in states.UNMADE_STATES else ran)


def test_sockets(place: Place, state: str) -> None:
    wanted = ANSWERS[state][Door.SOCKETS]
    topic = f"inbox.{place.owner.user.id}"  # type: ignore[union-attr]

    async def talk() -> dict[str, Any]:
        await asyncio.to_thread(place.state_set, "active")
        live = Socket(place.owner.host, place.owner.token)
        await live.open()
        assert (await live.ask(type="subscribe", topic=topic))["type"] == "subscribed"
        await asyncio.to_thread(place.state_set, state)
        said = await live.ask(type="chat.typing", topic=topic)
        fresh = Socket(place.owner.host, place.owner.token)
        await fresh.open()
        heard = await fresh.ask(type="subscribe", topic=topic) if wanted not in CLOSED_WITH else await fresh.hear()
        for socket in (live, fresh):
            await socket.close()
        return {"live": said, "fresh": heard}

    heard = asyncio.run(talk())
    if code := CLOSED_WITH.get(wanted):
        assert [one["code"] for one in heard.values()] == [code, code]
    else:
        assert heard["fresh"]["type"] == "subscribed"
        refused = heard["live"]["data"]["code"]
        assert (refused == "tenancy.read_only") == (wanted is Answer.READ_ONLY)
    assert place.watch.look() == set()


def test_one_whose_schema_is_behind_the_code_waits_alone(place: Place) -> None:
    schema, old = place.business.schema, "0" * 64
    with schema_scope("public"):
        kept = ReadySchema.objects.using(DDL_ALIAS).get(name=schema).fingerprint
        Snapshot.objects.using(DDL_ALIAS).create(fingerprint=old, statements=[], names=[], made_at=clock.now())
        ReadySchema.objects.using(DDL_ALIAS).filter(name=schema).update(fingerprint=old)
    place.state_set("active")
    try:
        for answer in (place.owner.get("notifications"), place.owner.page("GET", "/notices")):
            assert (answer.status_code, code_of(answer), answer["Retry-After"]) == (503, "tenancy.behind", "5")
        with tenant_scope(place.business):
            job = jobs.put("tests.note_always", kind="behind")
        assert runner.run_one(job) == "postponed"
    finally:
        with schema_scope("public"):
            ReadySchema.objects.using(DDL_ALIAS).filter(name=schema).update(fingerprint=kept)
            Snapshot.objects.using(DDL_ALIAS).filter(pk=old).delete()
            Job.objects.using(DDL_ALIAS).filter(pk=job).delete()
        versions.forget()
        forget()
    assert place.owner.get("notifications").status_code == 200


def test_every_state_and_door_is_in_the_table_and_on_the_page(settings: Any, tmp_path: Path) -> None:
    assert set(ANSWERS) == set(Tenant.State.values)
    assert all(set(row) == set(Door) for row in ANSWERS.values())
    page = Path(settings.BASE_DIR) / "docs" / "states.md"
    assert page.read_text() == states.page(), "run: manage.py states_table"
    (tmp_path / "docs").mkdir()
    settings.BASE_DIR = tmp_path
    call_command("states_table", verbosity=0)
    assert (tmp_path / "docs" / "states.md").read_text() == states.page()
