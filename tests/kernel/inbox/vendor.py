"""A vendor for the callback door's tests: signs like most do, and its callbacks have an effect that can be counted."""

import hashlib
import hmac
import json
from collections.abc import Mapping

from kernel import clock, inbox, jobs
from kernel.ids import uuid7
from kernel.inbox import Verdict
from kernel.jobs.progress.models import Progress
from kernel.tenancy import Business

PATH = "payments/webhook/tests"
ADDRESS = f"/api/v1/{PATH}"


def secret_of(business: Business) -> bytes:
    return f"secret of {business.public_id}".encode()


def signed(business: Business, body: bytes, *, delivery: str = "", event: str = "paid") -> dict[str, str]:
    signature = hmac.new(secret_of(business), body, hashlib.sha256).hexdigest()
    return {"x-signature": signature, "x-delivery": delivery, "x-event": event, "content-type": "application/json"}


def verify(business: Business, headers: Mapping[str, str], body: bytes) -> Verdict:
    if headers.get("x-break"):
        raise RuntimeError("the secret's store is away")
    wanted = hmac.new(secret_of(business), body, hashlib.sha256).hexdigest().encode()
    if not hmac.compare_digest(wanted, headers.get("x-signature", "").encode("latin-1")):
        return inbox.refused("signature")
    return inbox.accepted(headers.get("x-delivery", ""), headers.get("x-event", ""))


@jobs.handler("tests.callback", attempts=1, when_suspended=True)
def tests_callback(*, callback: str) -> None:
    received = inbox.read(callback)
    now = clock.now()
    if received.event == "broken":
        raise RuntimeError("cannot")
    if received.event == "strange":
        inbox.finish(callback, "ignored", "no such event")
        return
    Progress.objects.create(id=uuid7(), kind=str(json.loads(received.body)["n"]), created_at=now, updated_at=now)
    inbox.finish(callback, "processed")


inbox.source("tests", path=PATH, verify=verify, handler="tests.callback")
