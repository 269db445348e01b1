"""Steps of long work on a tenant, as pages list them."""

from collections.abc import Iterable
from typing import Any

from shared_apps.console import words


def steps_shown(steps: Iterable[Any]) -> list[Any]:
    """The steps, each with `seconds`: how long it took, in words, or nothing while it has not ended."""
    rows = list(steps)
    for row in rows:
        is_over = row.finished_at and row.started_at
        row.seconds = words.lasted(row.finished_at - row.started_at) if is_over else ""
    return rows
