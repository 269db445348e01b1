"""Sending what waits, in phases each committed before the next: intent, asked, answered.

No transaction is open while a vendor is asked. A worker that dies before `asked` has sent nothing, and whoever comes
next goes on; one that dies after it leaves messages nobody sends again (see `settling`).
"""

import logging
import time
from collections import Counter
from datetime import datetime
from uuid import UUID

import orjson
from django.db import connection, transaction
from django.db.models import F, QuerySet

from connectors.sms import segments
from connectors.sms.dlt import window_opens
from connectors.sms.errors import NeverReached, OutcomeUnknown, RateLimited, Refused
from connectors.sms.port import Batch as Call
from connectors.sms.port import Recipient
from kernel import clock, crash, guards, jobs, quotas
from kernel.ids import uuid7
from kernel.sealing import SealBroken, unseal
from kernel.tenancy import current
from shared_apps.credits import services as credits
from shared_apps.credits.errors import CreditsShort

from ..errors import TemplateInvalid, TemplateMissing
from ..models import Batch, Channel, Message, Priority, Template
from . import mail, settling
from .queue import SEAL
from .stopping import SENDING
from .vendors import sms_vendor
from .writing import template_find, write

log = logging.getLogger(__name__)

INTENT_KEPT = crash.register("messaging.intent_kept")
ASKED = crash.register("messaging.asked")
ANSWERED = crash.register("messaging.answered")
RECORDED = crash.register("messaging.recorded")

IN_ONE_CALL = 100
# Then the next job goes on: what others want more urgently is not kept waiting by a long send or a slow vendor.
LONGEST_JOB_S = 2.0


def messages_send(*, upto: int = Priority.LOW) -> dict[str, int]:
    """Send what is due, of priority `upto` or more urgent; how many batches ended how. Runs outside transactions."""
    if connection.in_atomic_block:
        raise RuntimeError("messages are sent outside transactions")
    ended: Counter[str] = Counter()
    for batch_id in _left_behind(upto):
        ended[_ask(batch_id)] += 1
    enough = time.monotonic() + LONGEST_JOB_S
    while True:
        found, chosen = _choose(upto)
        if not found:
            break
        if chosen is not None:
            crash.point(INTENT_KEPT)
            ended[_ask(chosen)] += 1
        if time.monotonic() > enough:
            jobs.put("messaging.send", priority=upto, upto=upto)
            break
    return {str(state): batches for state, batches in ended.items()}


def _left_behind(upto: int) -> list[UUID]:
    """Batches of such priority whose worker died before asking. Two may find one: only the first to mark it asks."""
    waiting = Message.objects.filter(state=Message.State.PENDING, priority__lte=upto, batch__state=Batch.State.INTENT)
    return list(waiting.order_by("batch").values_list("batch", flat=True).distinct()[:20])


@transaction.atomic
def _choose(upto: int) -> tuple[bool, UUID | None]:
    """Phase intent: take messages of one text, count them, hold their credits. Whether any were due; the batch."""
    now = clock.now()
    messages = _due_of_one_text(now, upto)
    if not messages:
        return False, None
    batch_id = uuid7()
    first = messages[0]
    template = template_find(first.template, first.channel, first.language)
    ready = [] if _is_closed(messages, now) else [one for one in messages if _is_ready(one, template, now)]
    held, ready = _hold(batch_id, ready)
    if ready:
        Batch.objects.create(
            id=batch_id,
            channel=first.channel,
            vendor=sms_vendor().name if first.channel == Channel.SMS else mail.VENDOR,
            units=sum(message.units for message in ready),
            hold=held,
            created_at=now,
        )
        for message in ready:
            message.batch_id = batch_id
    Message.objects.bulk_update(
        messages, ["state", "batch", "units", "due", "code", "reason", "sealed", "ended_at"], batch_size=IN_ONE_CALL
    )
    return True, batch_id if ready else None


def _due_of_one_text(now: datetime, upto: int) -> list[Message]:
    waiting = Message.objects.filter(state=Message.State.PENDING, batch=None, due__lte=now, priority__lte=upto)
    first = _locked(waiting.order_by("priority", "due", "id")).first()
    if first is None:
        return []
    alike = waiting.filter(
        priority=first.priority,
        channel=first.channel,
        template=first.template,
        language=first.language,
        encoding=first.encoding,
    )
    return [first, *_locked(alike.exclude(id=first.id).order_by("due", "id"))[: IN_ONE_CALL - 1]]


def _locked(messages: QuerySet[Message]) -> QuerySet[Message]:
    return messages.select_for_update(skip_locked=True, of=("self",))


def _is_closed(messages: list[Message], now: datetime) -> bool:
    """Whether nothing goes out of this business at all: then these have failed."""
    if quotas.limit_of(SENDING) != 0:
        return False
    for message in messages:
        message.state, message.code = Message.State.FAILED, "messaging.sending_closed"
        message.sealed, message.ended_at = "", now
    return True


def _is_ready(message: Message, template: Template | None, now: datetime) -> bool:
    """Whether a message may leave now; one that may not is ended or put off. Its segments are counted again."""
    if message.expires_at is not None and message.expires_at <= now:
        message.state, message.code = Message.State.CANCELLED, "messaging.expired"
    elif template is None:
        message.state, message.code = Message.State.FAILED, TemplateMissing.code
    elif (opens := window_opens(template.category, now)) > now:
        message.due = opens
        jobs.put("messaging.send", priority=message.priority, due=opens, upto=message.priority)
        return False
    else:
        try:
            text = write(template, values_of(message)).text
        except TemplateInvalid as error:
            message.state, message.code, message.reason = Message.State.FAILED, error.code, error.detail[:200]
        except SealBroken:
            # Its key is gone; without this one such message would stand before all others for ever.
            message.state, message.code = Message.State.FAILED, "messaging.secret_lost"
        else:
            message.units = segments.count(text).parts if message.channel == Channel.SMS else 0
            return True
    message.sealed, message.ended_at = "", now
    return False


def _hold(batch_id: UUID, ready: list[Message]) -> tuple[UUID | None, list[Message]]:
    """Hold the exact units of as many messages as the wallet pays for; the others fail. The operator's own are free."""
    if current().is_platform or not ready or ready[0].channel != Channel.SMS or guards.is_off(guards.Guard.HOLD):
        return None, ready
    while ready:
        try:
            held = credits.hold(
                channel=Channel.SMS.value,
                units=sum(message.units for message in ready),
                key=f"batch:{batch_id}",
                reference=str(batch_id),
            )
        except CreditsShort as short:
            ready = _affordable(ready, int(short.data["available"]), short)
        else:
            return held, ready
    return None, []


def _affordable(ready: list[Message], available: int, short: CreditsShort) -> list[Message]:
    kept: list[Message] = []
    for message in ready:
        if message.units <= available and message is not ready[-1]:
            available -= message.units
            kept.append(message)
            continue
        # The last one always goes: asking again with the same sum would be refused again.
        message.state, message.code, message.reason = Message.State.FAILED, short.code, short.title
        message.sealed, message.ended_at = "", clock.now()
    return kept


def _ask(batch_id: UUID) -> str:
    """Phases asked and answered of one batch; how it ended."""
    batch = _begin(batch_id)
    if batch is None:
        return "taken"
    messages = list(batch.messages.filter(state=Message.State.SENDING).order_by("id"))
    crash.point(ASKED)
    if batch.channel == Channel.EMAIL:
        outcomes = mail.carry(messages)
        crash.point(ANSWERED)
        state = settling.mail_answered(batch_id=batch.id, outcomes=outcomes)
    else:
        state = _ask_sms(batch, messages)
    crash.point(RECORDED)
    return state


@transaction.atomic
def _begin(batch_id: UUID) -> Batch | None:
    """Mark a batch as asked, once: None when another worker was first. One that waited too long is taken apart."""
    now = clock.now()
    batch = Batch.objects.select_for_update().get(id=batch_id)
    if batch.state != Batch.State.INTENT:
        return None
    if batch.messages.filter(expires_at__lte=now).exists():
        settling.back(batch, code="messaging.too_late", wait=0)
        return None
    batch.state, batch.asked_at = Batch.State.ASKED, now
    batch.save(update_fields=["state", "asked_at"])
    batch.messages.filter(state=Message.State.PENDING).update(
        state=Message.State.SENDING, sending_at=now, attempts=F("attempts") + 1
    )
    return batch


def _ask_sms(batch: Batch, messages: list[Message]) -> str:
    first = messages[0]
    template = template_find(first.template, first.channel, first.language)
    if template is None:
        return settling.refused(batch_id=batch.id, code=TemplateMissing.code, reason="", may_pass=False)
    vendor = sms_vendor()
    try:
        accepted = vendor.send(_call(template, messages))
        crash.point(ANSWERED)
    except NeverReached as error:
        return settling.refused(batch_id=batch.id, code="vendor.never_reached", reason=str(error), may_pass=True)
    except RateLimited as error:
        return settling.refused(
            batch_id=batch.id, code="vendor.rate_limited", reason="", may_pass=True, wait=error.retry_after
        )
    except Refused as error:
        code = f"vendor.{error.cause}"
        reason = f"{error.code} {error.message}".strip()
        return settling.refused(batch_id=batch.id, code=code, reason=reason, may_pass=error.may_pass)
    except OutcomeUnknown as error:
        return settling.unknown(batch_id=batch.id, reason=str(error))
    return settling.accepted(batch_id=batch.id, vendor_reference=accepted.vendor_reference)


def _call(template: Template, messages: list[Message]) -> Call:
    return Call(
        template=template.vendor_template,
        dlt=template.dlt_template,
        header=template.header,
        unicode=messages[0].encoding == segments.Encoding.UCS2,
        recipients=tuple(
            Recipient(reference=settling.reference_of(message), phone=message.to, values=values_of(message))
            for message in messages
        ),
    )


def values_of(message: Message) -> dict[str, str]:
    """All values of a message, the sealed ones opened."""
    secrets = orjson.loads(unseal(message.sealed, context=SEAL)) if message.sealed else {}
    return {**message.values, **secrets}
