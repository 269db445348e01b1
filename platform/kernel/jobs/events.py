"""Facts that apps announce upwards: each subscriber gets a job of its own, written with the fact itself."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar, TypeVar, dataclass_transform

from kernel.ids import uuid7
from kernel.jobs import registry
from kernel.jobs.queue import NORMAL, put

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass_transform(frozen_default=True, kw_only_default=True)
@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of events. Subclasses are frozen dataclasses without being told so, and set `name` (`payments.settled`).

    Fields are JSON scalars. `id` is given at creation: a subscriber gets each id once.
    """

    name: ClassVar[str]
    id: str = field(default_factory=lambda: str(uuid7()))

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        dataclass(frozen=True, kw_only=True)(cls)


@dataclass(frozen=True, slots=True)
class _Subscription:
    handler: str
    priority: int


_subscriptions: dict[str, list[_Subscription]] = {}


def on(
    event: type[Event],
    *,
    name: str = "",
    priority: int = NORMAL,
    atomic: bool = True,
    attempts: int = registry.ATTEMPTS,
    when_suspended: bool = False,
    when_read_only: bool = False,
) -> Callable[[Function], Function]:
    """Subscribe `function(*, event)`: run for each published event in a transaction of its own, deduped by its id.

    The job is named `<app>.<function>` unless `name` says otherwise.
    """

    def register(function: Function) -> Function:
        job = name or f"{registry.app_of(function)}.{function.__name__}"
        registry.add(
            registry.Handler(
                job,
                _Receiver(event, function),
                atomic=atomic,
                attempts=attempts,
                when_suspended=when_suspended,
                when_read_only=when_read_only,
            )
        )
        others = [one for one in _subscriptions.get(event.name, []) if one.handler != job]
        _subscriptions[event.name] = [*others, _Subscription(job, priority)]
        return function

    return register


def publish(event: Event) -> None:
    """Put one job per subscriber in the caller's transaction."""
    facts = asdict(event)
    for subscription in _subscriptions.get(event.name, []):
        put(
            subscription.handler,
            event=facts,
            priority=subscription.priority,
            dedupe=f"{subscription.handler}:{event.id}",
        )


class _Receiver:
    """Rebuilds the event from a job's row, by the fields the class has today."""

    def __init__(self, event: type[Event], function: Callable[..., Any]) -> None:
        self._event = event
        self._function = function
        self.__module__ = function.__module__
        self.__qualname__ = function.__qualname__

    def __call__(self, *, event: dict[str, Any]) -> Any:
        known = {one.name for one in fields(self._event)}
        return self._function(event=self._event(**{key: value for key, value in event.items() if key in known}))
