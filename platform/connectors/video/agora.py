"""Agora: AccessToken2 (007) made here, so entering needs no call to it.

The layout is Agora's own (`AgoraIO/Tools`, DynamicKey/AgoraDynamicKey). What PyPI has under its name makes 006 tokens
(agora-token-builder, one release, 2021) or is no release of Agora's; the format is twenty lines of packing, held to
tokens of Agora's own builder byte for byte.
"""

import base64
import hashlib
import hmac
import re
import secrets
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from connectors.video.port import CredentialsInvalid, Entry, Part, Person, room_checked, span_checked

# Agora takes more signs and up to 63 bytes; ours are the ones every provider reads alike.
_ROOM = re.compile(r"[a-z0-9][a-z0-9_-]{7,62}")
_HEX = re.compile(r"[0-9a-fA-F]{32}")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+")
_ACCOUNT_BYTES = 255
_RTC = 1
_JOIN, _AUDIO, _VIDEO, _DATA = 1, 2, 3, 4
_PRIVILEGES = {
    Part.MODERATOR: (_JOIN, _AUDIO, _VIDEO, _DATA),
    Part.SPEAKER: (_JOIN, _AUDIO, _VIDEO, _DATA),
    Part.MEMBER: (_JOIN,),
}


@dataclass(frozen=True, slots=True)
class Agora:
    """One project of Agora's. `page` is the host that shows its rooms in a browser, if the tenant runs one.

    Agora holds members to listening only where "co-host token authentication" is switched on for the project.
    """

    app_id: str
    certificate: str = field(repr=False)
    page: str = ""
    name: str = "agora"

    def __post_init__(self) -> None:
        for what, value in (("app_id", self.app_id), ("secret", self.certificate)):
            if _HEX.fullmatch(value) is None:
                raise CredentialsInvalid("Agora's ids and certificates are 32 digits of 0-9 and a-f", field=what)
        if self.page and _HOST.fullmatch(self.page) is None:
            raise CredentialsInvalid("that is not the name of a host", field="domain")

    def enter(self, *, room: str, person: Person, part: Part, at: datetime, expires_at: datetime) -> Entry:
        """Let one person into one channel. Raises RoomInvalid, ValueError.

        An account named "" or "0" is anybody to Agora: nobody is let in as that.
        """
        if person.id in {"", "0"} or len(person.id.encode()) > _ACCOUNT_BYTES:
            raise ValueError("a token is for one account of at most 255 bytes")
        room_checked(room, _ROOM, "a channel is 8 to 63 characters of a-z, 0-9, - and _")
        span_checked(at, expires_at)
        seconds = int((expires_at - at).total_seconds())
        token = access_token(
            app_id=self.app_id,
            certificate=self.certificate,
            channel=room,
            account=person.id,
            privileges=dict.fromkeys(_PRIVILEGES[part], seconds),
            issued=int(at.timestamp()),
            seconds=seconds,
            salt=secrets.randbelow(99_999_999) + 1,
        )
        return Entry(
            provider=self.name,
            domain=self.page,
            room=room,
            url=f"https://{self.page}/{room}" if self.page else "",
            expires_at=expires_at,
            token=token,
            app_id=self.app_id,
            account=person.id,
        )


def access_token(
    *,
    app_id: str,
    certificate: str,
    channel: str,
    account: str,
    privileges: Mapping[int, int],
    issued: int,
    seconds: int,
    salt: int,
) -> str:
    """A 007 token for one channel and one account, "0" being anybody; spans are seconds from `issued`."""
    account = "" if account == "0" else account
    granted = struct.pack("<H", len(privileges))
    granted += b"".join(struct.pack("<HI", name, span) for name, span in sorted(privileges.items()))
    service = struct.pack("<H", _RTC) + granted + _text(channel.encode()) + _text(account.encode())
    signed = _text(app_id.encode()) + struct.pack("<IIIH", issued, seconds, salt, 1) + service
    key = _mac(struct.pack("<I", salt), _mac(struct.pack("<I", issued), certificate.encode()))
    return "007" + base64.b64encode(zlib.compress(_text(_mac(key, signed)) + signed)).decode()


def _text(raw: bytes) -> bytes:
    return struct.pack("<H", len(raw)) + raw


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()
