"""What a story reports: steps, what was wanted and what was read back, figures, and the books at the end."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from scripts.stack.progress import doing, say


class StoryEnded(Exception):
    """A step did not hold; its checks or its error say why. Nothing after it is played."""


@dataclass
class Step:
    n: int
    name: str
    ok: bool = False
    seconds: float = 0.0
    checks: list[dict[str, Any]] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def check(self, what: str, want: Any, got: Any) -> bool:
        """Note one comparison: `want` as the story says, `got` as read back through a public door."""
        held = bool(want == got)
        self.checks.append({"what": what, "want": want, "got": got, "ok": held})
        if not held:
            say(f"  {self.n}. {what}: wanted {want!r}, got {got!r}")
        return held

    def figure(self, **values: Any) -> None:
        """Numbers worth showing that nothing depends on, such as seconds or paise saved."""
        self.figures.update(values)


@dataclass
class Report:
    """One play of a story. `write` gives `.local/demo.json` its shape; no password or token belongs in it."""

    story: str
    run: int
    ok: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    books: dict[str, dict[str, int]] = field(default_factory=lambda: {"credits": {}, "paise": {}})

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """One step of the story, numbered in order. Raises StoryEnded when it raises or a check of it did not hold."""
        step = Step(n=len(self.steps) + 1, name=name)
        self.steps.append(step)
        begun = time.monotonic()
        try:
            with doing(f"{step.n}. {name}"):
                yield step
        except Exception as error:
            step.checks.append(
                {"what": "no error", "want": None, "got": f"{type(error).__name__}: {error}", "ok": False}
            )
            raise StoryEnded(f"step {step.n}, {name}: {error}") from error
        finally:
            step.seconds = round(time.monotonic() - begun, 3)
            step.ok = bool(step.checks) and all(check["ok"] for check in step.checks)
        if not step.ok:
            raise StoryEnded(f"step {step.n}, {name}: {self._why(step)}")

    def book(self, name: str, **figures: int) -> None:
        """Enter one of the books: `credits` in units (purchased, master, wallets, held, consumed, expired, difference)
        or `paise` (settled, receipts, refunds, difference)."""
        self.books[name] = figures

    def write(self, path: Path) -> None:
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False, default=str) + "\n")
        fresh.replace(path)

    def table(self) -> str:
        """The steps, their seconds and figures, what did not hold, and the books, for a terminal."""
        wide = max((len(step.name) for step in self.steps), default=0)
        lines = [f"{self.story}, run {self.run}"]
        for step in self.steps:
            figures = "  ".join(f"{name} {value}" for name, value in step.figures.items())
            held = f"{sum(check['ok'] for check in step.checks)}/{len(step.checks)}"
            state = "ok" if step.ok else "FAILED"
            line = f"{step.n:>3}  {state:<6}  {step.name:<{wide}}  {step.seconds:>6.1f} s  {held:>6}  {figures}"
            lines.append(line.rstrip())
            wrong = [check for check in step.checks if not check["ok"]]
            lines += [f"       {check['what']}: wanted {check['want']!r}, got {check['got']!r}" for check in wrong]
        for name, book in self.books.items():
            lines.append(f"{name:<8}" + "  ".join(f"{part} {amount}" for part, amount in book.items()))
        lines.append("seconds " + "  ".join(f"{part} {value:.1f}" for part, value in self.seconds.items()))
        return "\n".join(lines)

    @staticmethod
    def _why(step: Step) -> str:
        wrong = [check["what"] for check in step.checks if not check["ok"]]
        return ", ".join(wrong) if wrong else "it checked nothing"


def show(text: str) -> None:
    print(text, file=sys.stdout, flush=True)
