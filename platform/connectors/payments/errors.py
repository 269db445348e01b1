"""What can go wrong between us and a gateway, told apart by the one question that matters: was anything sent?"""


class GatewayError(Exception):
    """Base of every failure of a gateway call. Its text never holds a credential."""


class NeverReached(GatewayError):
    """No connection stood (refused, name not found, certificate refused, connect time-out): nothing was sent.

    The only failure after which another gateway may be asked at once.
    """


class OutcomeUnknown(GatewayError):
    """The request left and no usable answer came (read time-out, reset, 5xx, unparsable 2xx).

    The gateway may have acted: look before anything else is tried, and repeat only with the same key.
    """


class Rejected(GatewayError):
    """The gateway read the request and refused it: a 4xx with its own code and words. Nothing was done."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message


class NotAuthorised(Rejected):
    """401 or 403: this business's credentials are wrong or not allowed this; other businesses are not concerned."""


class Duplicate(Rejected):
    """An order or refund of that reference exists, is being made, or carries other contents: fetch it and compare."""


class RateLimited(Rejected):
    """429. `retry_after` is the number of seconds the gateway asks for, None when it does not say."""

    def __init__(self, status: int, code: str, message: str, *, retry_after: float | None) -> None:
        super().__init__(status, code, message)
        self.retry_after = retry_after


class CallbackRefused(Exception):
    """A callback that must not have any effect."""


class SignatureInvalid(CallbackRefused):
    """Nobody who knows a secret of this account signed these bytes."""


class ForeignAccount(SignatureInvalid):
    """Rightly signed, but about another merchant account than the one it was delivered to."""


class MalformedCallback(CallbackRefused):
    """Rightly signed bytes that are not a callback of this gateway."""
