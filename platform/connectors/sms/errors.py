"""What can go wrong between us and a message vendor, by what may be done next."""

from enum import StrEnum


class Cause(StrEnum):
    """Why a vendor said no. Only ACCOUNT and WINDOW can pass without the message being changed."""

    ACCOUNT = "account"  # key, address allow-list, balance, expiry: the operator's own set-up
    WINDOW = "window"  # outside the hours its route is open
    NUMBER = "number"
    TEMPLATE = "template"
    DLT = "dlt"  # scrubbed by the registry: no vendor can carry it
    OTHER = "other"


class SmsError(Exception):
    """Base of every failure of a vendor call."""


class NeverReached(SmsError):
    """Nothing was sent: the name was not found, the connection or its TLS was refused, or connecting took too long."""


class OutcomeUnknown(SmsError):
    """The request left and no usable answer came: it may or may not have been accepted. Never resent by itself."""


class RateLimited(SmsError):
    """The vendor asks to wait (HTTP 429). `retry_after` in seconds, None when it does not say."""

    def __init__(self, retry_after: int | None = None) -> None:
        super().__init__("rate limited")
        self.retry_after = retry_after


class Refused(SmsError):
    """The vendor answered that it does not take the request. `code` is the vendor's, "" when it gives none."""

    def __init__(self, message: str, *, cause: Cause, code: str = "") -> None:
        super().__init__(message)
        self.message, self.cause, self.code = message, cause, code

    @property
    def may_pass(self) -> bool:
        """Whether the same request may be taken later, once hours or the account allow."""
        return self.cause in {Cause.ACCOUNT, Cause.WINDOW}


class MalformedReport(SmsError):
    """A delivery report that cannot be read."""
