"""The JSON web tokens: which there are, how long they live, and to which business each belongs.

Signed with a key derived from the installation's secret and the business's permanent id, and stamped with that id as
`aud`: a token of one business fails at another twice over. Time is judged by `kernel.clock`. Only HS256 is accepted,
whatever a token's header names.
"""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Self
from uuid import UUID

import jwt
from django.conf import settings
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenBackendError, TokenError
from rest_framework_simplejwt.tokens import Token

from kernel import clock
from kernel.ids import uuid7
from kernel.tenancy import current

from .errors import TokenExpired, TokenInvalid

ALGORITHM = "HS256"
_REQUIRED = ["aud", "exp", "iat", "jti", "sub", "token_type"]


class _BusinessBackend(TokenBackend):
    """Checks signature, algorithm and audience; leaves time to the token, which asks the product's clock."""

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        try:
            return dict(_claims(token, self.prepared_signing_key, str(self.audience)))
        except jwt.InvalidTokenError as error:
            raise TokenBackendError("Token is invalid") from error


@lru_cache(maxsize=4096)
def _claims(token: Any, key: str, audience: str) -> dict[str, Any]:
    """What a token says. Remembered, as the same is shown with each request: what is signed once stays signed."""
    return jwt.decode(
        token,
        key,
        algorithms=[ALGORITHM],
        audience=audience,
        options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False, "strict_aud": True},
    )


@lru_cache(maxsize=4096)
def _backend(public_id: str, secret: str) -> _BusinessBackend:
    key = hmac.new(secret.encode(), f"accounts.tokens:{public_id}".encode(), hashlib.sha256).hexdigest()
    return _BusinessBackend(ALGORITHM, signing_key=key, audience=public_id)


class BusinessToken(Token):
    """A token of the current business about one user (`sub`)."""

    may_be_early = False

    def __init__(self, token: Any = None, verify: bool = True) -> None:
        super().__init__(token, verify)
        if token is None:
            self.current_time = clock.now()
            self.set_iat(at_time=self.current_time)
            self.set_exp(from_time=self.current_time)
            self["jti"] = str(uuid7())

    def get_token_backend(self) -> TokenBackend:
        return _backend(current().public_id, settings.SECRET_KEY)

    def verify(self) -> None:
        self.verify_token_type()
        now = clock.now()
        issued, ends = (datetime.fromtimestamp(self.payload[claim], UTC) for claim in ("iat", "exp"))
        # A token issued later than now was issued before the clock was set back: by its end alone it would live on for as
        # long as the clock had been ahead.
        if ends <= now or (issued > now + clock.SKEW and not self.may_be_early):
            raise ExpiredTokenError("Token has expired")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The token in `text`. Raises TokenInvalid, TokenExpired."""
        try:
            return cls(text)
        except ExpiredTokenError as error:
            raise TokenExpired from error
        except TokenError as error:
            raise TokenInvalid from error

    def uuid(self, claim: str) -> UUID:
        """The claim as an id. Raises TokenInvalid."""
        try:
            return UUID(self.payload[claim])
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise TokenInvalid from error


class AccessToken(BusinessToken):
    """Opens the API for a quarter of an hour, as long as its sign-in (`sid`) stands."""

    token_type = "access"  # noqa: S105
    lifetime = settings.ACCESS_TOKEN_LIFETIME


class RefreshToken(BusinessToken):
    """Buys the next pair, once; its `jti` is the sign-in's `refresh`.

    One from before the clock was set back is good: else everybody would have to sign in again.
    """

    may_be_early = True
    token_type = "refresh"  # noqa: S105
    lifetime = settings.REFRESH_TOKEN_LIFETIME


class SessionToken(BusinessToken):
    """A browser's cookie: stands for its sign-in (`sid`) while its `jti` is the sign-in's `refresh`."""

    token_type = "session"  # noqa: S105
    lifetime = settings.REFRESH_TOKEN_LIFETIME


class SupportToken(BusinessToken):
    """The link by which the operator's support comes in; its `jti` is the visit, and it counts once."""

    token_type = "support"  # noqa: S105
    lifetime = timedelta(minutes=2)


class SelectionToken(BusinessToken):
    """Stands for a proven address until a profile is chosen; its `jti` is the challenge's `selection`."""

    token_type = "selection"  # noqa: S105
    lifetime = timedelta(minutes=5)


class EnrolmentToken(BusinessToken):
    """Stands for a right password where a second factor is required and none is on yet; void once the password changed
    (`was`) or a factor is on. Opens nothing but enrolment."""

    token_type = "enrolment"  # noqa: S105
    lifetime = timedelta(minutes=10)


class PasswordToken(BusinessToken):
    """Lets its bearer choose a password; void as soon as the password (`was`, a fingerprint) has changed."""

    token_type = "password"  # noqa: S105
    lifetime = timedelta(hours=1)
    invitation = timedelta(days=7)
