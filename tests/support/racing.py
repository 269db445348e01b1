"""Racing threads: each with a connection of its own, released together."""

from collections import Counter
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

from django.db import connections


def race(runners: int, run: Callable[[int], Any], *, timeout_s: float = 60) -> Counter[Any]:
    """Call `run(i)` in `runners` threads at once. Gives how often each outcome came: a value, or an exception's class."""
    barrier = Barrier(runners)
    outcomes: list[Any] = [None] * runners

    def runner(index: int) -> None:
        try:
            barrier.wait(timeout_s)
            outcomes[index] = run(index)
        except Exception as error:  # the outcome of this racer
            outcomes[index] = type(error)
        finally:
            connections.close_all()

    threads = [Thread(target=runner, args=(index,), daemon=True) for index in range(runners)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout_s)
    assert not any(thread.is_alive() for thread in threads), "a racer did not finish"
    return Counter(outcomes)
