"""A hundred requests a minute for one caller, counted over all processes."""

import pytest
import redis
from django.conf import settings
from django.test import RequestFactory

from kernel.http.clients import client_ip, network
from kernel.http.redis import client
from tests.support.racing import race


def test_the_hundred_and_first_request_is_refused_and_says_when(caller):
    someone = caller("people.view")
    for used in range(1, 101):
        answer = someone.get("/api/v1/guarded")
        assert answer.status_code == 200
        assert answer["RateLimit-Limit"] == "100"
        assert answer["RateLimit-Remaining"] == str(100 - used)
        assert 1 <= int(answer["RateLimit-Reset"]) <= 60
    refused = someone.get("/api/v1/guarded")
    assert refused.status_code == 429
    assert refused.json()["code"] == "http.throttled"
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert refused.json()["retry_after"] == int(refused["Retry-After"])
    assert refused["RateLimit-Remaining"] == "0"
    assert caller("people.view").get("/api/v1/guarded").status_code == 200


def test_refused_requests_do_not_prolong_the_wait(caller):
    someone = caller()
    for _ in range(105):
        someone.get("/api/v1/open")
    keys = [key for key in client().scan_iter(f"{settings.REDIS_PREFIX}rate:*") if client().zcard(key) == 100]
    assert keys
    assert all(client().ttl(key) <= 60 for key in keys)


def test_unknown_clients_are_counted_by_address_and_host(caller, other_academy):
    def ask(address, **options):
        return caller(signed_in=False, **options).get("/api/v1/open", X_Forwarded_For=address)

    for _ in range(100):
        assert ask("203.0.113.9").status_code == 200
    assert ask("203.0.113.9").status_code == 429
    assert ask("203.0.113.10").status_code == 200
    assert ask("198.51.100.1, 203.0.113.9").status_code == 429
    assert ask("203.0.113.9", business=other_academy).status_code == 200


def test_guessed_tokens_are_counted(caller):
    guesser = caller("people.view")
    guesser.headers["Authorization"] = "Test forged"
    answers = [guesser.get("/api/v1/guarded", X_Forwarded_For="203.0.113.77").status_code for _ in range(102)]
    assert answers == [401] * 100 + [429] * 2


def test_racing_requests_pass_exactly_a_hundred(caller):
    someone = caller()
    outcomes = race(32, lambda _: tuple(someone.get("/api/v1/open").status_code for _ in range(4)))
    passed = sum(codes.count(200) * times for codes, times in outcomes.items())
    refused = sum(codes.count(429) * times for codes, times in outcomes.items())
    assert (passed, refused) == (100, 28)


def test_a_view_of_callbacks_is_exempt(caller):
    vendor = caller(signed_in=False)
    answers = {vendor.send("POST", "/api/v1/unthrottled").status_code for _ in range(120)}
    assert answers == {204}


def test_without_redis_requests_pass(caller, settings):
    from kernel.http import redis as door
    from kernel.http import throttles

    someone = caller()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    door.client.cache_clear()
    throttles._script.cache_clear()
    try:
        with pytest.raises(redis.RedisError):
            door.client().ping()
        assert someone.get("/api/v1/open").status_code == 200
    finally:
        door.client.cache_clear()
        throttles._script.cache_clear()


@pytest.mark.parametrize(
    ("peer", "forwarded", "believed"),
    [
        ("127.0.0.1", "203.0.113.1", "203.0.113.1"),
        ("127.0.0.1", "6.6.6.6, 203.0.113.1", "203.0.113.1"),
        ("203.0.113.5", "6.6.6.6", "203.0.113.5"),
        ("127.0.0.1", "", "127.0.0.1"),
    ],
)
def test_only_our_own_proxy_is_believed(peer, forwarded, believed):
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers)
    assert client_ip(request) == believed


def test_one_client_is_an_ipv4_address_or_an_ipv6_network():
    assert network("203.0.113.1") == "203.0.113.1"
    assert network("2001:db8:1:2:3::4") == network("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert network("nonsense") == "unknown"
