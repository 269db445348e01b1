"""`scripts/bench isolation`: what it makes of the tallies of a sound run and of one that is broken on purpose."""

from collections import Counter
from typing import Any

from scripts.benches import bench, isolation

SOUND = {"threads": {"asked": 600, "one": 500}, "workers": {"asked": 400, "one": 300, "wrong": 0}}
STUCK = {"threads": {"asked": 60, "wrong": 30}, "workers": {"asked": 40, "wrong": 20}}


def judged(sound: dict[str, Any], stuck: dict[str, Any], **more: Any) -> dict[str, Any]:
    return isolation.judged(sound, stuck, **{"wanted": 1_000, "quick": False, "wrong": [], **more})


def spoiled(tallies: dict[str, dict[str, int]], **by: int) -> dict[str, Any]:
    return {**tallies, "threads": dict(Counter(tallies["threads"]) + Counter(by))}


def test_a_million_sound_queries_and_a_control_that_tells_are_enough() -> None:
    line = judged(SOUND, STUCK)
    assert (line["line"], line["ours"], line["met"], line["gap"]) == ("L2", 0, True, "")
    assert line["values"] == {
        "queries": 1_000,
        "control_share": 0.5,
        "control": {"queries": 100, "wrong": 50},
        "by": {"threads": 600, "workers": 400},
        "control_by": {"threads": 0.5, "workers": 0.5},
        "kinds": {"one": 800},
    }
    told = {"lines": [line], "wrong": [], "quick": False, "machine": {"cpus": 2, "model": "any"}, "seconds": 1.0}
    assert bench.code(told) == 0
    assert "0 wrong of 1,000 queries (600 by threads, 400 by workers)" in isolation.table(told)
    assert judged(SOUND, STUCK, quick=True)["met"] is None


def test_one_wrong_read_too_few_queries_or_a_blind_control_are_not() -> None:
    missed = [
        (judged(spoiled(SOUND, wrong=1), STUCK), "1 answered with another's rows"),
        (judged(spoiled(SOUND, failed=1), STUCK), "1 answered with another's rows"),
        (judged(SOUND, STUCK, wanted=1_001), "1,000 queries < 1,001"),
        (judged(SOUND, spoiled(STUCK, asked=25)), "the broken control finds 0.4 <= 0.4"),
        (judged(SOUND, STUCK, wrong=["the test failed"]), ""),
        (judged(spoiled(SOUND, wrong=1), STUCK, quick=True), "1 answered with another's rows"),
    ]
    for line, gap in missed:
        assert (line["met"], line["gap"]) == (False, gap)
        assert bench.code({"lines": [line], "wrong": [], "quick": True}) == 1
