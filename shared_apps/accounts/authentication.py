"""How the API knows its caller: `Authorization: Bearer <access token>`, checked against its sign-in on each request."""

from typing import Any

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from kernel.http.actor import Actor

from .errors import TokenInvalid
from .selectors import actor_by_enrolment, actor_by_token


class TokenAuthentication(BaseAuthentication):
    """Gives the Actor behind the token; one query, which also loads roles and profiles."""

    def authenticate(self, request: Request) -> tuple[Actor, None] | None:
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        try:
            text = token.strip().decode("ascii")
        except UnicodeDecodeError as error:
            raise TokenInvalid from error
        return self.actor(text), None

    def actor(self, token: str) -> Actor:
        """Whom the token stands for. Raises TokenInvalid, TokenExpired, SignedOut."""
        return actor_by_token(token)

    def authenticate_header(self, request: Any) -> str:
        return 'Bearer realm="api"'


class EnrolmentAuthentication(TokenAuthentication):
    """Also takes the token of someone who has yet to set their second factor up; for the doors of that alone."""

    def actor(self, token: str) -> Actor:
        try:
            return actor_by_enrolment(token)
        except TokenInvalid:
            return super().actor(token)
