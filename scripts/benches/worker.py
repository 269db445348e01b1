"""A Python process that does what it is told, so that two settings of Django can be measured side by side.

`python -m scripts.benches.worker <module>` sets Django up and carries out calls of that module's functions: a line of
JSON in, `{"call": name, "with": {…}}`; a line of JSON out, `{"gave": …}` or `{"failed": text}`. Each function measures
itself: what travels between the processes is no part of any time.
"""

import importlib
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from scripts.stack.layout import PYTHON, ROOT


class SideFailed(Exception):
    """A side could not do what it was told; the message is its traceback."""


class Worker:
    """The other end: starts the process and calls functions in it. Ends it with the block."""

    def __init__(self, module: str, env: Mapping[str, str], log: Path) -> None:
        self._log = log
        paths = f"{ROOT}:{ROOT / 'platform'}"
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [str(PYTHON), "-m", "scripts.benches.worker", module],
                cwd=ROOT,
                env={**env, "PYTHONPATH": f"{env['PYTHONPATH']}:{paths}" if "PYTHONPATH" in env else paths},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def call(self, name: str, **values: Any) -> Any:
        """What the function gave back. Raises SideFailed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps({"call": name, "with": values}) + "\n")
            self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            end = self._log.read_text(errors="replace")[-2000:]
            raise SideFailed(f"{name}: the process ended with {self._process.wait()}\n{end}")
        told = json.loads(answer)
        if "failed" in told:
            raise SideFailed(f"{name}: {told['failed']}")
        return told["gave"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def main(name: str) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else prints does not answer
    import django

    django.setup()
    module = importlib.import_module(name)
    for line in sys.stdin:
        wanted = json.loads(line)
        try:
            told = {"gave": getattr(module, wanted["call"])(**wanted["with"])}
        except Exception:
            told = {"failed": traceback.format_exc()}
        answers.write(json.dumps(told) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(sys.argv[1])
