"""Steps 15 and 16: the worker is killed while a hundred messages leave, and Redis forgets all it knew."""

import random
import time
from collections import Counter
from datetime import timedelta
from signal import SIGCONT, SIGKILL, SIGSTOP
from typing import Any
from uuid import uuid4

from scripts.stack.report import Step
from scripts.story.cast import Play
from scripts.story.client import Host, until
from scripts.story.people import imported

MANY, SEED = 100, 858
# From asking for the send till the last has left: the worker dies somewhere in it.
WHILE_IT_RUNS_S = 0.4
# The credits of what nobody answered for come back when a day has passed.
SILENCE = timedelta(days=1, hours=1)
BACK_WITHIN_S = 60


def worker_killed(play: Play, page: Step) -> None:
    owner, seed = play.asha.owner, f"{SEED}-{play.report.run}"
    branch = owner.post("branches", {"name": "Evening", "code": "EVENING", "kind": "academy"})["id"]
    page.check("a hundred more students", MANY, imported(play.asha, _evening(), branch=branch)["created"])
    campaign = _campaign(owner, branch=branch)
    preview = owner.post(f"{campaign}/preview")
    page.check("phones it would reach, and credits", (MANY, MANY), (preview["recipients"], preview["units"]))
    until("earlier messages to be settled", lambda: _wallet(owner)["held"] == 0)
    before, returned, worker = _wallet(owner), _returned(owner), play.stack.pid("worker")
    moment = random.Random(seed).uniform(0, WHILE_IT_RUNS_S)  # noqa: S311 - to be repeated
    owner.post(f"{campaign}/send", key=f"send-{uuid4()}")
    time.sleep(moment)
    play.stack.signal("worker", SIGKILL)
    begun = time.monotonic()
    until("another worker", lambda: play.stack.pid("worker") != worker)
    found = _outcome(owner, campaign)
    page.figure(seed=seed, killed_after_s=round(moment, 2), found=found)
    # Whether these have left nobody can say, so nobody sends them again.
    lost = found.get("sending", 0)
    until("every message", lambda: _all_told(play, campaign, lost), patience_s=120)
    page.figure(back_after_s=round(time.monotonic() - begun, 1))
    seen = _seen(play)
    page.check("seen more than once by the vendor", [], [phone for phone, times in seen.items() if times > 1])
    play.clock_move(SILENCE)
    owner.post("jobs/schedules/messaging.sweep/run")
    after = _wallet(owner)
    consumed, released = after["consumed"] - before["consumed"], _returned(owner) - returned
    page.figure(at_the_vendor=len(seen), consumed=consumed, released=released)
    page.check("consumed: as many as the vendor saw", len(seen), consumed)
    page.check("consumed + released", MANY, consumed + released)
    page.check("held", 0, after["held"])
    page.check("less in the wallet", consumed, before["available"] - after["available"])


def redis_emptied(play: Play, page: Step) -> None:
    owner, reader = play.asha.owner, play.reader  # type: ignore[attr-defined]
    reader.renew()
    seat, socket = _seat_watched(play, reader), reader.live()
    page.check("a seat is watched", "subscribed", socket.say("subscribe", seat.pop("topic"))["type"])
    known = _seen(play)
    campaign = _campaign(owner, grade="10", board="CBSE")
    play.stack.signal("worker", SIGSTOP)
    try:
        meant = owner.post(f"{campaign}/send", key=f"send-{uuid4()}")["recipients"]
        held = reader.post("bookings/hold", seat)
        page.figure(keys_forgotten=play.stack.redis_empty())
    finally:
        play.stack.signal("worker", SIGCONT)
    begun = time.monotonic()
    until("the work that waited", lambda: _outcome(owner, campaign) == {"delivered": meant}, patience_s=120)
    seconds = time.monotonic() - begun
    page.figure(back_after_s=round(seconds, 1))
    page.check(f"all of it done within {BACK_WITHIN_S} s", True, seconds < BACK_WITHIN_S)
    page.check("and once", [1] * meant, list((_seen(play) - known).values()))
    heard = socket.next(lambda message: message["type"] == "seats")
    page.check("the socket opened before hears of the seat", seat["day"], heard["data"]["day"])
    page.check("the seat", "held", reader.get(f"bookings/{held['id']}")["state"])
    socket.close()
    page.check("a sign-in from before", "owner", owner.get("auth/me")["roles"][0])
    student, _ = play.payers[2]
    again = play.student(play.asha, student["phone"])
    page.check("and a new one", student["id"], again.get("auth/me")["student"])


def _campaign(owner: Host, **audience: str) -> str:
    """The address of a welcome prepared for an audience."""
    asked = {"name": "Welcome", "template": "welcome", **audience}
    return f"campaigns/{owner.post('campaigns', asked)['id']}"


def _evening() -> bytes:
    lines = [f"Evening {number},98223{number:05}" for number in range(1, MANY + 1)]
    return "\n".join(["name,phone", *lines]).encode()


def _outcome(owner: Host, campaign: str) -> dict[str, int]:
    found: dict[str, int] = owner.get(campaign)["outcome"]
    return found


def _all_told(play: Play, campaign: str, lost: int) -> bool:
    """Whether each has been seen by the vendor and reported on; those `lost` with their worker may never be."""
    seen, outcome = len(_seen(play)), _outcome(play.asha.owner, campaign)
    return outcome.get("delivered", 0) == seen and seen in (MANY, MANY - lost)


def _seen(play: Play) -> Counter[str]:
    """How often the vendor was given a welcome of this academy for each phone."""
    mine, text = f"{play.asha.public_id}.", "standard-welcome-en"
    messages = [one for one in play.sandbox.book()["messages"] if one["reference"].startswith(mine)]
    return Counter(one["phone"] for one in messages if one["template"] == text)


def _wallet(owner: Host) -> dict[str, Any]:
    return next(one for one in owner.get("credits/wallet")["wallets"] if one["channel"] == "sms")


def _returned(owner: Host) -> int:
    """Units that were held and came back."""
    return sum(one["units"] for one in owner.all("credits/ledger?kind=release"))


def _seat_watched(play: Play, reader: Host) -> dict[str, str]:
    """What a hold of the one seat takes, free again since step 10, and the topic that tells of it."""
    booking = reader.get(f"bookings/{play.booking}")  # type: ignore[attr-defined]
    hall = reader.get(f"libraries/{play.gyan.branch}/rooms")["results"][0]["id"]
    day, shift = booking["day"], booking["shift"]["id"]
    return {"seat": booking["seat"]["id"], "shift": shift, "day": day, "topic": f"seats.{hall}.{day}.{shift}"}
