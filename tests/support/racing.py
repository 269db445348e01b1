"""Racing threads: each with a connection of its own, released together, for one round or for many."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections

from scripts.drills.racers import Racers

Run = Callable[[int], Any]


def race(runners: int, run: Run, *, timeout_s: float = 60) -> Counter[Any]:
    """Call `run(i)` in `runners` threads at once. Gives how often each outcome came: a value, or an exception's class."""
    with racing(runners, timeout_s=timeout_s) as round_of:
        return round_of(run)


@contextmanager
def racing(runners: int, *, timeout_s: float = 60) -> Iterator[Callable[[Run], Counter[Any]]]:
    """`race` for many rounds: threads and connections stay, as a server's do; opening them costs more than a race."""
    racers = Racers(runners, patience_s=timeout_s)
    try:
        yield lambda run: Counter(
            type(outcome) if isinstance(outcome, Exception) else outcome for outcome in racers.round(run)
        )
        racers.round(lambda _: connections.close_all())
    finally:
        racers.leave()
