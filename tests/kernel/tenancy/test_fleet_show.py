"""How far work over the fleet is, as lines for a log and as a bar for a person; and the crew that does it."""

import io
import threading
from collections import Counter
from collections.abc import Sequence

import pytest
from rich.console import Console

from kernel import clock
from kernel.tenancy.fleet.crew import Crew, Later, Outcome, Pace
from kernel.tenancy.fleet.show import Bar, Lines, shown_here
from kernel.tenancy.models import FleetRun


def row(**facts: object) -> FleetRun:
    now = clock.now()
    return FleetRun(kind="migrate", what="migrate", started_at=now, moved_at=now, **facts)


def test_lines_say_a_stage_once_and_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    with Lines() as shown:
        shown.say("public: nothing to do")
        shown.row(row(stage="template"))
        shown.row(row(stage="all", total=2000))
        shown.row(row(stage="all", total=2000, done=1))
        shown.row(row(stage="late", total=2000, done=1999, failed=1))
    first, second, third = capsys.readouterr().err.splitlines()
    assert first == "public: nothing to do"
    assert second.startswith("migrate: all, 0 of 2,000, 0/s")
    assert third.startswith("migrate: late, 2,000 of 2,000, 1 failed, ")
    assert type(shown_here()) is Lines


def test_the_bar_shows_stage_count_rate_and_failures() -> None:
    written = io.StringIO()
    with Bar(Console(file=written, force_terminal=True, width=120)) as shown:
        shown.say("template: 1 migrations applied")
        shown.row(row(stage="all", total=40, done=10, failed=2))
        shown.row(row(stage="all", total=40, done=20, failed=2))
    assert "template: 1 migrations applied" in written.getvalue()
    assert "migrate: all" in written.getvalue()
    assert "22/40" in written.getvalue()
    assert "2 failed" in written.getvalue()


def test_a_crew_comes_again_to_what_was_put_off_and_ends_at_its_limit() -> None:
    tried: Counter[int] = Counter()
    lock = threading.Lock()

    def do(batch: Sequence[int]) -> list[Outcome[int]]:
        outcomes = []
        for item in batch:
            with lock:
                tried[item] += 1
            late = item == 7 and tried[item] < 3
            outcomes.append(Outcome(item, Later("locked") if late or item == 8 else None))
        return outcomes

    told: list[Outcome[int]] = []
    pace = Pace(workers=3, batch=2, attempts=4, most_failures=5, pause=0.01)
    assert Crew(range(10), do, pace=pace, tell=told.append).work() is True
    assert tried == {**dict.fromkeys(range(10), 1), 7: 3, 8: 4}
    assert {one.item: str(one.error) for one in told if one.error} == {8: "locked"}

    def fails(batch: Sequence[int]) -> list[Outcome[int]]:
        return [Outcome(item, ValueError("no")) for item in batch]

    told.clear()
    assert Crew(range(100), fails, pace=Pace(workers=1, batch=1, most_failures=3), tell=told.append).work() is False
    assert [one.item for one in told] == [0, 1, 2]

    def breaks(batch: Sequence[int]) -> list[Outcome[int]]:
        raise MemoryError

    with pytest.raises(MemoryError):
        Crew(range(4), breaks, pace=pace).work()
