"""A self-hosted Jitsi Meet: tokens its XMPP server verifies itself (HS256), so entering needs no call to it.

Claims as jitsi/lib-jitsi-meet's `doc/tokens.md`. A token for room "*" opens every room of the server and is never made.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import jwt

from connectors.video.port import CredentialsInvalid, Entry, Part, Person, room_checked, span_checked

# The server lower-cases room names: one with capitals would not match its token.
_ROOM = re.compile(r"[a-z0-9][a-z0-9_-]{7,79}")
_SECRET_BYTES = 32
_CLOCK_SKEW = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Jitsi:
    """One server. `secret` is the one its Prosody knows for `app_id`; at least 32 bytes (RFC 7518, 3.2)."""

    domain: str
    app_id: str
    secret: str = field(repr=False)
    name: str = "jitsi"

    def __post_init__(self) -> None:
        if len(self.secret.encode()) < _SECRET_BYTES:
            raise CredentialsInvalid(f"the Jitsi secret needs at least {_SECRET_BYTES} bytes", field="secret")

    def enter(self, *, room: str, person: Person, part: Part, at: datetime, expires_at: datetime) -> Entry:
        """Let one person into one room until `expires_at`, at most 12 hours away. Raises RoomInvalid, ValueError."""
        room_checked(room, _ROOM, "a room is 8 to 80 characters of a-z, 0-9, - and _")
        span_checked(at, expires_at)
        user = {"id": person.id, "name": person.name, "email": person.email, "avatar": person.avatar}
        token = jwt.encode(
            {
                "aud": self.app_id,
                "iss": self.app_id,
                "sub": self.domain,
                "room": room,
                "iat": at,
                "nbf": at - _CLOCK_SKEW,
                "exp": expires_at,
                "context": {"user": {name: value for name, value in user.items() if value}},
                "moderator": part is Part.MODERATOR,
            },
            self.secret,
            algorithm="HS256",
        )
        return Entry(
            provider=self.name,
            domain=self.domain,
            room=room,
            url=f"https://{self.domain}/{room}",
            expires_at=expires_at,
            token=token,
        )
