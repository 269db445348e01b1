"""Which topics exist and who may follow them; which messages a client may send and who answers."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured

from kernel.http.actor import Actor

Function = TypeVar("Function", bound=Callable[..., Any])

_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Topic:
    """A family of topics, such as `seats.{hall}.{day}.{shift}`."""

    template: str
    pattern: re.Pattern[str]
    may_subscribe: Callable[..., bool]


@dataclass(frozen=True, slots=True)
class Message:
    """A message clients may send to a topic they follow."""

    type: str
    answer: Callable[[Actor, str, dict[str, Any]], dict[str, Any] | None]


_topics: dict[str, Topic] = {}
_messages: dict[str, Message] = {}


def topic(template: str) -> Callable[[Function], Function]:
    """Register `function(actor, *, <places of the template>) -> bool`, asked in scope before a socket may follow.

    Places match one part (no dot); their values are the client's words, so they are looked up, never trusted. A
    ValueError or ValidationError from the function is a no.
    """
    pattern = re.compile(_pattern(template))

    def register(function: Function) -> Function:
        _add(_topics, template, Topic(template, pattern, function), function)
        return function

    return register


def message(type: str) -> Callable[[Function], Function]:  # noqa: A002 the wire's own word
    """Register `function(actor, topic, data) -> dict | None`, run in scope; a dict is the answer to the sender."""

    def register(function: Function) -> Function:
        _add(_messages, type, Message(type, function), function)
        return function

    return register


def find_topic(name: str) -> tuple[Topic, dict[str, str]] | None:
    """The family a topic belongs to and the values of its places."""
    for candidate in _topics.values():
        if match := candidate.pattern.fullmatch(name):
            return candidate, match.groupdict()
    return None


def find_message(type: str) -> Message | None:  # noqa: A002
    return _messages.get(type)


def topics() -> dict[str, Topic]:
    """Every registered family by template."""
    return dict(_topics)


def messages() -> dict[str, Message]:
    """Every registered client message by type."""
    return dict(_messages)


def _pattern(template: str) -> str:
    # re.split with one group gives literal, place, literal, place, …
    pieces = _PLACE.split(template)
    return "".join(f"(?P<{piece}>[^.]+)" if index % 2 else re.escape(piece) for index, piece in enumerate(pieces))


def _add(registry: dict[str, Any], name: str, entry: Any, function: Callable[..., Any]) -> None:
    known = registry.get(name)
    if known is not None:
        old = known.may_subscribe if isinstance(known, Topic) else known.answer
        if (old.__module__, old.__qualname__) != (function.__module__, function.__qualname__):
            raise ImproperlyConfigured(f"{name} is registered twice: {old.__module__}, {function.__module__}")
    registry[name] = entry
