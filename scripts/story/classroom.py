"""Step 8: a teacher starts a class, two students join, and everyone hears everyone."""

from collections import defaultdict
from datetime import timedelta
from typing import Any
from uuid import uuid4

from scripts.stack.days import INDIA
from scripts.stack.report import Step
from scripts.story.cast import Play
from scripts.story.client import Host, Socket


def hold(play: Play, page: Step) -> None:
    pair = _classmates(play)
    address = f"teacher@{play.asha.slug}.example"
    invitation = {"email": address, "name": "Meera Iyer", "roles": [{"role": "teacher"}]}
    teacher_id = play.asha.owner.post("users/invite", invitation)["id"]
    teacher = play.invited(play.asha.host, address)
    local = play.now().astimezone(INDIA)
    slot = play.asha.owner.post(
        "timetable",
        {
            "subject": "Physics",
            "grade": pair[0]["grade"],
            "board": pair[0]["board"],
            "teacher": teacher_id,
            "weekday": local.weekday(),
            "starts": local.strftime("%H:%M"),
            "ends": (local + timedelta(hours=1)).strftime("%H:%M"),
        },
    )["id"]
    live = teacher.post("classes/start", {"slot": slot})["id"]
    play.live_class = live  # type: ignore[attr-defined]
    people = [teacher, *(play.student(play.asha, one["phone"]) for one in pair)]
    page.check("the class", "live", people[1].get(f"classes/{live}")["state"])
    rooms = {person.post(f"classes/{live}/join")["room"] for person in people}
    page.check("all in one room", 1, len(rooms))
    sockets = [_following(person, live) for person in people]
    lines = ["Good morning", "नमस्ते", "Is it F = ma?"]
    for speaker, line in zip(sockets, lines, strict=True):
        speaker.say("chat.message", f"class.{live}", {"text": line, "key": str(uuid4())})
    for number, socket in enumerate(sockets):
        heard = [_heard(socket, "chat.new_message")["data"]["text"] for _ in lines]
        page.check(f"socket {number + 1} hears", lines, heard)
    sockets[1].say("class.hand_raise", f"class.{live}", {"raised": True})
    page.check("a raised hand is seen", pair[0]["name"], _heard(sockets[0], "class.hand_raised")["data"]["name"])
    sockets[2].say("chat.typing", f"class.{live}")
    page.check("typing is seen", pair[1]["name"], _heard(sockets[0], "chat.typing")["data"]["name"])
    teacher.post(f"classes/{live}/end")
    page.check("the end is heard", "class.ended", _heard(sockets[1], "class.ended")["type"])
    kept = people[1].all(f"classes/{live}/chat")
    page.check("the chat is kept", lines, [message["text"] for message in kept])
    for socket in sockets:
        socket.close()


def _classmates(play: Play) -> list[dict[str, Any]]:
    """Two students of one grade and board whose own phones nobody else has, and who have not signed in yet."""
    phones = [s["phone"] for s in play.asha.students] + [s["guardian_phone"] for s in play.asha.students]
    cohorts: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    signed_in = {student["id"] for student, _ in play.payers}
    for student in reversed(play.asha.students):
        if student["phone"] and phones.count(student["phone"]) == 1 and student["id"] not in signed_in:
            cohorts[student["grade"], student["board"]].append(student)
    return next(students[:2] for students in cohorts.values() if len(students) > 1)


def _following(person: Host, live: str) -> Socket:
    socket = person.live()
    answer = socket.say("subscribe", f"class.{live}")
    assert answer["type"] == "subscribed", answer
    return socket


def _heard(socket: Socket, type_: str) -> dict[str, Any]:
    return socket.next(lambda message: message["type"] == type_)
