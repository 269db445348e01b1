"""What one process lets pass without asking, and what many of them may let pass too many."""

import importlib.util
from types import ModuleType

import pytest
import redis
from django.conf import settings
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from kernel.http import counting
from kernel.http.redis import client
from kernel.ids import uuid7

LIMIT, UNTOLD = 100, 100 // counting.UNTOLD_PART


def process() -> ModuleType:
    """The module as another process has it: all it knows is its own."""
    spec = importlib.util.spec_from_file_location("counting_elsewhere", str(counting.__file__))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def name() -> str:
    return uuid7().hex


def told(name: str) -> int:
    """How many requests Redis knows of."""
    return int(client().zcard(f"{settings.REDIS_PREFIX}rate:{name}"))


def test_a_burst_asks_once_and_tells_of_the_rest_with_the_next_it_asks_for(name):
    known = []
    for used in range(1, 10):
        counted = counting.count({name: LIMIT})
        assert (counted.is_full, counted.left) == (False, LIMIT - used)
        known.append(told(name))
    assert known == [1, 1, 1, 1, 5, 5, 5, 5, 9]


def test_from_the_half_on_every_request_is_asked_for(name):
    for used in range(1, LIMIT + 1):
        assert not counting.count({name: LIMIT}).is_full
        assert used - told(name) <= (UNTOLD if used <= LIMIT / 2 else 0)
    refused = counting.count({name: LIMIT})
    assert (refused.is_full, refused.name, refused.limit, refused.left) == (True, name, LIMIT, 0)
    assert 1 <= refused.wait_s <= counting.WINDOW_S
    assert told(name) == LIMIT


def test_a_small_limit_is_always_asked_for(name):
    for used in range(1, 6):
        counting.count({name: 20})
        assert told(name) == used


def test_what_was_heard_long_ago_lets_nobody_pass(name, monkeypatch):
    monkeypatch.setattr(counting, "TRUSTED_S", 0.0)
    for used in range(1, 6):
        counting.count({name: LIMIT})
        assert told(name) == used


def test_a_counter_without_room_has_all_of_them_asked(name):
    small = uuid7().hex
    for used in range(1, 4):
        assert not counting.count({name: LIMIT, small: 3}).is_full
        assert (told(name), told(small)) == (used, used)
    refused = counting.count({name: LIMIT, small: 3})
    assert (refused.is_full, refused.name, refused.left) == (True, small, 0)
    assert (told(name), told(small)) == (3, 3)


@examples(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 2), min_size=130, max_size=160))
def test_however_many_processes_count_each_lets_a_few_too_many_pass_at_most(turns):
    processes, name = [process() for _ in range(3)], uuid7().hex
    answers = [processes[turn].count({name: LIMIT}) for turn in turns]
    passed = sum(not answer.is_full for answer in answers)
    assert LIMIT <= passed <= LIMIT + 2 * UNTOLD
    assert all(0 <= answer.left <= LIMIT for answer in answers)
    assert told(name) >= LIMIT


def test_what_could_not_be_told_holds_nothing_up(name, settings):
    from kernel.http import redis as door

    counting.count({name: LIMIT})
    there = settings.REDIS_URL
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    door.client.cache_clear()
    counting._script.cache_clear()
    try:
        for _ in range(UNTOLD):
            counting.count({name: LIMIT})
        with pytest.raises(redis.RedisError):
            counting.count({name: LIMIT})
    finally:
        settings.REDIS_URL = there
        door.client.cache_clear()
        counting._script.cache_clear()
    # What passed meanwhile is not counted: without Redis everything passes.
    assert counting.count({name: LIMIT}).left == LIMIT - 2
