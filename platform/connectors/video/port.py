"""The port to live-video providers: who enters which room, in which part, until when."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Part(StrEnum):
    """What a person may do in a room: the teacher moderates."""

    MODERATOR = "moderator"
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class Person:
    """Who enters. `id` is ours; the name is shown to the others in the room."""

    id: str
    name: str
    email: str = ""
    avatar: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a browser needs to enter: the provider's host, the room and a token for just this person and room.

    `url` carries no token: addresses are logged and shared.
    """

    provider: str
    domain: str
    room: str
    url: str
    expires_at: datetime
    token: str = field(repr=False)


class RoomInvalid(ValueError):
    """A room name that would open more than one room, or that the provider would read otherwise than we do."""


class VideoProvider(Protocol):
    name: str

    def enter(self, *, room: str, person: Person, part: Part, at: datetime, expires_at: datetime) -> Entry:
        """Let one person into one room from `at` until `expires_at`. Raises RoomInvalid."""
        ...
