"""Asking for messages: rows in the caller's transaction, and one job for all of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from connectors.sms import segments
from connectors.sms.dlt import window_opens
from kernel import clock, jobs
from kernel.errors import DomainError
from kernel.phone import PhoneInvalid, phone
from kernel.sealing import seal
from kernel.tenancy import current

from .. import standard
from ..errors import AddressInvalid, TemplateInvalid, TemplateMissing
from ..models import Channel, Kind, Message, Priority, Template
from .writing import template_find, write

SEAL = "messaging.values"
_ROWS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A message to be sent.

    `to` is an Indian mobile number or an e-mail address; `key` names the reason ("fees.due_paid:0192…"): asked twice
    under one key, it is sent once. `values` fill the template in (`connectors`' rules; names in `messaging.standard`).
    After `expires_at` it is no use and is cancelled.
    """

    template: str
    to: str
    key: str
    channel: str = Channel.SMS
    values: Mapping[str, Any] = field(default_factory=dict)
    kind: str = Kind.TRANSACTIONAL
    priority: int = Priority.MEDIUM
    language: str = ""
    person: UUID | None = None
    due: datetime | None = None
    expires_at: datetime | None = None


def message_queue(
    *,
    template: str,
    to: str,
    key: str,
    channel: str = Channel.SMS,
    values: Mapping[str, Any] | None = None,
    kind: str = Kind.TRANSACTIONAL,
    priority: int = Priority.MEDIUM,
    language: str = "",
    person: UUID | None = None,
    due: datetime | None = None,
    expires_at: datetime | None = None,
) -> Message:
    """Queue one message in the caller's transaction (see `Wanted`); the row under its key, new or not.

    A message that cannot be written (no template, a value the registry refuses, no such number) is kept as failed
    with its code, and never undoes what it was about.
    """
    wanted = Wanted(
        template=template,
        to=to,
        key=key,
        channel=channel,
        values=values or {},
        kind=kind,
        priority=priority,
        language=language,
        person=person,
        due=due,
        expires_at=expires_at,
    )
    messages_queue(wanted=[wanted])
    return Message.objects.get(key=key)


@dataclass(frozen=True, slots=True)
class Preview:
    """A text as it would leave, and its segments."""

    text: str
    units: int


def message_preview(*, template: str, values: Mapping[str, Any], language: str = "") -> Preview:
    """What an SMS to many would say and cost. Raises as `message_previews`."""
    return next(message_previews(template=template, language=language, values=[values]))


def message_previews(*, template: str, values: Iterable[Mapping[str, Any]], language: str = "") -> Iterator[Preview]:
    """The same text for each of many; the template is looked up once, for the first.

    Raises TemplateMissing; TemplateInvalid, also for a text that carries a secret: codes are nobody's to make up.
    """
    found: Template | None = None
    for one in values:
        found = found or template_find(template, Channel.SMS, language or current().language)
        if found is None:
            raise TemplateMissing(field="template")
        written = write(found, one)
        if written.secrets:
            raise TemplateInvalid("That text carries a code.", reason="secret", variable=min(written.secrets))
        yield Preview(written.text, segments.count(written.text).parts)


@transaction.atomic
def messages_queue(*, wanted: Iterable[Wanted]) -> int:
    """Queue many messages in the caller's transaction; how many were asked for. Keys known already add nothing."""
    # One moment for all: messages due together share a job.
    asked, waits, now = 0, set(), clock.now()
    templates: dict[tuple[str, str, str], Template | None] = {}
    pending: list[Message] = []
    for one in wanted:
        asked += 1
        message = _message(one, templates, now)
        if message.state == Message.State.PENDING:
            waits.add((message.priority, message.due))
        pending.append(message)
        if len(pending) == _ROWS_AT_ONCE:
            Message.objects.bulk_create(pending, ignore_conflicts=True)
            pending = []
    Message.objects.bulk_create(pending, ignore_conflicts=True)
    for priority, due in sorted(waits):
        jobs.put("messaging.send", priority=priority, due=due, upto=priority)
    return asked


def message_cancel(*, message_id: UUID) -> bool:
    """Take back a message that has not begun to leave; whether it could be."""
    return bool(
        Message.objects.filter(id=message_id, state=Message.State.PENDING, batch=None).update(
            state=Message.State.CANCELLED, sealed="", ended_at=clock.now(), code="messaging.cancelled"
        )
    )


@transaction.atomic
def templates_seed() -> int:
    """Give the business the standard texts it does not have yet; how many there are. Safe to repeat."""
    rows = standard.templates()
    Template.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def address(channel: str, to: str) -> str:
    """The address as it is kept: E.164, or an e-mail address. Raises AddressInvalid."""
    try:
        if channel == Channel.SMS:
            return phone(to, field="to")
        validate_email(to)
    except (PhoneInvalid, ValidationError) as error:
        raise AddressInvalid(field="to") from error
    return to


def _message(one: Wanted, templates: dict[tuple[str, str, str], Template | None], now: datetime) -> Message:
    language = one.language or current().language
    message = Message(
        key=one.key,
        template=one.template,
        channel=one.channel,
        language=language,
        to=one.to[:254],
        person=one.person,
        kind=one.kind,
        priority=one.priority,
        due=one.due or now,
        expires_at=one.expires_at,
        created_at=now,
    )
    place = (one.template, one.channel, language)
    if place not in templates:
        templates[place] = template_find(*place)
    try:
        _fill(message, one, templates[place])
    except DomainError as error:
        message.state, message.code, message.reason = Message.State.FAILED, error.code, error.detail[:200]
        message.ended_at = now
    return message


def _fill(message: Message, one: Wanted, template: Template | None) -> None:
    if template is None:
        raise TemplateMissing
    message.to = address(one.channel, one.to)
    message.language = template.language
    written = write(template, one.values)
    message.subject, message.text, message.values = written.subject, written.shown, written.values
    if written.secrets:
        message.sealed = seal(orjson.dumps(written.secrets).decode(), context=SEAL)
    if one.channel == Channel.SMS:
        counted = segments.count(written.text)
        message.encoding, message.units = counted.encoding.value, counted.parts
        message.due = window_opens(template.category, message.due)
