"""E-mail by Django's backend: one connection for a batch, an outcome for each message."""

import smtplib
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formataddr
from uuid import UUID

import orjson
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from kernel.sealing import SealBroken, unseal
from kernel.tenancy import current

from ..errors import TemplateInvalid
from ..models import Message
from .writing import template_find, write

VENDOR = "mail"
TIMEOUT_SECONDS = 15
_State = Message.State


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one message went: sent, failed (for good or `may_pass` later), or unknown."""

    state: str
    code: str = ""
    reason: str = ""
    may_pass: bool = False


def carry(messages: list[Message]) -> Mapping[UUID, Outcome]:
    """Hand each message to the mail server. Nothing is raised: what cannot be known is `unknown`."""
    connection = get_connection(timeout=TIMEOUT_SECONDS)
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        never = Outcome(_State.FAILED, "mail.never_reached", type(error).__name__, may_pass=True)
        return {message.id: never for message in messages}
    try:
        return {message.id: _carry_one(connection, message) for message in messages}
    finally:
        try:
            connection.close()
        except (OSError, smtplib.SMTPException):
            pass


def _carry_one(connection: BaseEmailBackend, message: Message) -> Outcome:
    template = template_find(message.template, message.channel, message.language)
    if template is None:
        return Outcome(_State.FAILED, "messaging.template_missing")
    try:
        secrets = orjson.loads(unseal(message.sealed, context="messaging.values")) if message.sealed else {}
        written = write(template, {**message.values, **secrets})
    except (TemplateInvalid, SealBroken):
        return Outcome(_State.FAILED, TemplateInvalid.code)
    letter = EmailMessage(
        subject=written.subject,
        body=written.text,
        from_email=formataddr((current().name, settings.DEFAULT_FROM_EMAIL)),
        to=[message.to],
        headers={"X-Reference": f"{current().public_id}.{message.id.hex}"},
        connection=connection,
    )
    try:
        letter.send()
    except smtplib.SMTPRecipientsRefused as error:
        code = max((answer[0] for answer in error.recipients.values()), default=550)
        return Outcome(_State.FAILED, "mail.refused", str(code), may_pass=code < 500)
    except smtplib.SMTPResponseException as error:
        return Outcome(_State.FAILED, "mail.refused", str(error.smtp_code), may_pass=error.smtp_code < 500)
    except (OSError, smtplib.SMTPException) as error:
        return Outcome(_State.UNKNOWN, "mail.unknown", type(error).__name__)
    return Outcome(_State.SENT)
