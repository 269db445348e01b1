"""Work in steps that survives any death: each commits its effect and is then marked done, and may be repeated between.

Tests have a process die at both places of every step.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from kernel import crash

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """One step of the work `of`; `run` is repeatable and opens the scope it works in."""

    of: str
    name: str
    title: str
    run: Callable[[T], None]

    @property
    def effect(self) -> str:
        """The crash point between the step's effect and its mark."""
        return f"{self.of}.{self.name}_effect"

    @property
    def marked(self) -> str:
        """The crash point after the mark."""
        return f"{self.of}.{self.name}_marked"


def steps(of: str, *each: tuple[str, str, Callable[[T], None]]) -> tuple[Step[T], ...]:
    """The steps of a work in their order, of a name, a title and a function each."""
    made = tuple(Step(of, *facts) for facts in each)
    for step in made:
        crash.register(step.effect)
        crash.register(step.marked)
    return made
