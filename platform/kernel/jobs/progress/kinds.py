"""What people are told of each kind of long work: its name, where its result is, how it is stopped. Apps add theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import NoReverseMatch, reverse

from kernel.jobs.progress.models import Progress


@dataclass(frozen=True, slots=True)
class Step:
    """One step of long work as it stands: waiting, running, done or failed."""

    title: str
    state: str
    error: str = ""
    seconds: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """`title` and `result_word` are shown; `page` and `errors` name pages that take the work's id.

    `cancel` stops the work while that is safe and raises a refusal when it no longer is. `steps` tells the steps of
    work whose parts have names.
    """

    title: Any  # translated when it is shown
    page: str = ""
    result_word: Any = ""
    errors: str = ""
    cancel: Callable[[UUID], None] | None = None
    steps: Callable[[Progress], list[Step]] | None = None


_kinds: dict[str, Kind] = {}


def register(name: str, kind: Kind) -> None:
    """Say what long work of this name (`people.import`) is; called when an app is ready."""
    _kinds[name] = kind


def kind_of(name: str) -> Kind:
    """What is known of a kind; one nobody spoke of goes by its name."""
    return _kinds.get(name) or Kind(title=name)


def address_of(page: str, work: UUID) -> str:
    """The page's address for this work; empty where this host has no such page."""
    if not page:
        return ""
    try:
        return reverse(page, args=[work])
    except NoReverseMatch:
        return ""
