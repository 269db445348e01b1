"""Racers: threads that stay for many rounds and start each of them together. Drills and tests race with them."""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Barrier, Thread
from time import monotonic
from typing import Any


class Stuck(AssertionError):
    """Somebody did not come to the end of a round in time."""


class Racers:
    """So many threads. What one opens in a round, a connection or a client, it has again in the next."""

    def __init__(self, number: int, *, patience_s: float = 60) -> None:
        self.number = number
        self.patience_s = patience_s
        self._line = Barrier(number)
        self._calls: list[SimpleQueue[Callable[[int], Any] | None]] = [SimpleQueue() for _ in range(number)]
        self._ends: SimpleQueue[tuple[int, Any]] = SimpleQueue()
        for index in range(number):
            Thread(target=self._stand, args=(index,), daemon=True, name=f"racer-{index}").start()

    def round(self, run: Callable[[int], Any]) -> list[Any]:
        """Call `run(i)` in all of them at once. Gives what each returned, or the exception it raised; raises Stuck."""
        for call in self._calls:
            call.put(run)
        outcomes: list[Any] = [None] * self.number
        deadline = monotonic() + self.patience_s
        for _ in range(self.number):
            try:
                index, outcome = self._ends.get(timeout=max(0.0, deadline - monotonic()))
            except Empty:
                raise Stuck("a racer did not finish") from None
            outcomes[index] = outcome
        return outcomes

    def leave(self) -> None:
        """Let the threads end, those that are stuck once they are free."""
        for call in self._calls:
            call.put(None)

    def _stand(self, index: int) -> None:
        while (run := self._calls[index].get()) is not None:
            try:
                self._line.wait(self.patience_s)
                outcome = run(index)
            except Exception as error:  # the outcome of this racer
                outcome = error
            self._ends.put((index, outcome))
