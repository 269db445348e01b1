"""How much of the code the suite must reach: one table, and its verdict on a coverage report."""

from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any


@dataclass(frozen=True)
class Gate:
    """Files by pattern, and the percent of their lines and branches that must be reached. A file counts at the first
    gate it fits; a gate no file fits is not met, so a moved module cannot leave its gate behind."""

    name: str
    files: tuple[str, ...]
    percent: float


GATES = (
    Gate("ledger", ("shared_apps/ledger/*",), 100.0),
    Gate("reducer and router", ("shared_apps/payments/reducer*", "shared_apps/payments/router*"), 100.0),
    Gate("the rest", ("*",), 90.0),
)


def measured(report: dict[str, Any], gates: tuple[Gate, ...] = GATES) -> dict[str, float | None]:
    """Percent reached per gate, from coverage's JSON report; None where no file fits."""
    reached = dict.fromkeys(gates, 0)
    whole = dict.fromkeys(gates, 0)
    for file, data in report["files"].items():
        gate = _gate(file, gates)
        if gate is None:
            continue
        summary = data["summary"]
        reached[gate] += summary["covered_lines"] + summary["covered_branches"]
        whole[gate] += summary["num_statements"] + summary["num_branches"]
    # Cut, not rounded: 99.996 is not 100.
    return {gate.name: int(reached[gate] / whole[gate] * 10_000) / 100 if whole[gate] else None for gate in gates}


def holes(report: dict[str, Any], gates: tuple[Gate, ...] = GATES) -> list[str]:
    """Where files that must be reached whole are not: `file: lines 3, 4; branches 7->9`."""
    found = []
    for file, data in sorted(report["files"].items()):
        gate = _gate(file, gates)
        lines, branches = data.get("missing_lines", []), data.get("missing_branches", [])
        if gate is not None and gate.percent == 100.0 and (lines or branches):
            ways = ", ".join(f"{start}->{end}" for start, end in branches)
            found.append(f"{file}: lines {', '.join(map(str, lines)) or '-'}; branches {ways or '-'}")
    return found


def unmet(percents: dict[str, float | None], gates: tuple[Gate, ...] = GATES) -> list[str]:
    """What to say about each gate that is not met."""
    said = []
    for gate in gates:
        percent = percents[gate.name]
        if percent is None:
            said.append(f"{gate.name}: no file fits {', '.join(gate.files)}")
        elif percent < gate.percent:
            said.append(f"{gate.name}: {percent} % reached, {gate.percent:g} % wanted")
    return said


def _gate(file: str, gates: tuple[Gate, ...]) -> Gate | None:
    return next((gate for gate in gates if any(fnmatch(file, pattern) for pattern in gate.files)), None)
