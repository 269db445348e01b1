"""The port to live-video providers: who enters which room, in which part, until when."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

LONGEST = timedelta(hours=12)


class Part(StrEnum):
    """What a person may do in a room: the teacher moderates, a speaker is seen and heard, a member follows."""

    MODERATOR = "moderator"
    SPEAKER = "speaker"
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
    """What a client needs to enter: the provider's host, the room and a token for just this person and room.

    `url` carries no token: addresses are logged and shared. It is blank where the provider has no page to open, only a
    kit for apps; such a kit asks for `app_id` and `account` as well.
    """

    provider: str
    domain: str
    room: str
    url: str
    expires_at: datetime
    token: str = field(repr=False)
    app_id: str = ""
    account: str = ""


class RoomInvalid(ValueError):
    """A room name that would open more than one room, or that the provider would read otherwise than we do."""


class CredentialsInvalid(ValueError):
    """Credentials with which the provider would let nobody in; `field` is the one that is wrong."""

    def __init__(self, words: str, *, field: str) -> None:
        super().__init__(words)
        self.field = field


class VideoProvider(Protocol):
    @property
    def name(self) -> str: ...

    def enter(self, *, room: str, person: Person, part: Part, at: datetime, expires_at: datetime) -> Entry:
        """Let one person into one room from `at` until `expires_at`, at most 12 hours away.

        Raises RoomInvalid, ValueError.
        """
        ...


def room_checked(room: str, pattern: re.Pattern[str], words: str) -> None:
    """Raises RoomInvalid unless the whole name fits the pattern."""
    if pattern.fullmatch(room) is None:
        raise RoomInvalid(words)


def span_checked(at: datetime, expires_at: datetime) -> None:
    """Raises ValueError unless an entry begins before it ends, within the longest there is."""
    if not at < expires_at <= at + LONGEST:
        raise ValueError("an entry ends within 12 hours")
