"""A hundred requests a minute for one caller, counted over all processes."""

import pytest
import redis
from django.conf import settings
from django.test import RequestFactory

from kernel.http import counting
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

    someone = caller()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    door.client.cache_clear()
    counting.forget()
    try:
        with pytest.raises(redis.RedisError):
            door.client().ping()
        assert someone.get("/api/v1/open").status_code == 200
    finally:
        door.client.cache_clear()
        counting.forget()


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


@pytest.fixture
def plan():
    """plan(business, per_minute): what the people of a business may send together."""
    from kernel import quotas
    from kernel.http import throttles
    from kernel.tenancy import tenant_scope

    def write(business, per_minute):
        with tenant_scope(business):
            quotas.set_limit("api_per_minute", per_minute)
        throttles._plan_limits.clear()

    return write


def test_the_people_of_a_tenant_share_what_its_plan_allows(caller, plan, academy, other_academy):
    plan(academy, 30)
    someone, other = caller("people.view"), caller("people.view")
    assert [each.get("/api/v1/guarded").status_code for each in [someone, other] * 15] == [200] * 30
    refused = other.get("/api/v1/guarded")
    assert refused.status_code == 429
    body = refused.json()
    assert body["code"] == "http.throttled"
    assert body["detail"] == "More than 30 requests of everyone here together, as the plan allows, in a minute."
    assert 1 <= body["retry_after"] == int(refused["Retry-After"]) <= 60
    assert (refused["RateLimit-Limit"], refused["RateLimit-Remaining"]) == ("30", "0")
    assert someone.get("/api/v1/guarded").status_code == 429
    assert caller("people.view").get("/api/v1/guarded").status_code == 429
    assert caller("people.view", business=other_academy).get("/api/v1/guarded").status_code == 200


def test_strangers_do_not_use_up_a_tenants_plan(caller, plan, academy):
    plan(academy, 5)
    stranger = caller(signed_in=False)
    answers = [stranger.get("/api/v1/open", X_Forwarded_For="203.0.113.55").status_code for _ in range(20)]
    assert answers == [200] * 20
    assert caller("people.view").get("/api/v1/guarded").status_code == 200


def test_what_a_plan_refuses_does_not_count_against_the_caller(caller, plan, academy):
    plan(academy, 3)
    someone = caller("people.view")
    assert [someone.get("/api/v1/guarded").status_code for _ in range(10)] == [200] * 3 + [429] * 7
    plan(academy, 1_000)
    answer = someone.get("/api/v1/guarded")
    assert (answer.status_code, answer["RateLimit-Remaining"]) == (200, "96")


def test_one_person_cannot_use_up_more_than_a_hundred_of_it(caller, plan, academy):
    plan(academy, 150)
    someone = caller("people.view")
    assert [someone.get("/api/v1/guarded").status_code for _ in range(110)] == [200] * 100 + [429] * 10
    other = caller("people.view")
    assert [other.get("/api/v1/guarded").status_code for _ in range(51)] == [200] * 50 + [429]


def test_racing_people_pass_exactly_what_the_plan_allows(caller, plan, academy):
    plan(academy, 40)
    people = [caller("people.view") for _ in range(32)]
    outcomes = race(32, lambda i: tuple(people[i].get("/api/v1/guarded").status_code for _ in range(2)))
    passed = sum(codes.count(200) * times for codes, times in outcomes.items())
    refused = sum(codes.count(429) * times for codes, times in outcomes.items())
    assert (passed, refused) == (40, 24)


def test_callbacks_are_exempt_from_the_plan_too(caller, plan, academy):
    plan(academy, 1)
    vendor = caller()
    assert {vendor.send("POST", "/api/v1/unthrottled").status_code for _ in range(120)} == {204}
