"""Ids: keys sort by when they were made and never meet; public names are DNS labels."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import uuid6

from kernel.clock import machine_now
from kernel.ids import public_id, uuid7
from tests.support.racing import race


def test_keys_are_version_7_and_carry_their_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    # Keys never go back, and an earlier test may have set the machine's clock forward.
    monkeypatch.setattr(uuid6, "_last_v7_timestamp", None)
    before = machine_now()
    key = uuid7()
    assert (key.version, key.variant) == (7, "specified in RFC 4122")
    made = datetime.fromtimestamp((key.int >> 80) / 1000, UTC)
    assert before - timedelta(milliseconds=1) <= made <= machine_now() + timedelta(milliseconds=1)


def test_later_keys_sort_later() -> None:
    keys = [uuid7() for _ in range(10_000)]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


def test_keys_made_at_once_never_meet() -> None:
    made = race(32, lambda _: tuple(uuid7() for _ in range(500)))
    assert len({key for keys in made for key in keys}) == 32 * 500


def test_public_names_are_labels_of_a_host() -> None:
    names = {public_id() for _ in range(2_000)}
    assert len(names) == 2_000
    assert all(re.fullmatch(r"[a-z][a-z2-7]{11}", name) for name in names)
