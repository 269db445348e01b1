"""Several threads working through many things in batches: some are put off and tried again, too many failures end it."""

import heapq
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Generic, TypeVar

from django.db import connections

T = TypeVar("T")

LONGEST_PAUSE = 8.0
_LOOK_SECONDS = 0.25


class Later(Exception):
    """It cannot be done now and may be tried again; what stood in the way is its cause."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What became of one thing: no error when it is done."""

    item: T
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """How a crew works: threads, things at a time, tries for each before it has failed, and the failures that end it."""

    workers: int = 2
    batch: int = 20
    attempts: int = 5
    most_failures: int = 10
    pause: float = 0.2

    def pause_after(self, attempt: int) -> float:
        """Seconds before the next try: twice as long each time, and never the same for two."""
        return min(LONGEST_PAUSE, self.pause * 2 ** (attempt - 1)) * random.uniform(0.5, 1.5)  # noqa: S311


class Crew(Generic[T]):
    """Works through `items` with `do`, which is handed a batch and says what became of each of them.

    `tell` hears of every outcome that is final, on the thread it came about; `tick` is called at least four times a second
    on the caller's. A batch that has begun is finished, whatever ends the crew; what was never begun is left alone.
    """

    def __init__(
        self,
        items: Iterable[T],
        do: Callable[[Sequence[T]], Iterable[Outcome[T]]],
        *,
        pace: Pace,
        tell: Callable[[Outcome[T]], None] = lambda outcome: None,
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        self._do, self._pace, self._tell, self._tick = do, pace, tell, tick
        self._ready = deque((item, 1) for item in items)
        self._later: list[tuple[float, int, T, int]] = []
        self._numbers = count()
        self._busy = 0
        self._here = 0
        self._failures = 0
        self._ended = False
        self._broken: BaseException | None = None
        self._changed = threading.Condition()

    def work(self) -> bool:
        """Whether everything was tried; False when failures ended it. Raises what broke `do`, and KeyboardInterrupt."""
        crew = min(self._pace.workers, max(1, len(self._ready)))
        threads = [threading.Thread(target=self._work, name=f"crew-{n}") for n in range(crew)]
        self._here = len(threads)
        for thread in threads:
            thread.start()
        try:
            while self._here:
                self._tick()
                with self._changed:
                    if self._here:
                        self._changed.wait(_LOOK_SECONDS)
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()
            for thread in threads:
                thread.join()
            self._tick()
        if self._broken is not None:
            raise self._broken
        return self._failures < self._pace.most_failures

    def _work(self) -> None:
        try:
            while taken := self._take():
                outcomes = list(self._do([item for item, _ in taken]))
                self._note(outcomes, {id(item): attempt for item, attempt in taken})
        except BaseException as error:
            with self._changed:
                self._broken, self._ended = error, True
                self._changed.notify_all()
        finally:
            connections.close_all()
            with self._changed:
                self._here -= 1
                self._changed.notify_all()

    def _take(self) -> list[tuple[T, int]]:
        """The next batch; empty when there is nothing more to do. Waits while something may come back."""
        with self._changed:
            while not self._ended:
                while self._later and self._later[0][0] <= time.monotonic():
                    _, _, item, attempt = heapq.heappop(self._later)
                    self._ready.append((item, attempt))
                if self._ready:
                    self._busy += 1
                    return [self._ready.popleft() for _ in range(min(self._pace.batch, len(self._ready)))]
                if not self._later and not self._busy:
                    break
                until = self._later[0][0] - time.monotonic() if self._later else _LOOK_SECONDS
                self._changed.wait(max(0.01, min(until, _LOOK_SECONDS)))
            self._changed.notify_all()
            return []

    def _note(self, outcomes: Iterable[Outcome[T]], attempts: dict[int, int]) -> None:
        final: list[Outcome[T]] = []
        with self._changed:
            for outcome in outcomes:
                attempt = attempts[id(outcome.item)]
                if isinstance(outcome.error, Later) and attempt < self._pace.attempts:
                    due = (
                        time.monotonic() + self._pace.pause_after(attempt),
                        next(self._numbers),
                        outcome.item,
                        attempt + 1,
                    )
                    heapq.heappush(self._later, due)
                else:
                    final.append(outcome)
                    self._failures += outcome.error is not None
            self._busy -= 1
            self._ended = self._ended or self._failures >= self._pace.most_failures
            self._changed.notify_all()
        for outcome in final:
            self._tell(outcome)
