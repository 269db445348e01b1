"""The races: thirty-two callers at one thing that is there once, or a few times; round after round, each kind in turn."""

import argparse
import itertools
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import psycopg
from psycopg import sql

from scripts.drills.check import Checker, Findings
from scripts.drills.racers import Racers
from scripts.drills.stage import Stage
from scripts.stack.days import local_today
from scripts.stack.progress import doing, say
from scripts.story.client import Host, Refused, code_of, until

RACERS = 32
PAYERS = 8
PLACES = 3
TRIES = 3
AMOUNT, PART = 45_000, 9_000
DONE = "done"


def played(stage: Stage, options: argparse.Namespace, size: Any) -> tuple[Findings, dict[str, Any]]:
    """Rounds until there were enough or the time is over; what did not hold is lost (too few) or doubled (too many)."""
    track = Track(stage, seed=options.seed)
    with doing(f"{size.operations} rounds of {RACERS} racers"):
        rounds = track.run(size.operations, until_=stage.deadline - size.settle_s)
    with doing("comparing the database and the stand-ins' book"):
        track.books()
    counted = {**{f"rounds_{name}": number for name, number in rounds.items()}, "racers": RACERS}
    told = {name: dict(outcomes.most_common()) for name, outcomes in track.outcomes.items()}
    return track.found, {"done": sum(rounds.values()), "wanted": size.operations, "counted": counted, "races": told}


class Track:
    """The things raced for. A round's outcomes are compared to the last one; the books are checked once, at the end."""

    def __init__(self, stage: Stage, *, seed: int) -> None:
        self.stage = stage
        self.found = Findings()
        self.outcomes: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.chance = random.Random(f"{seed}:races")  # noqa: S311 - to be repeated
        self.numbers = itertools.count(1)
        self.racers = Racers(RACERS)
        self.helpers = ThreadPoolExecutor(PAYERS)
        self.clients = [stage.owner.as_(stage.owner.token) for _ in range(RACERS)]
        self.strangers = [stage.tenant.host.as_("") for _ in range(RACERS)]
        self.renewed = time.monotonic()
        self.receipt = 0  # the last number given
        self._seats()

    def run(self, rounds: int, *, until_: float) -> Counter[str]:
        kinds: dict[str, Callable[[int], None]] = {
            "plan_limit": self._plan_limit,
            "seat": self._seat,
            "hold": self._credits_hold,
            "receipt_number": self._receipt_number,
            "otp_tries": self._otp_tries,
            "refund": self._refund,
        }
        done: Counter[str] = Counter()
        told = time.monotonic()
        for name in itertools.islice(itertools.cycle(kinds), rounds):
            if time.monotonic() > until_:
                break
            self._renew()
            number = next(self.numbers)
            try:
                kinds[name](number)
            except (Refused, httpx.HTTPError) as error:
                self.found.lost.append(f"{name}, round {number}: {type(error).__name__} {error}")
            done[name] += 1
            if time.monotonic() - told > 5:
                told = time.monotonic()
                say(f"… {sum(done.values())} of {rounds} rounds")
        return done

    def books(self) -> None:
        """Everything once more from outside, now that nothing runs."""
        stage = self.stage
        checker = Checker(stage.database, stage.schema, stage.tenant.public_id, stage.keys)
        deadline = time.monotonic() + max(6.0, stage.time_left)
        while any(checker.unfinished(stage.play.sandbox.book()).values()) and time.monotonic() < deadline:
            stage.stack.clock_move(timedelta(minutes=1))
            time.sleep(1)
        seen = checker.check(stage.diary, stage.play.sandbox.book())
        self.found.lost += seen.lost
        self.found.doubled += seen.doubled
        self.found.paise += seen.paise
        self.found.credits += seen.credits
        self.found.why += seen.why
        self.found.counted = seen.counted

    def _race(self, ask: Callable[[int], httpx.Response]) -> list[httpx.Response]:
        answers = self.racers.round(ask)
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers

    def _wanted(self, race: str, number: int, outcomes: Counter[str], want: dict[str, int]) -> None:
        """Each outcome came exactly so often. More successes than there is room for are doubled, the rest is lost."""
        self.outcomes[race] += outcomes
        if outcomes == want:
            return
        extra = outcomes[DONE] - want.get(DONE, 0)
        told = f"{race}, round {number}: {dict(outcomes)} instead of {want}"
        (self.found.doubled if extra > 0 else self.found.lost).append(told)

    def _plan_limit(self, number: int) -> None:
        """A plan allows a few libraries more than there are."""
        usage = {one["name"]: one for one in self.stage.owner.get("account/usage")["limits"]}
        left = int(usage["libraries"]["limit"]) - int(usage["libraries"]["used"])
        for _ in range(left - PLACES):
            self._library(self.clients[0], next(self.numbers))
        numbers = [next(self.numbers) for _ in range(RACERS)]
        answers = self._race(lambda racer: self._library(self.clients[racer], numbers[racer]))
        want = {DONE: PLACES, "plans.limit_reached": RACERS - PLACES}
        self._wanted("plan_limit", number, _counted(answers), want)
        for answer in answers:
            if answer.is_success:
                self.stage.owner.call("DELETE", f"branches/{answer.json()['id']}")

    def _library(self, who: Host, number: int) -> httpx.Response:
        body = {"name": f"Library {number}", "code": f"L{number % 10**7}", "kind": "library"}
        return who.call("POST", "branches", body)

    def _seat(self, number: int) -> None:
        """One seat in one shift of one day, thirty-two students."""
        today = local_today()
        body = {"seat": self.seat, "shift": self.shift, "day": (today + timedelta(days=2)).isoformat()}
        students = self.stage.students
        answers = self._race(
            lambda racer: self.clients[racer].call("POST", "bookings/hold", {**body, "student": students[racer]["id"]})
        )
        self._wanted("seat", number, _counted(answers), {DONE: 1, "bookings.seat_taken": RACERS - 1})
        for answer in answers:
            if answer.is_success:
                self.stage.owner.post(f"bookings/{answer.json()['id']}/cancel", {})

    def _credits_hold(self, number: int) -> None:
        """A wallet with a few credits, thirty-two messages."""
        stage = self.stage
        # A message of an earlier round that is still to leave would take one of the few.
        until("earlier messages to leave", lambda: stage.jobs_waiting() == 0)
        give = {"tenant": stage.tenant.id, "channel": "sms", "units": PLACES}
        stage.play.admin.post("admin/credits/allocate", give, key=f"race-{number}")
        stage.diary.acknowledged("credits", units=PLACES, key=f"race-{number}")
        body = {"template": "welcome", "channel": "sms", "values": {"name": "Asha", "academy": "Storm"}}
        answers = self._race(
            lambda racer: self.clients[racer].call(
                "POST", "messages/test", {**body, "to": f"98{number % 10**6:06}{racer:02}"}, key=f"m-{number}-{racer}"
            )
        )
        made = [answer.json()["id"] for answer in answers if answer.is_success]
        ended = until("the messages to end", lambda: self._messages_ended(made), patience_s=60)
        # Each racer is told yes; what it comes to is told by the messages.
        outcomes = Counter(DONE if state in ("sent", "delivered") else state for state in ended)
        outcomes.update(code_of(answer) for answer in answers if not answer.is_success)
        self._wanted("hold", number, outcomes, {DONE: PLACES, "failed": RACERS - PLACES})

    def _messages_ended(self, made: list[str]) -> list[str]:
        rows = self._rows("SELECT state FROM {s}.messaging_message WHERE id = ANY(%s::uuid[])", made)
        states = [str(row[0]) for row in rows]
        return states if all(state in ("sent", "delivered", "failed", "cancelled") for state in states) else []

    def _receipt_number(self, number: int) -> None:
        """Payments are told of four times each, all at once; the callbacks come afterwards and change nothing."""
        stage = self.stage
        stage.play.sandbox.webhooks("razorpay", "hold")
        made = list(self.helpers.map(lambda payer: self._payment(self.clients[payer], payer), range(PAYERS)))
        for payment in made:
            stage.play.sandbox.pay("razorpay", payment["order"], "captured")
        answers = self._race(
            lambda racer: self.clients[racer].call("POST", "payments/verify", {"payment": made[racer % PAYERS]["id"]})
        )
        self._wanted("receipt_number", number, _counted(answers), {DONE: RACERS})
        given = Counter(int(a.json()["receipt"].rpartition("/")[2]) for a in answers if a.is_success)
        want = dict.fromkeys(range(self.receipt + 1, self.receipt + 1 + PAYERS), RACERS // PAYERS)
        if given != want:
            self.found.lost.append(f"receipt_number, round {number}: {dict(given)} instead of {want}")
        self.receipt = max([self.receipt, *given])
        stage.play.sandbox.webhooks("razorpay", "normal")
        stage.play.sandbox.webhooks_flush(copies=2, shuffle=True)

    def _otp_tries(self, number: int) -> None:
        """Thirty-two guesses at one code: three are looked at."""
        phone = f"97{number % 10**8:08}"
        self.stage.tenant.host.post("auth/send-otp", {"phone": phone})
        answers = self._race(
            lambda racer: self.strangers[racer].call(
                "POST", "auth/verify-otp", {"phone": phone, "code": f"{self.chance.randrange(10**6):06}"}
            )
        )
        want = {"accounts.otp_wrong": TRIES, "accounts.otp_void": RACERS - TRIES}
        self._wanted("otp_tries", number, _counted(answers), want)

    def _refund(self, number: int) -> None:
        """A payment that can give back five parts, thirty-two wishes."""
        payment = self._payment(self.stage.owner, 0)
        self.stage.play.sandbox.pay("razorpay", payment["order"], "captured")
        paid = self.stage.owner.post("payments/verify", {"payment": payment["id"]})
        self.receipt = int(paid["receipt"].rpartition("/")[2])
        path = f"payments/{payment['id']}/refund"
        answers = self._race(
            lambda racer: self.clients[racer].call(
                "POST", path, {"amount_paise": PART, "reason": f"race {number}-{racer}"}, key=f"r-{number}-{racer}"
            )
        )
        outcomes = _counted(answers)
        # Once all of it is given back the payment says so in another word.
        outcomes["payments.refund_too_large"] += outcomes.pop("payments.not_refundable", 0)
        parts = AMOUNT // PART
        self._wanted("refund", number, outcomes, {DONE: parts, "payments.refund_too_large": RACERS - parts})

    def _payment(self, who: Host, racer: int) -> dict[str, Any]:
        """A due of ₹450 with an order at Razorpay, the cheaper for it."""
        student = self.stage.students[racer]["id"]
        today = local_today().isoformat()
        fee = {"student": student, "title": "Race", "amount_paise": AMOUNT, "due_on": today}
        due = who.post("dues", fee)
        body = {"purpose": "fees.due", "reference": due["id"]}
        payment: dict[str, Any] = who.post("payments/create", body, key=f"p-{due['id']}")
        return payment

    def _seats(self) -> None:
        owner = self.stage.owner
        library = owner.post("libraries", {"name": "Hall", "code": "HALL", "city": "Pune"})["id"]
        hall = owner.post(f"libraries/{library}/rooms", {"name": "Hall"})["id"]
        path = f"libraries/{library}/seats"
        self.seat = owner.post(path, {"hall": hall, "rows": 1, "columns": 1})["results"][0]["id"]
        hours = {"library": library, "name": "Morning", "starts": "06:00", "ends": "12:00", "price_paise": 6_000}
        self.shift = owner.post("shifts", hours)["id"]

    def _renew(self) -> None:
        """The owner's token lives a quarter of an hour."""
        if time.monotonic() - self.renewed < 300:
            return
        self.stage.owner.renew()
        self.stage.play.admin.renew()
        for client in self.clients:
            client.token = self.stage.owner.token
        self.renewed = time.monotonic()

    def _rows(self, statement: str, *values: Any) -> list[Any]:
        with psycopg.connect(self.stage.database) as db:
            query = sql.SQL(statement).format(s=sql.Identifier(self.stage.schema))
            return db.execute(query, values).fetchall()


def _counted(answers: list[httpx.Response]) -> Counter[str]:
    return Counter(DONE if answer.is_success else code_of(answer) for answer in answers)
