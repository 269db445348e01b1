"""`scripts/test [pytest arguments]`: own servers, the tests over all cores, without arguments the coverage gates."""

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from scripts.stack import command
from scripts.stack.gates import holes, measured, unmet
from scripts.stack.layout import LOCAL, CannotRun
from scripts.stack.processes import run_here
from scripts.stack.progress import doing, say
from scripts.stack.report import show
from scripts.stack.servers import start_test_servers

MEASURED = ("--cov", "--cov-branch", "--cov-report=")


def main(arguments: list[str]) -> int:
    begun = time.monotonic()
    with doing("starting servers for the tests"):
        servers = start_test_servers()
    try:
        with tempfile.TemporaryDirectory(dir=servers.supervisor.folder) as scratch:
            results = Path(scratch) / "results.json"
            env = servers.supervisor.environment({**servers.env, "SHALA_TEST_RESULTS": str(results)})
            env["COVERAGE_FILE"] = f"{scratch}/coverage"
            with doing("testing"):
                code = _pytest(arguments or [*MEASURED, f"--cov-report=json:{scratch}/coverage.json"], env)
            outcome = json.loads(results.read_text()) if results.exists() else {"failed": 0}
            reached = Path(scratch) / "coverage.json"
            coverage = json.loads(reached.read_text()) if reached.exists() else None
    finally:
        servers.stop()
    outcome |= {
        "seconds": round(time.monotonic() - begun, 1),
        "coverage": {} if coverage is None else measured(coverage),
    }
    (LOCAL / "test.json").write_text(json.dumps(outcome, indent=2) + "\n")
    for hole in holes(coverage) if coverage is not None else []:
        say(hole)
    return _verdict(code, outcome, gated=not arguments)


def _pytest(arguments: list[str], env: dict[str, str]) -> int:
    ours = ["-p", "scripts.stack.results", "--durations=0", "--durations-min=5"]
    if not any(argument.startswith(("-n", "--numprocesses")) for argument in arguments):
        # Half as many again as there are cores: tests wait for servers and other processes, and those that kill and are
        # killed want to be served in time.
        # Neighbours stay together, so what a module shares is made once; who is done early takes from the other's end.
        cores = os.cpu_count() or 1
        ours += ["-n", str(max(2, cores + cores // 2)), "--dist", "worksteal"]
    return run_here(["pytest", *ours, *arguments], env)


def _verdict(code: int, outcome: dict[str, Any], *, gated: bool) -> int:
    if code == pytest.ExitCode.INTERRUPTED and not outcome["failed"]:
        return command.INTERRUPTED
    # With -x pytest calls it an interruption, too, that it stopped at a failure.
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED):
        raise CannotRun("pytest could not run the tests asked for; it says why above")
    show(
        f"{outcome['passed']} passed, {outcome['failed']} failed, {len(outcome['skipped'])} skipped "
        f"in {outcome['seconds']} s; see .local/test.json"
    )
    wanting = unmet(outcome["coverage"]) if gated and outcome["coverage"] else []
    for gate in wanting:
        show(f"coverage of {gate}")
    if gated and not outcome["coverage"]:
        say("coverage was not measured")
        return command.NOT_HELD
    return command.HELD if code == pytest.ExitCode.OK and not wanting else command.NOT_HELD


if __name__ == "__main__":
    command.run(main)
