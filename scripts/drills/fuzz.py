"""`scripts/fuzz`: schemathesis over the API documents of both kinds of host, against a stack of its own."""

import argparse
import base64
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from scripts.drills.stage import diary_of, opened
from scripts.stack import command
from scripts.stack.given import inherited
from scripts.stack.layout import CannotRun
from scripts.stack.progress import doing, say
from scripts.stack.report import show
from scripts.story.client import Host

# What must never be: an answer of 500 or more, and an answer the document does not describe.
CHECKS = ("not_a_server_error", "response_schema_conformance", "content_type_conformance", "status_code_conformance")
FAULTS = {"not_a_server_error"}
# They end the session that asks, or the business that is asked: the rest would be answered 401, 403 or 410.
ENDING = r"/auth/(logout|refresh|devices)|/users/\{user\}|/tenants/\{tenant\}/(suspend|delete|close|offboard)"
FULL_S, QUICK_S = 900.0, 60.0
LEAST_S = 20.0


@dataclass
class Result:
    """What `--json` prints; `cases` are requests sent, by host."""

    seed: int
    quick: bool
    operations: dict[str, int] = field(default_factory=dict)
    cases: dict[str, int] = field(default_factory=dict)
    server_errors: int = 0
    schema_breaks: int = 0
    held: bool = True
    seconds: float = 0.0
    found: list[dict[str, Any]] = field(default_factory=list)

    def table(self) -> str:
        """For a terminal."""
        lines = [
            f"{host}: {self.operations[host]} operations, {self.cases[host]} requests" for host in sorted(self.cases)
        ]
        lines.append(f"{self.server_errors} × 5xx, {self.schema_breaks} schema breaks, seed {self.seed}")
        lines += [f"  {one['host']} {one['operation']}: {one['check']}: {one['title']}" for one in self.found]
        return "\n".join([*lines, "held" if self.held else "NOT held"])


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    begun = time.monotonic()
    result = Result(seed=options.seed, quick=options.quick)
    whole = QUICK_S if options.quick else FULL_S
    stage = opened(diary_of("fuzz"), broken="", deadline=begun + whole)
    try:
        hosts = {"tenant": stage.owner, "platform": stage.play.admin}
        for number, (kind, host) in enumerate(hosts.items()):
            left = max(begun + whole - time.monotonic(), LEAST_S * (2 - number)) / (2 - number)
            if number:
                host.renew()
            with doing(f"fuzzing the {kind} host"):
                _fuzz(kind, host, result, seconds=left, quick=options.quick)
    finally:
        stage.stack.stop()
        stage.diary.close()
    result.held = not result.found
    result.seconds = round(time.monotonic() - begun, 1)
    show(json.dumps(asdict(result), indent=2) if options.json else result.table())
    return command.HELD if result.held else command.NOT_HELD


def _fuzz(kind: str, host: Host, result: Result, *, seconds: float, quick: bool) -> None:
    name = f"{host.name}:{host.port}"
    document = host.call("GET", "schema", headers={"Accept": "application/vnd.oai.openapi+json"}).raise_for_status()
    with tempfile.TemporaryDirectory() as scratch:
        schema, report = Path(scratch) / "schema.json", Path(scratch) / "report.ndjson"
        schema.write_text(json.dumps(of_host(document.json(), kind)))
        line = [sys.executable, "-m", "schemathesis.cli", "run", str(schema)]
        line += ["--url", f"http://127.0.0.1:{host.port}", "-H", f"Host: {name}"]
        line += ["-H", f"Authorization: Bearer {host.token}", "--checks", ",".join(CHECKS)]
        line += ["--phases", "coverage,fuzzing" if quick else "examples,coverage,fuzzing,stateful"]
        line += ["--max-time", str(max(1, int(seconds))), "--seed", str(result.seed), "--workers", "2"]
        line += ["--exclude-path-regex", ENDING, "--continue-on-failure", "--no-shrink", "--no-color"]
        line += ["--generation-database", "none", "--warnings", "off", "--request-timeout", "30"]
        line += ["--suppress-health-check", "all", "--report-ndjson-path", str(report)]
        said = subprocess.run(line, cwd=scratch, env=inherited(), capture_output=True, text=True, check=False)
        if said.returncode not in (0, 1) or not report.exists():
            raise CannotRun(f"schemathesis ended with {said.returncode}\n{said.stdout[-2000:]}{said.stderr[-2000:]}")
        _read(kind, report, result)


def of_host(document: dict[str, Any], kind: str) -> dict[str, Any]:
    """The one document of both kinds of host, with what answers on this kind alone: the rest is 404 there."""
    paths = {
        path: {method: one for method, one in methods.items() if one.get("x-hosts") in (kind, "both")}
        for path, methods in document["paths"].items()
    }
    return {**document, "paths": {path: methods for path, methods in paths.items() if methods}}


def _read(kind: str, report: Path, result: Result) -> None:
    """Count requests and gather failures, one for each operation, check and title."""
    operations: set[str] = set()
    cases = 0
    seen: Counter[tuple[str, str, str]] = Counter()
    for text in report.read_text().splitlines():
        event = json.loads(text)
        recorder = event.get("ScenarioFinished", {}).get("recorder")
        if not recorder:
            continue
        exchanges = recorder.get("interactions", {})
        cases += len(exchanges)
        operations.add(recorder["label"])
        for case, checks in recorder.get("checks", {}).items():
            for check in checks:
                failure = (check.get("failure_info") or {}).get("failure")
                if check["status"] != "failure" or not failure:
                    continue
                key = (recorder["label"], check["name"], str(failure.get("title")))
                seen[key] += 1
                if seen[key] == 1:
                    _note(kind, key, failure, exchanges.get(case, {}), result)
    result.operations[kind], result.cases[kind] = len(operations), cases


def _note(kind: str, key: tuple[str, str, str], failure: dict[str, Any], exchange: Any, result: Result) -> None:
    operation, check, title = key
    request, answer = exchange.get("request") or {}, exchange.get("response") or {}
    found = {"host": kind, "operation": operation, "check": check, "title": title}
    found["message"] = str(failure.get("message", ""))[:400]
    found["request"] = f"{request.get('method')} {request.get('uri')} {_text(request.get('body'))}"
    found["answer"] = f"{answer.get('status_code')} {_text(answer.get('content'))}"
    result.found.append(found)
    if check in FAULTS:
        result.server_errors += 1
    else:
        result.schema_breaks += 1
    say(f"  {kind} {operation}: {check}: {title}")


def _text(body: Any) -> str:
    """The beginning of a body as the report keeps it."""
    raw = base64.b64decode(body["$base64"]) if isinstance(body, dict) and "$base64" in body else body
    return raw.decode(errors="replace")[:300] if isinstance(raw, bytes) else str(raw or "")[:300]


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    return command.options(parser, arguments, quick="a minute", seed="repeats the same requests")


if __name__ == "__main__":
    command.run(main)
