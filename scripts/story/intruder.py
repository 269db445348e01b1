"""Step 9: what is right at the academy opens nothing at the library."""

import hashlib
import json
from typing import Any

from websockets.exceptions import ConnectionClosed

from scripts.stack.report import Step
from scripts.story.cast import Play
from scripts.story.client import Host

LISTS = ("students", "bookings", "payments", "users", "audit-logs", "messages/log", "libraries")
SIGNED_OUT = 4401


def try_doors(play: Play, page: Step) -> None:
    asha, gyan = play.asha, play.gyan
    before = _everything(gyan.owner)
    strange = gyan.host.as_(asha.owner.token)
    for path in LISTS:
        page.check(f"asha's token at gyan's {path}", 401, strange.call("GET", path).status_code)
    page.check("asha's token writing at gyan", 401, strange.call("POST", "students", {"name": "X"}).status_code)
    page.check(
        "asha's token at the platform", 401, play.public.as_(asha.owner.token).call("GET", "tenants").status_code
    )
    student = asha.students[0]["id"]
    page.check("asha's student by gyan's owner", 404, gyan.owner.call("GET", f"students/{student}").status_code)
    page.check("and changed", 404, gyan.owner.call("PATCH", f"students/{student}", {"name": "X"}).status_code)
    file = asha.owner.all("students/bulk-import")[0]["id"]
    page.check("asha's error file", 404, gyan.owner.call("GET", f"students/bulk-import/{file}/errors").status_code)
    page.check("asha's token on gyan's socket", SIGNED_OUT, _closed_with(gyan.host.as_(asha.owner.token)))
    socket = gyan.owner.live()
    topic = f"class.{play.live_class}"  # type: ignore[attr-defined]
    page.check("asha's class on gyan's socket", "error", socket.say("subscribe", topic)["type"])
    socket.close()
    page.check("gyan's rows are untouched", before, _everything(gyan.owner))


def _everything(owner: Host) -> str:
    """A digest of all that the owner can read."""
    seen: dict[str, Any] = {path: owner.all(path) for path in LISTS}
    return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()[:16]


def _closed_with(person: Host) -> int:
    socket = person.live()
    try:
        while True:
            socket.connection.recv(timeout=10)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 0
