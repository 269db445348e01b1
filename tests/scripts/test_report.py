"""A story's report: what makes a step hold, what ends a story, and the shape others read."""

import json
from pathlib import Path

import pytest

from scripts.stack.report import Report, StoryEnded


@pytest.fixture
def report() -> Report:
    return Report(story="main", run=3, versions={"python": "3.11"}, urls={"origin": "http://localhost"})


def test_a_step_holds_when_each_check_does(report: Report) -> None:
    with report.step("one") as step:
        assert step.check("units", 1000, 1000)
        step.figure(seconds=1.5)
    assert [(step.n, step.name, step.ok, len(step.checks)) for step in report.steps] == [(1, "one", True, 1)]
    assert report.steps[0].figures == {"seconds": 1.5}


def test_a_check_that_does_not_hold_ends_the_story_after_the_step(report: Report) -> None:
    def play() -> None:
        with report.step("one") as step:
            assert step.check("units", 1000, 999) is False
            assert step.check("rupees", 5, 5) is True

    with pytest.raises(StoryEnded, match="step 1, one: units"):
        play()
    assert [check["ok"] for check in report.steps[0].checks] == [False, True]
    assert report.steps[0].ok is False
    assert report.steps[0].checks[0] == {"what": "units", "want": 1000, "got": 999, "ok": False}
    assert "FAILED" in report.table()
    assert "units: wanted 1000, got 999" in report.table()


def test_an_error_is_a_check_that_did_not_hold(report: Report) -> None:
    def play() -> None:
        with report.step("one") as step:
            step.check("fine", 1, 1)
            raise ValueError("no such door")

    with pytest.raises(StoryEnded, match="step 1, one: no such door"):
        play()
    assert report.steps[0].ok is False
    assert report.steps[0].checks[-1] == {
        "what": "no error",
        "want": None,
        "got": "ValueError: no such door",
        "ok": False,
    }


def test_a_step_that_checks_nothing_does_not_hold(report: Report) -> None:
    with pytest.raises(StoryEnded, match="it checked nothing"), report.step("one"):
        pass


def test_the_file_has_the_documented_shape(report: Report, tmp_path: Path) -> None:
    with report.step("one") as step:
        step.check("units", 1, 1)
    report.book("paise", settled=3, receipts=2, refunds=1, difference=0)
    report.ok, report.seconds = True, {"setup": 0.1, "ready": 2.0, "story": 3.0}
    report.write(tmp_path / "demo.json")
    data = json.loads((tmp_path / "demo.json").read_text())
    assert list(data) == ["story", "run", "ok", "seconds", "versions", "urls", "steps", "books"]
    assert list(data["steps"][0]) == ["n", "name", "ok", "seconds", "checks", "figures"]
    assert data["steps"][0]["checks"] == [{"what": "units", "want": 1, "got": 1, "ok": True}]
    assert data["books"] == {"credits": {}, "paise": {"settled": 3, "receipts": 2, "refunds": 1, "difference": 0}}
    assert list(tmp_path.iterdir()) == [tmp_path / "demo.json"]
