"""How a socket knows its caller: the subprotocols `bearer, <access token>`; never the URL, which ends up in logs."""

from collections.abc import Mapping
from typing import Any

from kernel.http.actor import Actor

from .errors import TokenInvalid
from .selectors import actor_by_token

SUBPROTOCOL = "bearer"


def authenticate(scope: Mapping[str, Any]) -> Actor:
    """Who opens this socket (an ASGI scope). Called inside the business's scope, outside the event loop.

    The server answers with subprotocol `bearer` and never echoes the token. Raises TokenInvalid, TokenExpired,
    SignedOut; the consumer closes with 4401 then.
    """
    offered = list(scope.get("subprotocols") or [])
    if len(offered) != 2 or offered[0] != SUBPROTOCOL:
        raise TokenInvalid
    return actor_by_token(offered[1])
