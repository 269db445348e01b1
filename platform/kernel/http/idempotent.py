"""`@idempotent` on a POST: the same key and body give the same answer, whatever happens in between."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

View = TypeVar("View", bound=Callable[..., Any])


def idempotent(method: View) -> View:
    """The method requires `Idempotency-Key` (1–200 visible characters) and runs once per key and caller."""
    from kernel.idempotency.guard import guarded

    @functools.wraps(method)
    def once(view: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        return guarded(method, view, request, *args, **kwargs)

    once.is_idempotent = True  # type: ignore[attr-defined]
    return cast(View, once)
