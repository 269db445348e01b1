"""What clients say in a class by socket."""

from typing import Any
from uuid import UUID

from kernel import realtime
from kernel.http.actor import Actor
from tenant_apps.classes import selectors, services
from tenant_apps.classes.errors import MessageInvalid
from tenant_apps.classes.models import LiveClass


@realtime.message("chat.message")
def chat_message(actor: Actor, topic: str, data: dict[str, Any]) -> dict[str, Any]:
    """`{"text", "key"}` → the kept message; `key` is the client's own, so that a repeat is not said twice."""
    text, key = data.get("text"), data.get("key")
    if not isinstance(text, str) or not isinstance(key, str):
        raise MessageInvalid(field="text")
    message = services.chat_say(actor=actor, live_class=_class(actor, topic), text=text, key=key)
    return services.message_shown(message)


@realtime.message("chat.typing")
def chat_typing(actor: Actor, topic: str, data: dict[str, Any]) -> None:
    services.typing_tell(actor=actor, live_class=_class(actor, topic))


@realtime.message("class.hand_raise")
def class_hand_raise(actor: Actor, topic: str, data: dict[str, Any]) -> None:
    """`{"raised": true|false}`."""
    services.hand_raise(actor=actor, live_class=_class(actor, topic), raised=data.get("raised") is not False)


@realtime.message("class.hand_answer")
def class_hand_answer(actor: Actor, topic: str, data: dict[str, Any]) -> None:
    """`{"stay", "allow": true|false}`, by whoever holds the class."""
    if not isinstance(data.get("stay"), str):
        raise MessageInvalid(field="stay")
    try:
        stay = UUID(data["stay"])
    except ValueError:
        raise MessageInvalid(field="stay") from None
    services.hand_answer(actor=actor, live_class=_class(actor, topic), stay=stay, allow=data.get("allow") is True)


def _class(actor: Actor, topic: str) -> LiveClass:
    kind, _, class_id = topic.partition(".")
    if kind != "class":
        raise MessageInvalid("That topic is not a class.", field="topic")
    return selectors.class_get(actor, UUID(class_id))
