"""Which function carries out a job, found by the job's name `<app>.<verb>`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured

from kernel.jobs.errors import HandlerUnknown

Function = TypeVar("Function", bound=Callable[..., Any])

ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Handler:
    """One kind of work.

    `atomic`: the function's writes and the mark "done" commit together, so its effect happens once. Otherwise the
    function cuts itself into phases and must bear being run again. `attempts` counts starts, a killed worker's too.
    `scoped`: the function runs in the job's business; work of the operator on several businesses, one after another,
    opens the scopes itself (with `atomic=False`). `when_suspended`: runs for a suspended tenant as well, as payments
    already under way are still booked; `when_read_only`: for one that is leaving as well, as what helps people to read.
    `on_dead` is called with the job's arguments and `why` before it becomes a dead letter, without a scope and outside
    transactions, so that what the job was to carry out can be seen to have stopped; it must bear being called again.
    """

    name: str
    function: Callable[..., Any]
    atomic: bool = True
    attempts: int = ATTEMPTS
    when_suspended: bool = False
    scoped: bool = True
    when_read_only: bool = False
    on_dead: Callable[..., object] | None = None

    @property
    def marks(self) -> dict[str, bool]:
        """In which states besides it runs, for `kernel.tenancy.states.runs_job`."""
        return {"when_suspended": self.when_suspended, "when_read_only": self.when_read_only}

    def __post_init__(self) -> None:
        if self.atomic and not self.scoped:
            raise ImproperlyConfigured(f"{self.name}: a transaction needs a scope")


_handlers: dict[str, Handler] = {}


def handler(
    name: str,
    *,
    atomic: bool = True,
    attempts: int = ATTEMPTS,
    when_suspended: bool = False,
    scoped: bool = True,
    when_read_only: bool = False,
    on_dead: Callable[..., object] | None = None,
) -> Callable[[Function], Function]:
    """Register a function with keyword arguments (JSON scalars, lists of ids) as the work `name`."""

    def register(function: Function) -> Function:
        add(Handler(name, function, atomic, attempts, when_suspended, scoped, when_read_only, on_dead))
        return function

    return register


def add(new: Handler) -> None:
    known = _handlers.get(new.name)
    if known is not None and _where(known.function) != _where(new.function):
        raise ImproperlyConfigured(f"two handlers named {new.name}: {_where(known.function)}, {_where(new.function)}")
    _handlers[new.name] = new


def find(name: str) -> Handler:
    """The handler of a job. Raises HandlerUnknown."""
    try:
        return _handlers[name]
    except KeyError:
        raise HandlerUnknown(f"no handler {name!r}; is it in a handlers.py of an installed app?") from None


def handlers() -> dict[str, Handler]:
    """Every registered handler by name."""
    return dict(_handlers)


def app_of(function: Callable[..., Any]) -> str:
    """The app a function of `<room>.<app>.handlers` belongs to."""
    parts = function.__module__.split(".")
    return parts[parts.index("handlers") - 1] if "handlers" in parts else parts[-1]


def _where(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__qualname__}"
