"""How the API knows its caller: `Authorization: Bearer <access token>`, checked against its sign-in on each request."""

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from kernel.http.actor import Actor

from .errors import TokenInvalid
from .selectors import actor_by_enrolment, actor_by_token


class TokenAuthentication(BaseAuthentication):
    """Gives the Actor behind the token; one query, which also loads roles and profiles."""

    def authenticate(self, request: Request) -> tuple[Actor, None] | None:
        scheme, _, token = request._request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        if not token.isascii():
            raise TokenInvalid
        return self.actor(token.strip()), None

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
