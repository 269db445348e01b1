"""Named places where a process may die. Tests kill one there for real and prove that nothing is lost or done twice.

A module registers its points when imported (`ORDER_ASKED = crash.register("payments.order_asked")`) and passes through
them (`crash.point(ORDER_ASKED)`). In a process started with `SHALA_CRASH_AT=payments.order_asked` (or `name:3` for the
third pass) the pass is fatal: SIGKILL, no clean-up, as a machine dies. Otherwise a point costs one comparison.
"""

import os
import signal
from itertools import count

_VARIABLE = "SHALA_CRASH_AT"

_registered: set[str] = set()
_passes = count(1)


def _wanted() -> tuple[str, int]:
    name, _, nth = os.environ.get(_VARIABLE, "").partition(":")
    return name, int(nth or 1)


_name, _nth = _wanted()


def register(name: str) -> str:
    """Declare a point `<app>.<what has just happened>` and give its name back."""
    _registered.add(name)
    return name


def registered() -> frozenset[str]:
    """Every point declared by the modules imported so far."""
    return frozenset(_registered)


def point(name: str) -> None:
    """Die here if this process was asked to."""
    if name == _name and next(_passes) == _nth:
        os.kill(os.getpid(), signal.SIGKILL)
