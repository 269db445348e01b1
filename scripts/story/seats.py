"""Steps 7 and 10: one seat and twenty students, and a hold that nobody paid for."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import httpx

from scripts.stack.days import INDIA
from scripts.stack.report import Step
from scripts.story.cast import Play
from scripts.story.client import Host, until

READERS = 20
SIGNING_IN = 4  # at a time
PRICE = 6_000
HOLD = timedelta(minutes=10)


def race(play: Play, page: Step) -> None:
    owner, library = play.gyan.owner, play.gyan.branch
    hall = owner.post(f"libraries/{library}/rooms", {"name": "Hall"})["id"]
    seat = owner.post(f"libraries/{library}/seats", {"hall": hall, "rows": 1, "columns": 1})["results"][0]["id"]
    hours = {"library": library, "name": "Morning", "starts": "06:00", "ends": "12:00", "price_paise": PRICE}
    shift = owner.post("shifts", hours)["id"]
    day = (play.now().astimezone(INDIA) + timedelta(days=2)).date().isoformat()
    with ThreadPoolExecutor(SIGNING_IN) as threads:
        readers = list(threads.map(lambda s: play.student(play.gyan, s["phone"]), play.gyan.students))
    barrier = Barrier(READERS)

    def hold(reader: Host) -> httpx.Response:
        barrier.wait(30)
        return reader.call("POST", "bookings/hold", {"seat": seat, "shift": shift, "day": day})

    with ThreadPoolExecutor(READERS) as threads:
        answers = list(threads.map(hold, readers))
    page.check("answers", {201: 1, 409: READERS - 1}, dict(Counter(answer.status_code for answer in answers)))
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    page.check("each refusal says why", {"bookings.seat_taken"}, {problem["code"] for problem in refused})
    page.check("and when the seat is free next", True, all(problem["next_free_at"] for problem in refused))
    winner = next(index for index, answer in enumerate(answers) if answer.status_code == 201)
    play.booking, play.reader = answers[winner].json()["id"], readers[winner]  # type: ignore[attr-defined]
    shown = play.reader.get(f"bookings/{play.booking}")  # type: ignore[attr-defined]
    page.check("the winner's booking", ("held", PRICE), (shown["state"], shown["amount_paise"]))


def expire(play: Play, page: Step) -> None:
    play.clock_move(HOLD + timedelta(minutes=1))
    owner, booking = play.gyan.owner, play.booking  # type: ignore[attr-defined]
    until("the hold to expire", lambda: owner.get(f"bookings/{booking}")["state"] == "expired", patience_s=90)
    page.check("the unpaid hold", "expired", owner.get(f"bookings/{booking}")["state"])
    runs = {run["name"]: run for run in owner.get("jobs/schedules")["results"]}
    page.check("the schedule says it ran", True, bool(runs["bookings.expire"]["last_run"]))
