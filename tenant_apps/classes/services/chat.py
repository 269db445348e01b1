"""What is said in a class: kept in order, told to the room, opened and closed by the teacher."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from kernel import clock, realtime
from kernel.http.actor import Actor
from tenant_apps.classes import errors
from tenant_apps.classes.models import ChatMessage, LiveClass
from tenant_apps.classes.services.told import hold_refuse, stay_of, topic, who

TEXT_MAX = 2000
# Whoever says more in this time drowns the others.
BREATH, MOST = timedelta(seconds=10), 30


def chat_say(*, actor: Actor, live_class: LiveClass, text: str, key: str) -> ChatMessage:
    """Keep a message, then tell the room. The same key again gives the message that was kept.

    Raises NotLive, ChatClosed, ChatTooFast, MessageInvalid.
    """
    text = text.strip()
    if not text or len(text) > TEXT_MAX or not 0 < len(key) <= 64 or "\x00" in text + key:
        raise errors.MessageInvalid(field="text")
    with transaction.atomic():
        row = LiveClass.objects.select_for_update(of=("self",)).get(id=live_class.id)
        said = ChatMessage.objects.filter(live_class=row, user=actor.user_id, key=key).first()
        if said is not None:
            return said
        if row.state != LiveClass.State.LIVE:
            raise errors.NotLive(state=row.state)
        is_teacher = actor.kind != "student"
        if not row.chat_open and not is_teacher:
            raise errors.ChatClosed
        stay = stay_of(actor, row)
        moment = clock.now()
        lately = ChatMessage.objects.filter(live_class=row, user=actor.user_id, sent_at__gt=moment - BREATH)
        if lately.count() >= MOST:
            raise errors.ChatTooFast(retry_after=int(BREATH.total_seconds()))
        LiveClass.objects.filter(id=row.id).update(chat_seq=F("chat_seq") + 1)
        message = ChatMessage.objects.create(
            live_class=row,
            seq=row.chat_seq + 1,
            key=key,
            user_id=who(actor),
            name=stay.name,
            text=text,
            sent_at=moment,
        )
        realtime.send(topic(row.id), "chat.new_message", message_shown(message))
    return message


def chat_switch(*, actor: Actor, live_class: LiveClass, is_open: bool) -> None:
    """Let students write, or only read; whoever holds the class always writes. Raises NotYours, NotLive."""
    hold_refuse(actor, live_class.teacher_id)
    with transaction.atomic():
        row = LiveClass.objects.select_for_update(of=("self",)).get(id=live_class.id)
        if row.state != LiveClass.State.LIVE:
            raise errors.NotLive(state=row.state)
        row.chat_open = is_open
        row.save(update_fields=["chat_open"])
        realtime.send(topic(row.id), "chat.switched", {"open": is_open})


def typing_tell(*, actor: Actor, live_class: LiveClass) -> None:
    """Tell the room that the actor is typing; nothing is kept."""
    realtime.send(topic(live_class.id), "chat.typing", {"user": actor.user_id, "name": stay_of(actor, live_class).name})


def message_shown(message: ChatMessage) -> dict[str, Any]:
    """A message as clients see it, by socket and by HTTP."""
    return {
        "id": str(message.id),
        "seq": message.seq,
        "user": str(message.user_id),
        "name": message.name,
        "text": message.text,
        "sent_at": message.sent_at.isoformat(),
    }
