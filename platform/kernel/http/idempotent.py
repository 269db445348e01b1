"""`@idempotent` on a POST: the same key and body give the same answer, whatever happens in between."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

View = TypeVar("View", bound=Callable[..., Any])


def idempotent(method: View) -> View:
    """The method requires `Idempotency-Key` (1–200 visible characters) and runs once per key and caller.

    It runs in one transaction with the keeping of its answer: whoever dies in it has done nothing, and what was done is
    never done again. What it raises undoes its work.
    """
    return _once(method, whole=True)


def idempotent_in_phases(method: View) -> View:
    """The same for work that commits as it goes, as asking a gateway must.

    One that dies after its work and before its answer is kept is run again by the next equal request: everything it
    does has to bear that, by `request.idempotency_id` or by finding what stands.
    """
    return _once(method, whole=False)


def _once(method: View, *, whole: bool) -> View:
    from kernel.idempotency.guard import guarded

    @functools.wraps(method)
    def once(view: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        return guarded(functools.partial(method, view, request, *args, **kwargs), view, request, whole=whole)

    once.is_idempotent = True  # type: ignore[attr-defined]
    once.is_whole = whole  # type: ignore[attr-defined]
    return cast(View, once)
