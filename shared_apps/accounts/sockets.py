"""How a socket knows its caller: the subprotocols `bearer, <access token>`, or the session's cookie; never the URL."""

from collections.abc import Mapping
from typing import Any

from kernel.http.actor import Actor

from . import sessions
from .errors import TokenInvalid
from .selectors import actor_by_session, actor_by_token

SUBPROTOCOL = "bearer"


def authenticate(scope: Mapping[str, Any]) -> Actor:
    """Who opens this socket (an ASGI scope). Called inside the business's scope, outside the event loop.

    The server answers with subprotocol `bearer` and never echoes the token; `cookies` are those of a handshake from the
    business's own pages. Raises TokenInvalid, TokenExpired, SignedOut; the consumer closes with 4401 then.
    """
    offered = list(scope.get("subprotocols") or [])
    if not offered and (text := scope.get("cookies", {}).get(sessions.name())):
        return actor_by_session(text)
    if len(offered) != 2 or offered[0] != SUBPROTOCOL:
        raise TokenInvalid
    return actor_by_token(offered[1])
