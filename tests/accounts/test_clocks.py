"""What tokens and codes are worth when the clock jumps an hour, either way.

Right is what the clock can know. An hour ahead, what has a shorter life is over. Back again, what was issued before the
jump is good until its own end, for nobody noted that it was refused meanwhile; what was issued during the jump is not
yet issued, and since its end alone would let it live an hour longer, it is over.
"""

from typing import Any

import pytest

from kernel.tenancy import Business
from shared_apps.accounts.models import User
from tests.accounts.asking import ask, give
from tests.conftest import TestClock
from tests.support.otp import code_sent
from tests.support.people import Client, anyone, api, signed_in


def opens(client: Client) -> tuple[int, str]:
    answer = client.get("auth/me")
    return answer.status_code, "" if answer.status_code == 200 else answer.json()["code"]


def refreshed(client: Client, refresh: str) -> Any:
    return anyone(client.business).post("auth/refresh", {"refresh": refresh})


EXPIRED = (401, "accounts.token_expired")


def test_an_access_token_lives_its_quarter_hour_and_ends_with_it(academy: Business, clock: TestClock) -> None:
    client = signed_in(academy)
    clock.move(hours=1)
    assert opens(client) == EXPIRED
    clock.move(hours=-1)
    assert opens(client)[0] == 200
    clock.move(minutes=15, seconds=1)
    assert opens(client) == EXPIRED
    clock.move(hours=-1)
    assert opens(client) == EXPIRED, "issued three quarters of an hour from now"


def test_a_token_issued_before_the_clock_was_set_back_is_over_and_its_refresh_token_good(
    academy: Business, clock: TestClock
) -> None:
    clock.move(hours=1)
    client = signed_in(academy)
    assert opens(client)[0] == 200
    clock.move(hours=-1)
    assert opens(client) == EXPIRED
    assert client.tokens
    pair = refreshed(client, client.tokens.refresh)
    assert pair.status_code == 200
    renewed = api(academy, pair.json()["access"])
    assert opens(renewed)[0] == 200
    clock.move(minutes=15, seconds=1)
    assert opens(renewed) == EXPIRED
    # A refresh token still counts once.
    assert refreshed(client, client.tokens.refresh).json()["code"] == "accounts.signed_out"


def test_a_machine_a_little_ahead_issues_good_tokens(academy: Business, clock: TestClock) -> None:
    clock.move(seconds=50)
    client = signed_in(academy)
    clock.move(seconds=-50)
    assert opens(client)[0] == 200


def test_a_code_is_good_for_its_five_minutes_alone(academy: Business, mother: User, clock: TestClock) -> None:
    phone = str(mother.phone)
    assert ask(academy, phone).status_code == 200
    code = code_sent(academy, phone)
    clock.move(hours=1)
    assert give(academy, phone, code).json()["code"] == "accounts.otp_void"
    clock.move(minutes=-56)
    assert give(academy, phone, code).status_code == 200
    assert give(academy, phone, code).json()["code"] == "accounts.otp_void"


@pytest.mark.parametrize("gap", [59, 61])
def test_a_code_sent_before_the_clock_was_set_back_is_void_and_keeps_nobody_waiting(
    academy: Business, mother: User, clock: TestClock, gap: int
) -> None:
    """Who waits for a code can have another at once, and from then on a minute lies between two, as ever."""
    phone = str(mother.phone)
    clock.move(hours=1)
    assert ask(academy, phone).status_code == 200
    early = code_sent(academy, phone)
    clock.move(hours=-1)
    assert give(academy, phone, early).json()["code"] == "accounts.otp_void"
    assert ask(academy, phone).status_code == 200
    code = code_sent(academy, phone)
    clock.move(seconds=gap)
    again = ask(academy, phone)
    assert again.status_code == (429 if gap < 60 else 200), again.content
    assert give(academy, phone, code if gap < 60 else code_sent(academy, phone)).status_code == 200
