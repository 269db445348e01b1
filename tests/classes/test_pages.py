"""Pages of the timetable and of classes: who may do what, what is refused and changes nothing, how much is asked."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kernel import clock as kernel_clock
from kernel import jobs
from kernel.tenancy import Business, tenant_scope
from shared_apps.accounts.selectors import actor_by_token
from tenant_apps.classes import selectors, services
from tenant_apps.classes.models import ChatMessage, LiveClass, Presence, Slot, VideoAccount
from tests.support.days import local_today
from tests.support.factories.classes import hour, learner, live_class, slot_of
from tests.support.factories.people import branch_make
from tests.support.people import Client, staff

JSON = {"Accept": "application/json"}
AGORA = {"provider": "agora", "app_id": "0123456789abcdef" * 2, "secret": "fedcba9876543210" * 2, "domain": ""}


def text(client: Client, path: str, **options: Any) -> str:
    answer = client.page("GET", path, **options)
    assert answer.status_code == 200, (path, answer.status_code)
    return str(answer.content.decode())


def form_of(by: Client, **changes: Any) -> dict[str, Any]:
    return {**hour(by), "branch": "", **changes}


def test_an_hour_is_added_moved_and_taken_out(school: Business, manager: Client, teacher: Client) -> None:
    for client in (teacher, staff(school, "front_desk"), learner(school)):
        assert client.page("POST", "/timetable/new", form_of(teacher)).status_code == 403
    assert manager.page("POST", "/timetable/new", form_of(teacher)).status_code == 302
    with tenant_scope(school):
        slot = Slot.objects.get()
    assert "Physics" in text(manager, "/timetable")
    moved = form_of(teacher, weekday=(slot.weekday + 1) % 7, room="R7")
    assert manager.page("POST", f"/timetable/{slot.id}", moved).status_code == 302
    assert teacher.page("POST", f"/timetable/{slot.id}", moved).status_code == 403
    assert "R7" in text(teacher, f"/timetable/{slot.id}")
    assert manager.page("POST", f"/timetable/{slot.id}/end").status_code == 302
    assert manager.page("GET", f"/timetable/{slot.id}").status_code == 404
    with tenant_scope(school):
        slot.refresh_from_db()
        assert (slot.state, slot.room) == ("ended", "R7")


@pytest.mark.parametrize(
    ("changes", "collides"),
    [
        ({"grade": "12", "room": ""}, "teacher"),
        ({"teacher": "other", "grade": "12"}, "room"),
        ({"teacher": "other", "room": ""}, "cohort"),
    ],
)
def test_what_collides_is_shown_with_the_next_free_hour(
    school: Business, manager: Client, teacher: Client, changes: dict[str, Any], collides: str
) -> None:
    if changes.get("teacher") == "other":
        changes = {**changes, "teacher": str(staff(school, "teacher").user.id)}  # type: ignore[union-attr]
    fixed = {"weekday": 2, "starts": "10:00", "ends": "11:00"}
    slot_of(manager, teacher, **fixed)
    refused = manager.page("POST", "/timetable/new", form_of(teacher, **fixed, **changes))
    page = refused.content.decode()
    assert refused.status_code == 422
    assert page.count("clash-both") == 1
    assert "Take Wednesday, 11:00 am" in page
    told = manager.post("timetable", hour(teacher, **fixed, **changes)).json()
    assert [clash["collides"] for clash in told["clashes"]] == [[collides]]
    assert told["next_free"] == {"weekday": 2, "starts": "11:00"}
    with tenant_scope(school):
        assert Slot.objects.count() == 1
    taken = manager.page("POST", "/timetable/new", form_of(teacher, **fixed, **changes, free="2 11:00"))
    assert taken.status_code == 302
    with tenant_scope(school):
        assert sorted(f"{one.starts:%H:%M}-{one.ends:%H:%M}" for one in Slot.objects.all()) == [
            "10:00-11:00",
            "11:00-12:00",
        ]


def test_bad_forms_are_shown_again(school: Business, manager: Client, teacher: Client) -> None:
    for wrong in (
        {"ends": "10:00", "starts": "10:00"},
        {"teacher": str(uuid4())},
        {"subject": ""},
        {"branch": str(uuid4())},
    ):
        refused = manager.page("POST", "/timetable/new", form_of(teacher, **wrong))
        assert refused.status_code == 422, wrong
        assert "data-focus" in refused.content.decode()
    slot = slot_of(manager, teacher)
    assert manager.page("POST", f"/timetable/{slot}", form_of(teacher, subject="")).status_code == 422
    with tenant_scope(school):
        assert Slot.objects.get().subject == "Physics"


def test_a_day_is_called_off_and_held_after_all(school: Business, manager: Client, teacher: Client) -> None:
    slot = slot_of(manager, teacher)
    asha = learner(school)
    day = _today(school)
    note = {"day": str(day), "note": "The roof leaks"}
    assert teacher.page("POST", f"/timetable/{slot}/cancel", note).status_code == 403
    assert manager.page("POST", f"/timetable/{slot}/cancel", note | {"note": ""}).status_code == 422
    wrong = manager.page("POST", f"/timetable/{slot}/cancel", note | {"day": str(day - timedelta(days=7))})
    assert wrong.status_code == 422
    assert manager.page("POST", f"/timetable/{slot}/cancel", note).status_code == 302
    assert "The roof leaks" in text(asha, "/classes")
    refused = teacher.page("POST", "/classes/start", {"slot": slot})
    assert (refused.status_code, "This class was cancelled" in refused.content.decode()) == (409, True)
    assert teacher.post("classes/start", {"slot": slot}).json()["code"] == "classes.cancelled"
    assert manager.page("POST", f"/timetable/{slot}/restore", {"day": str(day)}).status_code == 302
    assert teacher.page("POST", "/classes/start", {"slot": slot}).status_code == 302
    with tenant_scope(school):
        assert LiveClass.objects.get().state == "live"


def test_why_a_class_cannot_be_started_is_said(school: Business, manager: Client, teacher: Client, clock: Any) -> None:
    slot = slot_of(manager, teacher)
    assert staff(school, "teacher").page("POST", "/classes/start", {"slot": slot}).status_code == 404
    assert staff(school, "accountant").page("POST", "/classes/start", {"slot": slot}).status_code == 403
    clock.move(hours=3)
    late = staff(school, user=teacher.user).page("POST", "/classes/start", {"slot": slot})
    assert (late.status_code, "It can be started on" in late.content.decode()) == (409, True)
    with tenant_scope(school):
        assert LiveClass.objects.count() == 0


def test_cards_say_how_todays_classes_stand(school: Business, manager: Client, teacher: Client, clock: Any) -> None:
    now = kernel_clock.now()
    slot = slot_of(manager, teacher, **_at(now + timedelta(minutes=30)))
    asha = learner(school)

    def state(of: Client) -> str:
        with tenant_scope(school):
            return next(card.state for card in selectors.cards_between(actor_by_token(of.token), _day(now), 2))

    assert state(asha) == "scheduled"
    clock.move(minutes=21)
    waiting = learner(school)
    assert state(waiting) == "lobby"
    assert f"/classes/lobby/{slot}" in text(waiting, f"/classes?day={_day(now)}")
    teacher = staff(school, user=teacher.user)
    assert teacher.page("POST", "/classes/start", {"slot": slot}).status_code == 302
    assert state(waiting) == "live"
    lobby = waiting.page("GET", f"/classes/lobby/{slot}", headers={"HX-Request": "true"})
    with tenant_scope(school):
        live = LiveClass.objects.get()
    assert lobby.headers["HX-Redirect"] == f"/classes/{live.id}"
    assert "Join class" in text(waiting, f"/classes/card/{slot}/{_day(now)}")
    assert "Join class" in text(waiting, "/classes")
    assert "Join class" not in text(staff(school, "front_desk"), "/classes")
    assert learner(school, grade="12").page("GET", f"/classes/card/{slot}/{_day(now)}").status_code == 404
    teacher.page("POST", f"/classes/{live.id}/end")
    assert state(waiting) == "ended"
    clock.move(days=7, hours=2)
    with tenant_scope(school):
        again = selectors.card_of(actor_by_token(staff(school).token), UUID(slot), _day(now) + timedelta(days=7))
    assert again is not None
    assert again.state == "missed"


def test_the_room_from_coming_to_being_taken_out(school: Business, manager: Client, teacher: Client) -> None:
    live = live_class(manager, teacher)["id"]
    asha, ravi = learner(school, name="Asha"), learner(school, name="Ravi <b>")
    door = text(asha, f"/classes/{live}")
    assert "Join class" in door
    assert asha.page("GET", f"/classes/{live}/now", headers=JSON).json() == {"state": "live", "in": False}
    said = asha.page("POST", f"/classes/{live}/say", {"text": "early", "key": "0"}, headers=JSON)
    assert (said.status_code, said.json()["code"]) == (409, "classes.not_live")
    for person in (teacher, asha, ravi):
        assert person.page("POST", f"/classes/{live}/join").status_code == 302
    for _ in range(2):
        assert (
            asha.page("POST", f"/classes/{live}/say", {"text": "<i>hello</i>", "key": "1"}, headers=JSON).status_code
            == 200
        )
    plain = ravi.page("POST", f"/classes/{live}/say", {"text": "by form", "key": "2"})
    assert plain.status_code == 302
    room = text(teacher, f"/classes/{live}")
    assert "&lt;i&gt;hello&lt;/i&gt;" in room
    assert "Ravi &lt;b&gt;" in room
    now = teacher.page("GET", f"/classes/{live}/now?after=1", headers=JSON).json()
    assert [line["text"] for line in now["lines"]] == ["by form"]
    assert (now["count"], now["people"][0]["part"]) == (3, "moderator")

    assert asha.page("POST", f"/classes/{live}/hand", {"raised": "1"}).status_code == 302
    queue = teacher.page("GET", f"/classes/{live}/now", headers=JSON).json()["people"]
    assert [(one["name"], bool(one["hand"])) for one in queue[1:]] == [("Asha", True), ("Ravi <b>", False)]
    stay = {"stay": queue[1]["stay"]}
    assert asha.page("POST", f"/classes/{live}/lead", stay | {"do": "allow"}).status_code == 403
    told = teacher.page("POST", f"/classes/{live}/lead", stay | {"do": "allow"}, headers=JSON).json()
    assert [(one["hand"], one["may_speak"]) for one in told["people"][1:]] == [("", True), ("", False)]
    teacher.page("POST", f"/classes/{live}/lead", {"do": "lower_all"})
    assert not any(
        one["may_speak"] for one in teacher.page("GET", f"/classes/{live}/now", headers=JSON).json()["people"]
    )

    teacher.page("POST", f"/classes/{live}/lead", {"do": "close_chat"})
    shut = asha.page("POST", f"/classes/{live}/say", {"text": "x", "key": "3"}, headers=JSON)
    assert shut.json()["code"] == "classes.chat_closed"
    assert teacher.page("POST", f"/classes/{live}/say", {"text": "I may", "key": "4"}, headers=JSON).status_code == 200
    teacher.page("POST", f"/classes/{live}/lead", {"do": "open_chat"})

    teacher.page("POST", f"/classes/{live}/lead", stay | {"do": "remove"})
    out = asha.page("POST", f"/classes/{live}/join")
    assert (out.status_code, "took you out" in out.content.decode()) == (403, True)
    assert asha.post(f"classes/{live}/join").json()["code"] == "classes.taken_out"
    teacher.page("POST", f"/classes/{live}/lead", stay | {"do": "readmit"})
    assert asha.page("POST", f"/classes/{live}/join").status_code == 302
    for wrong in ({"do": "sing"}, stay | {"do": "sing"}, {"do": "allow", "stay": str(uuid4())}):
        assert teacher.page("POST", f"/classes/{live}/lead", wrong, headers=JSON).status_code == 404
    asha.page("POST", f"/classes/{live}/leave")
    teacher.page("POST", f"/classes/{live}/end")
    over = text(teacher, f"/classes/{live}")
    assert "Who was there" in over
    assert "by form" in text(asha, f"/classes/{live}")
    with tenant_scope(school):
        assert ChatMessage.objects.count() == 3
        assert Presence.objects.filter(left_at=None).count() == 0


def test_the_room_of_others_and_for_those_who_only_look(
    school: Business, manager: Client, teacher: Client, other_academy: Business
) -> None:
    live = live_class(manager, teacher)["id"]
    for client in (staff(school, "teacher"), learner(school, grade="12"), staff(other_academy)):
        assert client.page("GET", f"/classes/{live}").status_code == 404
        assert client.page("GET", f"/classes/{live}/now").status_code == 404
        assert client.page("POST", f"/classes/{live}/join").status_code in {403, 404}
    desk = staff(school, "front_desk")
    assert "Join class" not in text(desk, f"/classes/{live}")
    assert desk.page("POST", f"/classes/{live}/join").status_code == 403
    nobody = learner(school, picked=False)
    assert nobody.page("POST", f"/classes/{live}/join").status_code == 409


def test_staff_of_a_branch_see_its_classes_and_those_of_none(
    school: Business, manager: Client, teacher: Client
) -> None:
    here, there = branch_make(school), branch_make(school)
    slots = [
        slot_of(manager, teacher, branch=branch, weekday=day, subject=f"Subject {day}", room="")
        for day, branch in enumerate((str(here.id), str(there.id), None))
    ]
    desk = staff(school, "manager", branch=here.id)
    page = text(desk, f"/timetable?day={_today(school) + timedelta(days=7)}")
    assert [f"Subject {day}" in page for day in range(3)] == [True, False, True]
    assert desk.page("GET", f"/timetable/{slots[1]}").status_code == 404
    assert desk.page("POST", f"/timetable/{slots[1]}/end").status_code == 404
    elsewhere = desk.page("POST", "/timetable/new", form_of(teacher, branch=str(there.id), weekday=5))
    assert elsewhere.status_code == 422


def test_the_meeting_is_framed_on_its_page_alone_and_opened_by_who_is_in(
    school: Business, manager: Client, teacher: Client
) -> None:
    live = live_class(manager, teacher)["id"]
    asha = learner(school)
    assert asha.page("GET", f"/classes/{live}/meeting").status_code == 409
    asha.page("POST", f"/classes/{live}/join")
    answer = asha.page("GET", f"/classes/{live}/meeting")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"https://{settings.JITSI_DOMAIN}/{school.public_id}-{live}?jwt=")
    framed = asha.page("GET", f"/classes/{live}").headers["Content-Security-Policy"]
    assert f"frame-src 'self' https://{settings.JITSI_DOMAIN}" in framed
    assert framed.startswith("default-src 'self'; img-src")
    assert "frame-src" not in asha.page("GET", "/classes").headers["Content-Security-Policy"]


def test_an_own_account_holds_the_classes_started_from_then_on(
    school: Business, manager: Client, teacher: Client
) -> None:
    owner = staff(school)
    assert manager.page("POST", "/classes/video", AGORA).status_code == 403
    for wrong in (AGORA | {"secret": "short"}, AGORA | {"app_id": ""}, AGORA | {"provider": "jitsi"}):
        assert owner.page("POST", "/classes/video", wrong).status_code == 422
    with tenant_scope(school):
        assert VideoAccount.objects.count() == 0
    assert owner.page("POST", "/classes/video", AGORA).status_code == 302
    shown = text(owner, "/classes/video")
    assert AGORA["app_id"] in shown
    assert AGORA["secret"] not in shown
    live = live_class(manager, teacher)["id"]
    asha = learner(school)
    entry = asha.post(f"classes/{live}/join").json()
    assert (entry["provider"], entry["app_id"], entry["account"]) == ("agora", AGORA["app_id"], str(asha.user.id))  # type: ignore[union-attr]
    assert entry["token"].startswith("007")
    assert "The video is in the app" in text(asha, f"/classes/{live}")
    assert asha.page("GET", f"/classes/{live}/meeting").status_code == 409
    with tenant_scope(school):
        assert AGORA["secret"] not in VideoAccount.objects.get().secret
    # Those under way end where they are.
    assert owner.page("POST", "/classes/video", {"provider": ""}).status_code == 302
    assert asha.post(f"classes/{live}/join").json()["provider"] == "agora"
    with tenant_scope(school):
        assert services.video.provider_used() == "jitsi"


def test_a_page_that_was_closed_counts_as_gone(school: Business, manager: Client, teacher: Client, clock: Any) -> None:
    live = live_class(manager, teacher)["id"]
    asha = learner(school)
    for client in (teacher, asha):
        client.page("POST", f"/classes/{live}/join")
    clock.move(minutes=3)
    teacher = staff(school, user=teacher.user)
    teacher.page("POST", f"/classes/{live}/join")
    assert teacher.page("GET", f"/classes/{live}/now", headers=JSON).json()["count"] == 1
    with tenant_scope(school):
        jobs.put("classes.expire")
    jobs.drain()
    with tenant_scope(school):
        assert Presence.objects.filter(left_at=None).count() == 1


def test_too_much_talk_is_slowed(school: Business, manager: Client, teacher: Client) -> None:
    live = live_class(manager, teacher)["id"]
    teacher.page("POST", f"/classes/{live}/join")
    with tenant_scope(school):
        actor, row = actor_by_token(teacher.token), LiveClass.objects.get(id=live)
        for number in range(30):
            services.chat_say(actor=actor, live_class=row, text="x", key=f"k{number}")
    slow = teacher.page("POST", f"/classes/{live}/say", {"text": "x", "key": "more"}, headers=JSON)
    assert (slow.status_code, slow.json()["code"]) == (429, "classes.chat_too_fast")


def test_pages_ask_the_database_as_often_for_many_classes_as_for_few(
    school: Business, manager: Client, teacher: Client
) -> None:
    live = live_class(manager, teacher)["id"]
    pupils = [learner(school) for _ in range(3)]
    for client in (teacher, *pupils):
        client.page("POST", f"/classes/{live}/join")
    # Another teacher's: the live class is held now, whatever the hour, and its teacher cannot be in two.
    another = staff(school, "teacher")
    for day in range(7):
        slot_of(manager, another, weekday=day, starts="05:00", ends="05:30", grade=str(day), room="")
    for client, path, most in (
        (manager, "/timetable", 9),
        (manager, "/classes", 11),
        (pupils[0], "/classes", 10),
        (teacher, f"/classes/{live}", 12),
        (teacher, f"/classes/{live}/now", 8),
    ):
        client.page("GET", path)
        with CaptureQueriesContext(connection) as seen:
            client.page("GET", path)
        # Whose host it is may be asked anew each second.
        asked = [
            query["sql"][:120]
            for query in seen
            if "tenants_host" not in query["sql"] and "SET " not in query["sql"][:4]
        ]
        assert len(asked) <= most, (path, asked)


def _today(school: Business) -> Any:
    with tenant_scope(school):
        return local_today()


def _day(moment: Any) -> Any:
    """Where the academy is, half an hour later."""
    return (moment + timedelta(minutes=360)).date()


def _at(moment: Any) -> dict[str, Any]:
    local = moment + timedelta(minutes=330)
    return {
        "weekday": local.weekday(),
        "starts": local.strftime("%H:%M"),
        "ends": (local + timedelta(minutes=60)).strftime("%H:%M"),
    }
