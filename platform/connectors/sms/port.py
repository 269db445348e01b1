"""The port to short-message vendors: frozen request and answer types, and what a vendor must be able to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person of a batch. `phone` is E.164; `reference` is ours and begins with the business's public id."""

    reference: str
    phone: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Batch:
    """One call: the same approved template to many people.

    `template` is the vendor's id of it and `dlt` the registry's, for vendors that do not keep the two together;
    `unicode` follows the counted encoding.
    """

    template: str
    recipients: tuple[Recipient, ...]
    header: str = ""
    dlt: str = ""
    unicode: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """The vendor took the whole batch under this reference."""

    vendor_reference: str


class Verdict(StrEnum):
    """What a report says of one recipient. Anything a vendor says that we do not know is UNDERWAY, never an end."""

    UNDERWAY = "underway"
    FAILED = "failed"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class Report:
    """One recipient's fate as told by the vendor. Empty strings where it does not say.

    `phone` is E.164; `at` is aware UTC; `code` and `reason` are the vendor's words; `dlt` marks a refusal of the
    registry, which no other vendor would change.
    """

    vendor_reference: str
    phone: str
    reference: str
    verdict: Verdict
    code: str = ""
    reason: str = ""
    at: datetime | None = None
    dlt: bool = False


class SmsVendor(Protocol):
    """A stateless translator; safe to share between threads."""

    name: str

    def send(self, batch: Batch) -> Accepted:
        """Hand over a batch. Raises NeverReached, OutcomeUnknown, RateLimited, Refused."""
        ...

    def balance(self) -> int:
        """Messages left in the operator's account at the vendor. Raises the same."""
        ...

    def reports(self, headers: Mapping[str, str], body: bytes) -> list[Report]:
        """Read a delivery callback. Raises MalformedReport."""
        ...
