"""The work of a drill: people paying, asking their money back, being written to; each call repeated until answered."""

import itertools
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from connectors.sandbox.client import form
from scripts.drills.stage import NotAnswered, Stage
from scripts.stack.days import local_today
from scripts.stack.progress import say

CALLERS = 6
SMALL, LARGE = 45_000, 150_000
REFUND = 1_000
MOST_WAITING = (
    150  # jobs: callers wait while there are more, or a slow machine would have them all to settle at the end
)


class Work:
    """Callers at work until so many calls were acknowledged or the time is over."""

    def __init__(self, stage: Stage, *, seed: int, operations: int, until: float, messages: bool) -> None:
        self.stage = stage
        self.seed = seed
        self.operations = operations
        self.until = until
        self.messages = messages
        self.failed: list[str] = []
        self._begun = time.monotonic()
        self._first = stage.diary.count
        self._refundable: list[str] = []
        self._guard = threading.Lock()
        self._room = threading.Event()
        self._room.set()
        # By turns, not by chance: the shortest run has one of each.
        self._paying, self._refunding, self._giving = itertools.count(), itertools.count(), itertools.count()
        self._gateway = httpx.Client(timeout=10, trust_env=False)

    @property
    def done(self) -> int:
        return self.stage.diary.count - self._first

    def progress(self) -> float:
        """How far the work is, by calls or by time, whichever is farther: 0 to 1."""
        by_time = (time.monotonic() - self._begun) / max(self.until - self._begun, 0.1)
        return min(1.0, max(self.done / self.operations, by_time))

    def run(self) -> None:
        ended = threading.Event()
        watching = threading.Thread(target=self._watch, args=(ended,), daemon=True)
        watching.start()
        with ThreadPoolExecutor(CALLERS) as callers:
            list(callers.map(self._call_on, range(CALLERS)))
        ended.set()
        watching.join()

    def _watch(self, ended: threading.Event) -> None:
        """Say how far it is; keep the callers back while the worker has enough to do."""
        for second in itertools.count(1):
            if ended.wait(1):
                return
            if second % 5 == 0:
                say(f"… {self.done} of {self.operations} calls acknowledged")
            if self.stage.jobs_waiting() > MOST_WAITING:
                self._room.clear()
            else:
                self._room.set()

    def _call_on(self, caller: int) -> None:
        chance = random.Random(f"{self.seed}:{caller}")  # noqa: S311 - to be repeated
        number = 0
        while self.done < self.operations and time.monotonic() < self.until:
            if not self._room.wait(1):
                continue
            number += 1
            try:
                self._one(chance, f"{caller}-{number}")
            except NotAnswered as error:
                say(f"  no answer: {error}")
            except Exception as error:
                # A caller that stumbles would leave the drill with less work than it says.
                self.failed.append(f"{type(error).__name__}: {error}")

    def _one(self, chance: random.Random, name: str) -> None:
        kind = chance.choices(("pay", "refund", "message", "credits"), (5, 3, *((3, 1) if self.messages else (0, 0))))
        match kind[0]:
            case "pay":
                self._pay(chance, name)
            case "refund":
                self._refund(chance, name)
            case "message":
                self._message(chance, name)
            case "credits":
                self._credits(chance, name)

    def _pay(self, chance: random.Random, name: str) -> None:
        stage, diary = self.stage, self.stage.diary
        student, person = chance.choice(stage.payers)
        amount = chance.choice((SMALL, SMALL, LARGE))
        body = {"student": student["id"], "title": f"Fee {name}", "amount_paise": amount}
        due = stage.ask(stage.owner, "POST", "dues", {**body, "due_on": local_today().isoformat()})
        if due is None:
            return
        diary.acknowledged("due", id=due["id"], amount_paise=amount)
        payment = stage.ask(
            person, "POST", "payments/create", {"purpose": "fees.due", "reference": due["id"]}, key=f"pay-{name}"
        )
        if payment is None:
            return
        diary.acknowledged("payment", id=payment["id"], due=due["id"], amount_paise=payment["amount_paise"])
        if chance.random() < 0.1:
            return  # changed their mind
        self._check_out(chance, person, payment)
        with self._guard:
            self._refundable.append(payment["id"])

    def _check_out(self, chance: random.Random, person: Any, payment: dict[str, Any]) -> None:
        """Pay at the gateway; one in six pays twice, one in four comes back to us, the others close the browser."""
        page = payment["checkout"]["page"]
        shown = self._gateway.get(page)
        if not shown.is_success:
            return  # another of us has paid it meanwhile
        action, fields = form(shown.text)
        done = self._gateway.post(httpx.URL(page).join(action), data={**fields, "outcome": "success"})
        if done.status_code >= 400:
            return
        times = 1
        if payment["gateway"] == "razorpay" and next(self._paying) % 6 == 0:
            self.stage.play.sandbox.pay("razorpay", payment["order"], "captured")
            times = 2
        self.stage.diary.acknowledged("paid", payment=payment["id"], gateway=payment["gateway"], times=times)
        if chance.random() < 0.25:
            self.stage.ask(person, "POST", "payments/verify", {"payment": payment["id"]})

    def _refund(self, chance: random.Random, name: str) -> None:
        with self._guard:
            if not self._refundable:
                return
            payment = chance.choice(self._refundable[-50:])
        key, reason = f"refund-{name}", f"drill {name}"
        body = {"amount_paise": REFUND, "reason": reason}
        for click in range(2 if next(self._refunding) % 2 == 0 else 1):
            refund = self.stage.ask(self.stage.owner, "POST", f"payments/{payment}/refund", body, key=key)
            if refund is None:
                return
            if click == 0:
                self.stage.diary.acknowledged("refund", id=refund["id"], payment=payment, reason=reason)

    def _message(self, chance: random.Random, name: str) -> None:
        to = f"98330{chance.randrange(100_000):05}"
        body = {"template": "welcome", "channel": "sms", "to": to, "values": {"name": "Asha", "academy": "Storm"}}
        message = self.stage.ask(self.stage.owner, "POST", "messages/test", body, key=f"message-{name}")
        if message is not None:
            self.stage.diary.acknowledged("message", id=message["id"], key=f"message-{name}")

    def _credits(self, chance: random.Random, name: str) -> None:
        units = chance.randint(1, 20)
        give = {"tenant": self.stage.tenant.id, "channel": "sms", "units": units}
        # The operator serves every drill of a stack, so its keys are told apart by the business.
        key = f"credits-{self.stage.tenant.slug}-{name}"
        for click in range(2 if next(self._giving) % 2 == 0 else 1):
            try:
                given = self.stage.ask(self.stage.play.admin, "POST", "admin/credits/allocate", give, key=key)
            except NotAnswered:
                if click == 0:
                    self.stage.diary.unsure(units)
                raise
            if given is not None and click == 0:
                self.stage.diary.acknowledged("credits", units=units, key=key, id=given["id"])
