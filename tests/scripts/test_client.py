"""The client of stories and drills waits where it is told to come again in a minute, and takes every other no as one."""

import httpx

from scripts.story.client import Host

LATER = {"Retry-After": "0"}


def answering(*answers: httpx.Response) -> tuple[Host, list[httpx.Request]]:
    """A host that answers these, one after the other; and what it was asked."""
    host, asked, left = Host("asha.localhost", 1), [], list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return left.pop(0)

    host.http = httpx.Client(base_url="http://127.0.0.1:1", transport=httpx.MockTransport(answer))
    return host, asked


def test_a_full_minute_is_waited_for() -> None:
    full = httpx.Response(429, json={"code": "http.throttled"}, headers=LATER)
    host, asked = answering(full, full, httpx.Response(200, json={"id": "a"}))
    assert host.get("students") == {"id": "a"}
    assert len(asked) == 3


def test_a_limit_of_an_hour_is_an_answer() -> None:
    host, asked = answering(
        httpx.Response(429, json={"code": "accounts.otp_too_often"}, headers={"Retry-After": "3600"})
    )
    assert host.call("POST", "auth/send-otp", {"phone": "1"}).status_code == 429
    assert len(asked) == 1
