"""Who may call back, at which address, and how a call is believed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from kernel.tenancy import Business

MAX_DELIVERY_ID = 200
MAX_EVENT = 100


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a call is believed. `delivery_id` is the vendor's name for this delivery (repeats carry the same),
    `event` what it says happened, `reason` why it is refused, `answer` the JSON the vendor wants to read.
    """

    believed: bool
    delivery_id: str = ""
    event: str = ""
    reason: str = ""
    answer: dict[str, Any] | None = None


def accepted(delivery_id: str, event: str = "", *, answer: dict[str, Any] | None = None) -> Verdict:
    """Believed. Without a delivery id the body itself names the delivery."""
    return Verdict(True, delivery_id[:MAX_DELIVERY_ID], event[:MAX_EVENT], answer=answer)


def refused(reason: str) -> Verdict:
    """Not believed: answered 401 and kept for the log, never worked on."""
    return Verdict(False, reason=reason)


Verify = Callable[[Business, Mapping[str, str], bytes], Verdict]


@dataclass(frozen=True, slots=True)
class Source:
    """One vendor's address below `/api/v1/` on every host."""

    name: str
    path: str
    verify: Verify
    handler: str


_sources: dict[str, Source] = {}


def source(name: str, *, path: str, verify: Verify, handler: str) -> Source:
    """Register a vendor: `verify(business, headers, raw body)` is called in the business's scope.

    Header names are lower case; a header sent twice has both values joined by a comma; `:query` is the raw query
    string. `verify` compares in constant time and never raises for what a stranger may send. `handler` is the job
    that works on a believed call: `handler(*, callback: str)`.
    """
    known = _sources.get(path)
    if known is not None and known.name != name:
        raise ImproperlyConfigured(f"{path} belongs to {known.name}, not {name}")
    _sources[path] = Source(name, path, verify, handler)
    return _sources[path]


def source_at(path: str) -> Source | None:
    """The source of an address without its `/api/v1/`."""
    return _sources.get(path)


def sources() -> dict[str, Source]:
    """Every registered source by path."""
    return dict(_sources)
