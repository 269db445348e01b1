"""The main story, played as `scripts/demo` plays it: real servers, real processes, outside clients, twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.stack import whole
from scripts.stack.report import Report
from scripts.story import main

pytestmark = pytest.mark.xdist_group("stack")


@pytest.fixture
def stack() -> Iterator[whole.Stack]:
    started = whole.start("flow")
    yield started
    started.stop()
    whole.forget("flow")


def test_the_main_story_holds_and_holds_again_on_what_it_left(stack: whole.Stack, tmp_path: Path) -> None:
    for run in (1, 2):
        report = Report(story="main", run=run)
        main.play(stack, report)
        assert [(step.name, step.ok) for step in report.steps] == [(name, True) for name, _ in main.STEPS]
        assert report.books["credits"]["difference"] == report.books["paise"]["difference"] == 0
        assert report.books["credits"]["purchased"] == run * 10_000
    report.write(tmp_path / "demo.json")
    secrets = [value for name, value in stack.env.items() if name in whole.SECRET_NAMES]
    assert not [secret for secret in secrets if secret in (tmp_path / "demo.json").read_text()]
