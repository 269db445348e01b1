"""A pytest plugin: the outcome as data, written to `SHALA_TEST_RESULTS` by the process that sees all workers."""

import json
import os
from pathlib import Path

import pytest

SLOWEST = 20


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    target = os.environ.get("SHALA_TEST_RESULTS")
    if not target or "PYTEST_XDIST_WORKER" in os.environ:
        return
    stats = terminalreporter.stats
    seconds: dict[str, float] = {}
    for reports in stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[report.nodeid] = seconds.get(report.nodeid, 0.0) + report.duration
    slowest = sorted(seconds.items(), key=lambda item: -item[1])[:SLOWEST]
    outcome = {
        "passed": len(stats.get("passed", [])),
        "failed": len(stats.get("failed", [])) + len(stats.get("error", [])),
        "skipped": [{"id": report.nodeid, "reason": _reason(report)} for report in stats.get("skipped", [])],
        "slowest": [{"id": test, "seconds": round(took, 3)} for test, took in slowest],
    }
    Path(target).write_text(json.dumps(outcome))


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    return str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
