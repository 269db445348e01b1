"""The first steps of a business: what is left to do before it can work, read from what is there.

An app adds its own steps by `register` in its `ready`; nothing is ticked by hand, a step may only be put aside.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet, TextField, Value
from django.urls import reverse

from kernel.http.actor import Actor
from kernel.http.search import address
from kernel.tenancy import Business, current
from shared_apps.organisation.models import Profile


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: its words, icon and page; `permission` is what doing it asks for. `of` is the kind of business
    it is for. `done` gives the rows of which one is enough, or `known` tells by the business itself.
    """

    key: str
    title: Any
    text: Any
    icon: str
    page: str
    permission: str
    position: int
    done: Callable[[], QuerySet[Any]] | None = None
    known: Callable[[Business], bool] | None = None
    of: str = ""


@dataclass(frozen=True, slots=True)
class Stood:
    """A step as it stands: `done`, `skipped` or `open`."""

    key: str
    title: str
    text: str
    icon: str
    address: str
    state: str


@dataclass(frozen=True, slots=True)
class Checklist:
    """All steps of a reader, and how many are settled: done or put aside."""

    steps: list[Stood]

    @property
    def total(self) -> int:
        return len(self.steps)

    @property
    def settled(self) -> int:
        return sum(step.state != "open" for step in self.steps)

    @property
    def next(self) -> Stood | None:
        return next((step for step in self.steps if step.state == "open"), None)

    @property
    def is_done(self) -> bool:
        return self.next is None


_steps: dict[str, Step] = {}


def register(
    key: str,
    *,
    title: Any,
    text: Any,
    icon: str,
    page: str,
    permission: str,
    position: int,
    done: Callable[[], QuerySet[Any]] | None = None,
    known: Callable[[Business], bool] | None = None,
    of: str = "",
) -> None:
    """Add a step. `done()` is a query of the current business's rows; it is asked whether it finds any."""
    _steps[key] = Step(key, title, text, icon, page, permission, position, done, known, of)


def keys() -> set[str]:
    """The names of all steps there are."""
    return set(_steps)


def steps_of(actor: Actor) -> list[Step]:
    """The steps this reader may take in a business of the present kind, in order."""
    kind = current().kind
    fitting = (step for step in _steps.values() if kind in {step.of or kind, "both"} and actor.can(step.permission))
    return sorted(fitting, key=lambda step: step.position)


def checklist(actor: Actor) -> Checklist | None:
    """How the set-up stands, for who may take part in it: two queries. None for everybody else."""
    if not actor.can("organisation.view"):
        return None
    steps = steps_of(actor)
    done = _done(steps)
    skipped = Profile.objects.values_list("setup_skipped", flat=True).first() or []
    return Checklist([_stood(step, done, skipped) for step in steps])


def _done(steps: Iterable[Step]) -> set[str]:
    """The steps for which there is a row, each asked for one, all at once."""
    asked = [
        step.done().order_by().annotate(step=Value(step.key, TextField())).values_list("step", flat=True)[:1]
        for step in steps
        if step.done is not None
    ]
    return set(asked[0].union(*asked[1:], all=True)) if asked else set()


def _stood(step: Step, done: Collection[str], skipped: Collection[str]) -> Stood:
    is_done = step.known(current()) if step.known is not None else step.key in done
    state = "done" if is_done else "skipped" if step.key in skipped else "open"
    place = address(step.page, otherwise=reverse("page_setup"))
    return Stood(step.key, str(step.title), str(step.text), step.icon, place, state)
