"""Telling a person how far work over the fleet is: a bar on a terminal, a line every five seconds elsewhere."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from kernel.tenancy.models import FleetRun

LINE_SECONDS = 5.0


class Show:
    """Says nothing; what the others are."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def say(self, text: str) -> None:
        """A sentence of its own."""

    def row(self, row: FleetRun) -> None:
        """How far a run is; called often."""


class Lines(Show):
    """Sentences on standard error, and how far a run is when five seconds have passed or its stage has changed."""

    def __init__(self) -> None:
        self._stage = ""
        self._begun = self._due = time.monotonic()

    def say(self, text: str) -> None:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def row(self, row: FleetRun) -> None:
        now = time.monotonic()
        if not row.total or (row.stage == self._stage and now < self._due):
            return
        self._stage, self._due = row.stage, now + LINE_SECONDS
        gone, through = now - self._begun, row.done + row.failed
        rate = through / gone if gone else 0.0
        left = f", {(row.total - through) / rate:.0f} s left" if rate and through < row.total else ""
        failed = f", {row.failed} failed" if row.failed else ""
        self.say(f"{row.what}: {row.stage}, {through:,} of {row.total:,}{failed}, {rate:.0f}/s{left}")


class Bar(Show):
    """A bar with rate and remaining time."""

    def __init__(self, console: Console | None = None) -> None:
        columns = (
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn(),
            TextColumn("[red]{task.fields[failed]}"),
        )  # fmt: skip
        self._progress = Progress(*columns, console=console or Console(stderr=True))
        self._task = self._progress.add_task("", total=None, failed="", visible=False)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        self._progress.console.print(text, highlight=False, markup=False)

    def row(self, row: FleetRun) -> None:
        self._progress.update(
            self._task,
            description=f"{row.what}: {row.stage}" if row.stage else row.what,
            total=row.total,
            completed=row.done + row.failed,
            failed=f"{row.failed} failed" if row.failed else "",
            visible=bool(row.total),
        )


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "")


def shown_here() -> Show:
    """The way that suits where standard error goes."""
    return Bar() if sys.stderr.isatty() else Lines()
