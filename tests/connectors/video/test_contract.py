"""What every provider of live video promises the apps that use it."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.video.agora import Agora
from connectors.video.jitsi import Jitsi
from connectors.video.port import Entry, Part, Person, RoomInvalid, VideoProvider

SECRETS = {"jitsi": "a-secret-of-at-least-thirty-two-bytes", "agora": "fedcba9876543210fedcba9876543210"}
PROVIDERS: list[VideoProvider] = [
    Jitsi(domain="meet.shala.example", app_id="shala", secret=SECRETS["jitsi"]),
    Agora(app_id="0123456789abcdef" * 2, certificate=SECRETS["agora"], page="meet.asha.example"),
]
AT = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)


def enter(
    provider: VideoProvider,
    *,
    room: str = "asha-maths-01",
    who: str = "0192",
    part: Part = Part.MEMBER,
    lasts: timedelta = timedelta(hours=2),
) -> Entry:
    return provider.enter(room=room, person=Person(who, "Meera Iyer"), part=part, at=AT, expires_at=AT + lasts)


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda one: one.name)
class TestProviders:
    def test_an_entry_names_its_room_and_its_end_and_shows_no_token(self, provider: VideoProvider) -> None:
        entry = enter(provider)
        assert (entry.provider, entry.room, entry.expires_at) == (
            provider.name,
            "asha-maths-01",
            AT + timedelta(hours=2),
        )
        assert entry.url == f"https://{entry.domain}/asha-maths-01"
        assert entry.token
        assert entry.token not in entry.url + repr(entry)
        assert SECRETS[provider.name] not in repr(provider)

    @pytest.mark.parametrize(
        "room", ["*", "", "short", "Asha-Maths-01", "asha maths", "asha/maths-01", "a" * 81, "asha-maths-01\n"]
    )
    def test_no_room_that_is_read_otherwise(self, provider: VideoProvider, room: str) -> None:
        with pytest.raises(RoomInvalid):
            enter(provider, room=room)

    @pytest.mark.parametrize("lasts", [timedelta(0), -timedelta(1), timedelta(hours=12, seconds=1)])
    def test_an_entry_ends(self, provider: VideoProvider, lasts: timedelta) -> None:
        with pytest.raises(ValueError, match="12 hours"):
            enter(provider, lasts=lasts)

    def test_rooms_persons_and_parts_each_have_a_token_of_their_own(self, provider: VideoProvider) -> None:
        tokens = {
            enter(provider).token,
            enter(provider, room="asha-maths-02").token,
            enter(provider, who="0193").token,
            enter(provider, part=Part.MODERATOR).token,
        }
        assert len(tokens) == 4
