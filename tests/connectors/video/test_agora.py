"""An Agora token is the one Agora's own builder makes, opens one channel for one account, and is signed."""

import base64
import json
import struct
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.video.agora import Agora, access_token
from connectors.video.port import CredentialsInvalid, Part, Person

KNOWN = json.loads((Path(__file__).parent / "agora_tokens.json").read_text())
AT = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
PROJECT = Agora(app_id=KNOWN["app_id"], certificate=KNOWN["certificate"])


def unpacked(token: str) -> bytes:
    """What was compressed: builds of zlib may pack the same bytes differently."""
    assert token.startswith("007")
    return zlib.decompress(base64.b64decode(token[3:]))


def read(token: str) -> dict[str, Any]:
    raw = unpacked(token)

    def text(at: int) -> tuple[bytes, int]:
        (length,) = struct.unpack_from("<H", raw, at)
        return raw[at + 2 : at + 2 + length], at + 2 + length

    signature, at = text(0)
    app_id, at = text(at)
    issued, seconds, salt, services, kind, count = struct.unpack_from("<IIIHHH", raw, at)
    at += 18
    granted = dict(struct.unpack_from("<HI", raw, at + 6 * number) for number in range(count))
    channel, at = text(at + 6 * count)
    account, at = text(at)
    assert (len(signature), services, kind, at) == (32, 1, 1, len(raw))
    return {
        "app_id": app_id.decode(),
        "issued": issued,
        "seconds": seconds,
        "salt": salt,
        "granted": granted,
        "channel": channel.decode(),
        "account": account.decode(),
    }


def made(known: dict[str, Any], **changes: Any) -> str:
    facts = {
        "app_id": KNOWN["app_id"],
        "certificate": KNOWN["certificate"],
        "privileges": dict.fromkeys(known["privileges"], known["privilege_seconds"]),
        **{name: known[name] for name in ("channel", "account", "issued", "seconds", "salt")},
        **changes,
    }
    return access_token(**facts)


@pytest.mark.parametrize("known", KNOWN["tokens"], ids=lambda known: known["case"])
def test_tokens_are_agoras_own_byte_for_byte(known: dict[str, Any]) -> None:
    assert unpacked(made(known)) == unpacked(known["token"])
    assert unpacked(made(known, certificate="0" * 32)) != unpacked(known["token"])


@given(
    channel=st.from_regex(r"[a-z0-9][a-z0-9_-]{7,62}", fullmatch=True),
    account=st.text(max_size=60).filter(lambda text: text != "0"),
    spans=st.dictionaries(st.integers(1, 4), st.integers(1, 86_400), min_size=1),
    issued=st.integers(1, 2**32 - 1),
    salt=st.integers(1, 99_999_999),
)
def test_what_is_packed_is_read_back(channel: str, account: str, spans: dict[int, int], issued: int, salt: int) -> None:
    facts: dict[str, Any] = {
        "channel": channel,
        "account": account,
        "issued": issued,
        "seconds": 3600,
        "salt": salt,
    }
    token = access_token(app_id=KNOWN["app_id"], certificate=KNOWN["certificate"], privileges=spans, **facts)
    assert read(token) == {"app_id": KNOWN["app_id"], "granted": spans, **facts}


def entered(part: Part, account: str = "0192") -> dict[str, Any]:
    person = Person(account, "Meera Iyer")
    entry = PROJECT.enter(room="asha-maths-01", person=person, part=part, at=AT, expires_at=AT + timedelta(hours=2))
    assert (entry.provider, entry.app_id, entry.account) == ("agora", KNOWN["app_id"], account)
    return read(entry.token)


@pytest.mark.parametrize(
    ("part", "granted"), [(Part.MODERATOR, {1, 2, 3, 4}), (Part.SPEAKER, {1, 2, 3, 4}), (Part.MEMBER, {1})]
)
def test_members_listen_and_others_are_heard_until_the_entry_ends(part: Part, granted: set[int]) -> None:
    claims = entered(part)
    assert claims["granted"] == dict.fromkeys(granted, 7200)
    assert (claims["channel"], claims["account"], claims["seconds"]) == ("asha-maths-01", "0192", 7200)


@pytest.mark.parametrize("account", ["", "0", "a" * 256])
def test_no_token_for_anybody(account: str) -> None:
    with pytest.raises(ValueError, match="one account"):
        entered(Part.MEMBER, account)


@pytest.mark.parametrize(
    ("field", "facts"),
    [
        ("app_id", {"app_id": "short"}),
        ("app_id", {"app_id": "g" * 32}),
        ("secret", {"certificate": ""}),
        ("secret", {"certificate": "f" * 33}),
        ("domain", {"page": "https://meet.example"}),
        ("domain", {"page": "meet"}),
    ],
)
def test_credentials_that_let_nobody_in_are_refused(field: str, facts: dict[str, str]) -> None:
    with pytest.raises(CredentialsInvalid) as refused:
        Agora(**{"app_id": KNOWN["app_id"], "certificate": KNOWN["certificate"], **facts})
    assert refused.value.field == field


def test_a_page_is_opened_only_where_the_tenant_has_one() -> None:
    with_page = Agora(app_id=KNOWN["app_id"], certificate=KNOWN["certificate"], page="meet.asha.example")
    for provider, url in ((PROJECT, ""), (with_page, "https://meet.asha.example/asha-maths-01")):
        entry = provider.enter(
            room="asha-maths-01",
            person=Person("0192", "Meera Iyer"),
            part=Part.MEMBER,
            at=AT,
            expires_at=AT + timedelta(hours=1),
        )
        assert entry.url == url
