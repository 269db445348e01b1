"""A Jitsi token opens one room, for one person, for a while."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest

from connectors.video.jitsi import Jitsi
from connectors.video.port import Part, Person, RoomInvalid

SECRET = "a-secret-of-at-least-thirty-two-bytes"
SERVER = Jitsi(domain="meet.shala.example", app_id="shala", secret=SECRET)
AT = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
TEACHER = Person("0192", "Meera Iyer", email="meera@asha.example")


def enter(room: str = "asha-maths-01", part: Part = Part.MODERATOR, lasts: timedelta = timedelta(hours=2)):
    return SERVER.enter(room=room, person=TEACHER, part=part, at=AT, expires_at=AT + lasts)


def read(token: str) -> dict:
    return jwt.decode(
        token,
        SECRET,
        algorithms=["HS256"],
        audience="shala",
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )


def test_the_claims_the_server_verifies() -> None:
    entry = enter()
    assert jwt.get_unverified_header(entry.token) == {"alg": "HS256", "typ": "JWT"}
    assert read(entry.token) == {
        "aud": "shala",
        "iss": "shala",
        "sub": "meet.shala.example",
        "room": "asha-maths-01",
        "iat": int(AT.timestamp()),
        "nbf": int(AT.timestamp()) - 30,
        "exp": int(AT.timestamp()) + 7200,
        "context": {"user": {"id": "0192", "name": "Meera Iyer", "email": "meera@asha.example"}},
        "moderator": True,
    }
    assert (entry.provider, entry.domain, entry.room) == ("jitsi", "meet.shala.example", "asha-maths-01")
    assert entry.url == "https://meet.shala.example/asha-maths-01"
    assert entry.expires_at == AT + timedelta(hours=2)


def test_a_student_does_not_moderate() -> None:
    assert read(enter(part=Part.MEMBER).token)["moderator"] is False


@pytest.mark.parametrize(
    "room",
    ["*", "", "short", "Asha-Maths-01", "asha maths", "asha/maths-01", "asha*maths", "a" * 81, "asha-maths-01\n"],
)
def test_no_token_for_more_than_one_room(room: str) -> None:
    with pytest.raises(RoomInvalid):
        enter(room)


@pytest.mark.parametrize("lasts", [timedelta(0), -timedelta(1), timedelta(hours=12, seconds=1)])
def test_an_entry_ends(lasts: timedelta) -> None:
    with pytest.raises(ValueError, match="12 hours"):
        enter(lasts=lasts)


def test_another_secret_does_not_verify() -> None:
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(enter().token, "b" * 40, algorithms=["HS256"], audience="shala")


def test_a_short_secret_is_refused_and_none_is_shown() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Jitsi(domain="d", app_id="a", secret="short")
    assert SECRET not in repr(SERVER)
    assert enter().token not in repr(enter())
