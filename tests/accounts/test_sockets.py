"""How a socket proves its caller: by subprotocol only, in the scope of its host."""

from typing import Any

import pytest

from kernel.tenancy import Business, tenant_scope
from shared_apps.accounts.errors import SignedOut, TokenInvalid
from shared_apps.accounts.services import sign_in_end
from shared_apps.accounts.sockets import authenticate
from tests.support.people import signed_in


def test_a_token_in_the_subprotocol_is_the_caller(academy: Business) -> None:
    client = signed_in(academy, "staff", "teacher")
    assert client.tokens
    assert client.user
    with tenant_scope(academy):
        actor = authenticate({"subprotocols": ["bearer", client.token]})
        assert (actor.kind, actor.user_id, actor.sign_in) == ("staff", client.user.id, client.tokens.sign_in)
        assert actor.can("classes.start")
        sign_in_end(sign_in=client.tokens.sign_in)
        with pytest.raises(SignedOut):
            authenticate({"subprotocols": ["bearer", client.token]})


@pytest.mark.parametrize(
    "scope",
    [
        {},
        {"subprotocols": []},
        {"subprotocols": ["bearer"]},
        {"subprotocols": ["token", "TOKEN"]},
        {"subprotocols": ["bearer", "TOKEN", "more"]},
        {"subprotocols": ["bearer", "not-a-token"]},
        {"query_string": b"token=TOKEN"},
        {"headers": [(b"authorization", b"Bearer TOKEN")]},
    ],
    ids=str,
)
def test_nothing_else_is_taken(academy: Business, scope: dict[str, Any]) -> None:
    client = signed_in(academy)
    filled = {
        key: [client.token if v == "TOKEN" else v for v in value] if key == "subprotocols" else value
        for key, value in scope.items()
    }
    with tenant_scope(academy), pytest.raises(TokenInvalid):
        authenticate(filled)


def test_a_token_of_another_business_is_not_taken(academy: Business, other_academy: Business) -> None:
    client = signed_in(academy)
    with tenant_scope(other_academy), pytest.raises(TokenInvalid):
        authenticate({"subprotocols": ["bearer", client.token]})
