"""What became of a batch and of each message: answers, delivery reports, and a day without either.

Everything here may come twice, late and in any order. A batch is settled once: credits are spent when it is accepted,
come back when it is refused, and stay held while nobody knows.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from connectors.sms.port import Report, Verdict
from kernel import clock, jobs
from kernel.tenancy import current
from shared_apps.credits import services as credits
from shared_apps.credits.errors import ReferenceTaken

from ..models import Batch, Message
from . import mail

State = Message.State
ATTEMPTS = 3
BACK_OFF = (5, 30)  # seconds before the second and the third attempt
_OURS = re.compile(r"([a-z][a-z0-9]{3,31})\.([0-9a-f]{32})")
# Longer than any call lasts: whoever asked and has not written down the answer by then is dead.
ANSWER_WITHIN = timedelta(minutes=10)
REPORT_WITHIN = timedelta(days=1)


def reference_of(message: Message) -> str:
    """Our name for a message at a vendor: it begins with the business's public id, so a report finds its way."""
    return f"{current().public_id}.{message.id.hex}"


@transaction.atomic
def accepted(*, batch_id: UUID, vendor_reference: str) -> str:
    """The vendor took the batch: spend its credits, mark its messages as sent."""
    batch = _locked(batch_id)
    try:
        _accept(batch, vendor_reference)
    except ReferenceTaken:  # the vendor gave one id twice: reports are told apart by our own reference
        _accept(batch, _own_reference(batch))
    return batch.state


@transaction.atomic
def refused(*, batch_id: UUID, code: str, reason: str, may_pass: bool, wait: int | None = None) -> str:
    """The vendor did not take the batch: give its credits back, fail its messages or try later (three times in all)."""
    batch = _locked(batch_id)
    # A report may have proved meanwhile that it did take it.
    if batch.state == Batch.State.ASKED:
        back(batch, code=code, reason=reason, wait=wait, again=may_pass)
    return batch.state


@transaction.atomic
def unknown(*, batch_id: UUID, reason: str) -> str:
    """No usable answer: the credits stay held, and nothing of it is ever sent again by itself."""
    batch = _locked(batch_id)
    if batch.state == Batch.State.ASKED:
        _lose(batch, reason)
    return batch.state


@transaction.atomic
def mail_answered(*, batch_id: UUID, outcomes: Mapping[UUID, mail.Outcome]) -> str:
    """How each message of a batch of e-mails went."""
    batch, now = _locked(batch_id), clock.now()
    if batch.state != Batch.State.ASKED:
        return batch.state
    for message in batch.messages.filter(state=State.SENDING):
        outcome = outcomes[message.id]
        message.code, message.reason = outcome.code, outcome.reason
        if outcome.state == State.SENT:
            message.state, message.sent_at, message.sealed = State.SENT, now, ""
        elif outcome.state == State.UNKNOWN:
            message.state, message.sealed = State.UNKNOWN, ""
        else:
            _again_or_fail(message, again=outcome.may_pass, wait=None)
        message.save()
    states = {outcome.state for outcome in outcomes.values()}
    if State.UNKNOWN in states:
        batch.state = Batch.State.UNKNOWN
    else:
        batch.state = Batch.State.ACCEPTED if State.SENT in states else Batch.State.REFUSED
        batch.settled_at = now
    batch.save(update_fields=["state", "settled_at"])
    return batch.state


@dataclass(frozen=True, slots=True)
class Told:
    """A delivery report as a job carries it: the number only as `recipient`, a digest, for jobs lie in public."""

    vendor: str
    vendor_reference: str
    reference: str
    recipient: str
    verdict: str
    code: str = ""
    reason: str = ""
    at: str = ""
    dlt: bool = False


def told(vendor: str, report: Report) -> Told:
    """A report made fit for a job."""
    return Told(
        vendor=vendor,
        vendor_reference=report.vendor_reference[:200],
        reference=report.reference[:200],
        recipient=_digest(report.phone) if report.phone else "",
        verdict=report.verdict.value,
        code=report.code[:40],
        reason=re.sub(r"[0-9]{4,}", "", report.reason)[:200],
        at=report.at.isoformat() if report.at else "",
        dlt=report.dlt,
    )


@transaction.atomic
def report_apply(*, report: Told) -> str:
    """Book one delivery report of the current business: delivered, failed, underway, or unknown_message.

    Any report proves that the vendor took the batch. Delivered is the end; a failure can still turn into a delivery,
    never the other way, so the order of reports does not matter.
    """
    found = _reported(report)
    if found is None:
        return "unknown_message"
    assert found.batch_id is not None  # noqa: S101 the query asks for it
    batch = _locked(found.batch_id)
    if batch.vendor != report.vendor or not _can_be_of(batch, report.vendor_reference):
        return "unknown_message"
    try:
        _accept(batch, report.vendor_reference or _own_reference(batch))
    except ReferenceTaken:
        return "unknown_message"
    message = Message.objects.select_for_update().get(id=found.id)
    now = clock.now()
    if report.verdict == Verdict.DELIVERED and message.state != State.DELIVERED:
        message.state = State.DELIVERED
        message.delivered_at = datetime.fromisoformat(report.at) if report.at else now
        message.code = message.reason = ""
    elif report.verdict == Verdict.FAILED and message.state not in {State.DELIVERED, State.FAILED}:
        message.state, message.ended_at = State.FAILED, now
        message.code = "dlt.refused" if report.dlt else f"vendor.report_{report.code}".rstrip("_")
        message.reason = report.reason
    else:
        return message.state
    message.save(update_fields=["state", "delivered_at", "ended_at", "code", "reason"])
    return message.state


def unknown_settle() -> dict[str, int]:
    """Mark batches whose worker died as unknown, and give back the credits of those nobody reported on for a day."""
    now = clock.now()
    died = Batch.objects.filter(state=Batch.State.ASKED, asked_at__lt=now - ANSWER_WITHIN)
    marked = list(died.values_list("id", flat=True))
    for batch_id in marked:
        unknown(batch_id=batch_id, reason="worker lost")
    silent = Batch.objects.filter(state=Batch.State.UNKNOWN, asked_at__lt=now - REPORT_WITHIN)
    released = sum(_release(batch_id) for batch_id in silent.values_list("id", flat=True))
    return {"unknown": len(marked), "released": released}


def back(batch: Batch, *, code: str, reason: str = "", wait: int | None = None, again: bool = True) -> None:
    """Take a locked batch apart that no vendor has: credits back, messages to the queue or failed."""
    if batch.hold is not None:
        credits.release(hold=batch.hold)
    batch.state, batch.settled_at = Batch.State.REFUSED, clock.now()
    batch.code, batch.reason = code, reason[:200]
    batch.save(update_fields=["state", "settled_at", "code", "reason"])
    for message in batch.messages.filter(state__in=[State.PENDING, State.SENDING]):
        message.code, message.reason = code, reason[:200]
        _again_or_fail(message, again=again, wait=wait)
        message.save()


def _accept(batch: Batch, vendor_reference: str) -> None:
    if batch.state == Batch.State.RELEASED:
        # Too late to be paid for; the reference is kept so that the report can be told from a forged one.
        batch.vendor_reference = batch.vendor_reference or vendor_reference
        batch.save(update_fields=["vendor_reference"])
        return
    if batch.state not in {Batch.State.ASKED, Batch.State.UNKNOWN}:
        return
    if batch.hold is not None:
        credits.consume(hold=batch.hold, units=batch.units, vendor=batch.vendor, reference=vendor_reference)
    now = clock.now()
    batch.state, batch.settled_at, batch.vendor_reference = Batch.State.ACCEPTED, now, vendor_reference
    batch.save(update_fields=["state", "settled_at", "vendor_reference"])
    batch.messages.filter(state__in=[State.SENDING, State.UNKNOWN]).update(
        state=State.SENT, sent_at=now, sealed="", vendor_reference=vendor_reference, code="", reason=""
    )


def _lose(batch: Batch, reason: str) -> None:
    batch.state, batch.reason = Batch.State.UNKNOWN, reason[:200]
    batch.save(update_fields=["state", "reason"])
    batch.messages.filter(state=State.SENDING).update(
        state=State.UNKNOWN, sealed="", code="vendor.unknown", reason=reason[:200]
    )


@transaction.atomic
def _release(batch_id: UUID) -> bool:
    batch = _locked(batch_id)
    if batch.state != Batch.State.UNKNOWN:
        return False
    if batch.hold is not None:
        credits.release(hold=batch.hold)
    now = clock.now()
    batch.state, batch.settled_at, batch.code = Batch.State.RELEASED, now, "messaging.released_unreported"
    batch.save(update_fields=["state", "settled_at", "code"])
    batch.messages.filter(state=State.UNKNOWN).update(code="messaging.released_unreported", ended_at=now)
    return True


def _again_or_fail(message: Message, *, again: bool, wait: int | None) -> None:
    """Back to the queue, later each time, or failed for good after the third attempt."""
    now = clock.now()
    if again and message.attempts < ATTEMPTS:
        pause = wait if wait is not None else BACK_OFF[max(message.attempts, 1) - 1]
        message.state, message.batch, message.sending_at = State.PENDING, None, None
        message.due = now + timedelta(seconds=min(pause, 3600))
        jobs.put("messaging.send", priority=message.priority, due=message.due, upto=message.priority)
        return
    message.state, message.sealed, message.ended_at = State.FAILED, "", now


def _reported(report: Told) -> Message | None:
    """The message a report is about: by our own reference, else by the vendor's and the number."""
    rows = Message.objects.filter(batch__isnull=False).exclude(state__in=[State.PENDING, State.CANCELLED])
    rows = rows.exclude(state=State.FAILED, batch__state=Batch.State.REFUSED)
    if named := _OURS.fullmatch(report.reference):
        if named[1] != current().public_id:
            return None
        found = rows.filter(id=UUID(hex=named[2])).first()
        # Whoever guesses one of our names cannot also name another's number.
        right = found is not None and report.recipient in {"", _digest(found.to)}
        return found if right else None
    if not report.vendor_reference or not report.recipient:
        return None
    candidates = rows.filter(vendor_reference=report.vendor_reference).order_by("id")
    return next((one for one in candidates if _digest(one.to) == report.recipient), None)


def _can_be_of(batch: Batch, vendor_reference: str) -> bool:
    return not vendor_reference or batch.vendor_reference in {"", vendor_reference, _own_reference(batch)}


def _own_reference(batch: Batch) -> str:
    """Stands in where the vendor names none that can be used."""
    return f"batch:{batch.id}"


def _digest(phone: str) -> str:
    return hashlib.sha256(phone.encode()).hexdigest()[:32]


def _locked(batch_id: UUID) -> Batch:
    return Batch.objects.select_for_update().get(id=batch_id)
