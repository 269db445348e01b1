"""Sending once more what surely failed, as a message of its own: the one that failed stays in the log."""

from uuid import UUID

from django.db import transaction

from kernel import audit

from .. import standard
from ..errors import NotAgain
from ..models import Message
from .queue import message_queue


def message_may_go_again(message: Message) -> bool:
    """Whether it surely never reached anybody, and carried nothing secret."""
    carries_secret = message.template in standard.SECRET_TEXTS
    return message.state == Message.State.FAILED and bool(message.to) and not carries_secret


@transaction.atomic
def message_again(*, message_id: UUID) -> Message:
    """Queue a failed message anew, once: asked twice, the same new message. Raises NotAgain."""
    row = Message.objects.select_for_update().get(id=message_id)
    if not message_may_go_again(row):
        raise NotAgain(state=row.state)
    again = message_queue(
        template=row.template,
        channel=row.channel,
        language=row.language,
        to=row.to,
        person=row.person,
        kind=row.kind,
        priority=row.priority,
        values=row.values,
        key=f"again:{row.id}",
    )
    audit.record(action="messages.again", subject_type="message", subject_id=str(row.id), changes={})
    return again
