"""`scripts/bench tenancy`: one line end to end on the run's server, and how rounds become a verdict."""

import json
import os

import pytest

from scripts.benches import bench, ratio, tenancy
from scripts.benches.ratio import Ratio, compare
from tests.support.database import superuser_url


def test_a_line_is_measured_on_both_sides_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.benches.tenancy_making.CLAIMS", 2)
    monkeypatch.setattr(ratio, "QUICK_ROUNDS", 1)
    told = tenancy.measured_at(superuser_url(), os.environ["REDIS_URL"], only="T1", quick=True)
    assert told["wrong"] == []
    (line,) = told["lines"]
    assert (line["line"], line["unit"], line["runs"], line["met"], line["gap"]) == ("T1", "ms", 1, None, line["gap"])
    assert line["want"] == {"vs_peer": 800.0, "vs_limit": 2.0}
    (once,) = line["rounds"]
    assert line["vs_peer"] == pytest.approx(once["peer"] / once["ours"], rel=0.01)
    assert line["vs_limit"] == pytest.approx(once["ours"] / once["limit"], rel=0.01)
    assert once["peer"] > 20 * once["ours"], "a schema was made and migrated, ours was there"
    assert line["values"]["columns"] > 400, "both sides hold the same columns, constraints, indexes and functions"
    json.dumps(told)
    assert bench.code(told) == 0
    assert "T1" in tenancy.table({**told, "seconds": 1.0})


def test_the_median_of_the_rounds_ratios_decides() -> None:
    def line(*rounds: tuple[float, float, float], quick: bool = False, more: bool = False) -> Ratio:
        found = [dict(zip(("ours", "peer", "limit"), one, strict=True)) for one in rounds]
        return Ratio("T", "ms", {"vs_peer": 10.0, "vs_limit": 2.0}, rounds=found, quick=quick, more_is_better=more)

    assert line((1, 12, 0.6), (1, 11, 0.6), (9, 12, 0.6)).met is True
    missed = line((1, 9, 0.4), (1, 8, 0.5), (1, 12, 0.6))
    assert (missed.came(), missed.met) == ({"vs_peer": 9, "vs_limit": 2.0}, False)
    assert missed.gap == "vs_peer 9 < 10"
    assert line((1, 12, 0.4)).gap == "vs_limit 2.5 > 2"
    assert line((1, 10, 1), (1, 16, 1)).met is None, "the peer's own rounds differ by more than half"
    assert line((1, 9, 1), quick=True).met is None
    assert line((120, 11, 100), more=True).came() == {"vs_peer": 10.909, "vs_limit": 0.833}
    wrong = line((1, 12, 1), quick=True)
    wrong.wrong.append("columns differ")
    assert (wrong.met, wrong.gap) == (False, "columns differ")


def test_sides_take_turns_at_being_first_and_are_asked_anew_while_the_peer_is_unsteady() -> None:
    asked: list[str] = []
    peer = iter([1.0, 9.0, 5.0, 5.0])

    def side(name: str) -> ratio.Side:
        return lambda: asked.append(name) or (next(peer) if name == "peer" else 1.0)  # type: ignore[func-returns-value]

    line = compare(Ratio("T", "ms", {}), {"ours": side("ours"), "peer": side("peer")}, rounds=2)
    assert asked == ["ours", "peer", "peer", "ours"] * 2
    assert line.rounds == [{"ours": 1.0, "peer": 5.0}] * 2
