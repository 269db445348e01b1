"""A line of a measurement: what was wanted, what came out in each round, and whether that is enough."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

NOISY = 1.5  # slowest to fastest round of the same thing: above it, the machine was measured, not us


@dataclass
class Line:
    """`rounds` are repeated and count by their medians; `values` beside them are the same whenever they are counted.

    `want`: at most so much of each. `wrong`: what no machine excuses, in words.
    """

    line: str
    want: Mapping[str, float]
    values: dict[str, float] = field(default_factory=dict)
    rounds: list[dict[str, float]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    quick: bool = False

    def came(self) -> dict[str, float]:
        """Every value, those of the rounds by their medians."""
        names = self.rounds[0] if self.rounds else {}
        return {**{name: round(median(one[name] for one in self.rounds), 3) for name in names}, **self.values}

    @property
    def spread(self) -> float:
        """By how much the rounds differ: slowest to fastest of what takes longest."""
        slowest = [max(one.values()) for one in self.rounds]
        return round(max(slowest) / max(min(slowest), 1), 2) if slowest else 1.0

    @property
    def over(self) -> list[str]:
        """The names of what came out over what is wanted."""
        came = self.came()
        return [name for name, most in self.want.items() if came.get(name, 0) > most]

    @property
    def is_noisy(self) -> bool:
        """Whether all that is over is what takes time, and the rounds differ too much to say so."""
        timed = set(self.rounds[0]) if self.rounds else set()
        return bool(self.over) and set(self.over) <= timed and self.spread > NOISY and not self.wrong

    @property
    def met(self) -> bool | None:
        """None: not to be said, because the machine was too noisy or the measurement short."""
        if self.wrong or set(self.over) & set(self.values):
            return False
        if self.quick or self.is_noisy:
            return None
        return not self.over

    @property
    def gap(self) -> str:
        came = self.came()
        return "; ".join([*(f"{name} {came[name]:g} > {self.want[name]:g}" for name in self.over), *self.wrong])

    def told(self) -> dict[str, Any]:
        """What `--json` prints of it."""
        return {
            "line": self.line,
            "values": self.came(),
            "want": dict(self.want),
            "runs": len(self.rounds),
            "rounds": self.rounds,
            "spread": self.spread,
            "met": self.met,
            "gap": self.gap,
        }


def machine() -> dict[str, Any]:
    """Where it was measured."""
    text = Path("/proc/cpuinfo").read_text()
    models = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cpus": os.cpu_count(), "model": models[0] if models else platform.machine(), "memory_mb": memory >> 20}


def versions(*names: str) -> dict[str, str]:
    return {"python": platform.python_version(), **{name: version(name) for name in names}}
