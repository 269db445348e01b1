"""Refusals of the callback door and of its log."""

from kernel.errors import DomainError


class CallbackUnknown(DomainError):
    """The business has no such callback."""

    code = "inbox.unknown"
    status = 404
    title = "There is no such callback"
    action = "Take an id from the list of callbacks."


class NotReplayable(DomainError):
    """A refused callback was never believed, and one that waits is on its way."""

    code = "inbox.not_replayable"
    status = 409
    title = "This callback cannot be replayed"
    action = "Only callbacks that were processed, ignored or failed can be worked on again."


class CallbackRefused(DomainError):
    """The signature does not hold, or the body is no callback of this source."""

    code = "inbox.refused"
    status = 401
    title = "This callback is not accepted"
    action = "Sign the raw body with the secret configured for this address."


class CallbackTooLarge(DomainError):
    code = "inbox.too_large"
    status = 413
    title = "The callback is too large"
    action = "Send at most 1 MiB."


class NoSuchEndpoint(DomainError):
    code = "inbox.no_such_endpoint"
    status = 404
    title = "Nothing receives callbacks at this address"
    action = "Check the address registered with the vendor."


class PostOnly(DomainError):
    code = "inbox.post_only"
    status = 405
    title = "Callbacks are sent with POST"
    action = "Send a POST request."
    headers = {"Allow": "POST"}


class TryLater(DomainError):
    """The callback could not be stored; it is not acknowledged, so the vendor sends it again."""

    code = "inbox.try_later"
    status = 503
    title = "The callback could not be stored"
    action = "Send it again."
    headers = {"Retry-After": "5"}
