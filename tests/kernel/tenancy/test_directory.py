"""The look-up of businesses: asked once a second for a host, bounded whatever strangers send."""

from collections import Counter

import pytest

from kernel.tenancy import Business, TenancyError, directory
from shared_apps.tenants.models import Tenant
from tests.support.racing import race
from tests.support.tenants import tenant_make
from tests.support.workers import until


class Source:
    """Where a look-up asks; counts how often it was asked for a key."""

    def __init__(self, business: Business | None = None) -> None:
        self.business = business
        self.asked: Counter[str] = Counter()

    def read(self, cache: directory._Cache, key: str) -> Business | None:
        def load() -> Business | None:
            self.asked[key] += 1
            return self.business

        return cache.get(key, load)


def test_what_was_found_is_kept_a_second(academy: Business) -> None:
    cache, source = directory._Cache(), Source(academy)
    assert not cache.known("a")[0]
    for _ in range(100):
        assert source.read(cache, "a") is academy
    assert cache.known("a")[0]
    assert source.asked["a"] == 1


def test_after_a_second_it_is_asked_again(academy: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "TRUSTED_SECONDS", 0.0)
    cache, source = directory._Cache(), Source(academy)
    source.read(cache, "a")
    source.business = None
    assert not cache.known("a")[0]
    assert source.read(cache, "a") is None
    assert source.asked["a"] == 2


def test_strangers_fill_a_small_table_and_push_nobody_out(academy: Business) -> None:
    cache, known, strangers = directory._Cache(), Source(academy), Source()
    assert known.read(cache, "used") is academy
    for number in range(directory.STRANGERS + 500):
        assert strangers.read(cache, f"stranger-{number}") is None
    assert (len(cache._known), len(cache._strangers)) == (1, directory.STRANGERS)
    assert not cache.known("stranger-499")[0]
    assert cache.known("stranger-500")[0]
    assert cache.known("used")[0]


def test_tenants_beyond_its_capacity_are_asked_for_again(monkeypatch: pytest.MonkeyPatch, academy: Business) -> None:
    monkeypatch.setattr(directory, "CAPACITY", 10)
    cache, source = directory._Cache(), Source(academy)
    for number in range(11):
        source.read(cache, f"host-{number}")
    assert not cache.known("host-0")[0]
    assert cache.known("host-1")[0]
    assert len(cache._known) == 10


def test_a_host_somebody_takes_is_no_stranger_any_more(monkeypatch: pytest.MonkeyPatch, academy: Business) -> None:
    monkeypatch.setattr(directory, "TRUSTED_SECONDS", 0.0)
    cache, source = directory._Cache(), Source()
    assert source.read(cache, "taken") is None
    source.business = academy
    assert source.read(cache, "taken") is academy
    assert (len(cache._known), len(cache._strangers)) == (1, 0)


def test_many_threads_at_once_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "STRANGERS", 50)
    cache = directory._Cache()

    def reader(thread: int) -> bool:
        source = Source()
        return all(source.read(cache, f"h{(thread * 7 + step) % 200}") is None for step in range(500))

    assert race(32, reader) == {True: 32}
    assert len(cache._strangers) == 50


def test_a_business_is_found_by_either_host_and_by_schema(academy: Business) -> None:
    for name in (academy.slug, academy.public_id, academy.slug.upper()):
        assert directory.business_by_host(f"{name}.localhost") == academy
    assert directory.business_by_schema(academy.schema) == academy
    assert directory.business_by_host("localhost") == directory.business_by_schema("public")
    assert directory.business_by_host("nobody.localhost") is None


def test_a_schema_nobody_has_is_an_error() -> None:
    with pytest.raises(TenancyError, match="t_nobody"):
        directory.business_by_schema("t_nobody")


def test_what_was_cached_can_be_forgotten(academy: Business) -> None:
    host = f"{academy.slug}.localhost"
    # That it was made is told as well, perhaps only now.
    until(lambda: directory.business_by_host(host) and directory.known_by_host(host) == (True, academy), seconds=5)
    directory.forget()
    assert directory.known_by_host(host) == (False, None)
    assert directory.known_by_host("localhost") == (True, directory.business_by_schema("public"))


def test_only_living_businesses_run_the_schedule() -> None:
    made = {state: tenant_make(state=state).schema for state in Tenant.State.values}
    alive = {business.schema for business in directory.alive_businesses()}
    assert {state for state, schema in made.items() if schema in alive} == {"trial", "active", "past_due"}
