"""A line of a measurement that compares: ours, the peer and the limit, measured in turn; ratios decide, not times."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from scripts.benches.line import NOISY
from scripts.stack.progress import doing

ROUNDS, QUICK_ROUNDS, REPEATS = 5, 2, 3
Side = Callable[[], float]


@dataclass
class Ratio:
    """`want` holds the least `vs_peer` (how many times better than the peer) and the most `vs_limit` (how many times the
    limit's cost), either or both. `wrong`: what no machine excuses, in words. `values`: figures that decide nothing;
    `beside`: in words, what of them fell short all the same. A round holds `ours`, `peer` and, where there is one,
    `limit`, all in `unit`, less being better unless `more_is_better`.
    """

    line: str
    unit: str
    want: Mapping[str, float]
    more_is_better: bool = False
    rounds: list[dict[str, float]] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    note: str = ""
    quick: bool = False

    def ratios(self, other: str) -> list[float]:
        """Of each round, how many times better ours is than `peer`, or how many times the cost of `limit`."""
        pairs = [(one["ours"], one[other]) for one in self.rounds if other in one]
        if (other == "peer") != self.more_is_better:
            return [theirs / max(ours, 1e-9) for ours, theirs in pairs]
        return [ours / max(theirs, 1e-9) for ours, theirs in pairs]

    def came(self) -> dict[str, float]:
        """`vs_peer` and `vs_limit`, the medians of the rounds' ratios."""
        found = {f"vs_{other}": self.ratios(other) for other in ("peer", "limit")}
        return {name: round(median(ratios), 3) for name, ratios in found.items() if ratios}

    def side(self, name: str) -> dict[str, float] | None:
        """Smallest, median and largest of one side's rounds."""
        found = [one[name] for one in self.rounds if name in one]
        if not found:
            return None
        return {"min": round(min(found), 4), "median": round(median(found), 4), "max": round(max(found), 4)}

    @property
    def spread(self) -> float:
        """The peer's slowest round to its fastest."""
        found = [one["peer"] for one in self.rounds if "peer" in one]
        return round(max(found) / max(min(found), 1e-9), 2) if found else 1.0

    @property
    def missed(self) -> list[str]:
        came = self.came()
        least, most = self.want.get("vs_peer", 0.0), self.want.get("vs_limit", float("inf"))
        short = [f"vs_peer {came['vs_peer']:g} < {least:g}"] if came.get("vs_peer", least) < least else []
        return [
            *short,
            *self.beside,
            *([f"vs_limit {came['vs_limit']:g} > {most:g}"] if came.get("vs_limit", 0.0) > most else []),
        ]

    @property
    def met(self) -> bool | None:
        """None: not to be said, because the machine was too noisy or the measurement short."""
        if self.wrong:
            return False
        if self.quick or not self.rounds or self.spread > NOISY:
            return None
        return not self.missed

    @property
    def gap(self) -> str:
        return "; ".join([*self.missed, *self.wrong])

    def told(self) -> dict[str, Any]:
        """What `--json` prints of it."""
        return {
            "line": self.line,
            "ours": self.side("ours"),
            "peer": self.side("peer"),
            "limit": self.side("limit"),
            "unit": self.unit,
            "vs_peer": None,
            "vs_limit": None,
            **self.came(),
            "want": dict(self.want),
            "runs": len(self.rounds),
            "rounds": self.rounds,
            "spread": self.spread,
            "values": self.values,
            "note": self.note,
            "met": self.met,
            "gap": self.gap,
        }


def compare(ratio: Ratio, sides: Mapping[str, Side], *, rounds: int = 0) -> Ratio:
    """Measure the sides in turn, another one first in each round; anew, up to three times, while the peer's differ."""
    wanted = rounds or (QUICK_ROUNDS if ratio.quick else ROUNDS)
    names = list(sides)
    for _ in range(1 if ratio.quick else REPEATS):
        ratio.rounds = []
        with doing(f"{ratio.line}: {wanted} rounds of {', '.join(names)}"):
            for number in range(wanted):
                first = number % len(names)
                one = {name: sides[name]() for name in [*names[first:], *names[:first]]}
                ratio.rounds.append({name: round(one[name], 4) for name in names})
        if ratio.spread <= NOISY:
            break
    return ratio
