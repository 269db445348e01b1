"""`scripts/check [--fix]`: every rule a machine can hold, each stage even after one fails, one line each."""

import argparse
import base64
import os
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from scripts.stack import assets, command, sources, translations
from scripts.stack.layout import ROOT
from scripts.stack.processes import wrapped
from scripts.stack.progress import doing, say
from scripts.stack.report import show

BIN = ".venv/bin"
OPENAPI = "docs/openapi.yaml"
# Enough for settings to load; nothing answers there, and no stage may need it to.
NOWHERE = {
    "DATABASE_URL": "postgresql://nobody@/nowhere?host=/nonexistent",
    "REDIS_URL": "unix:///nonexistent",
    "SHALA_PROCESS": "manage",
}
DEVELOPMENT = {**NOWHERE, "DJANGO_SETTINGS_MODULE": "config.settings.development"}
PRODUCTION = {
    **NOWHERE,
    "DJANGO_SETTINGS_MODULE": "config.settings.production",
    "SHALA_ENV": "production",
    "SHALA_DOMAIN": "shala.example",
    "SECRET_KEY": base64.b85encode(bytes(range(48))).decode(),
    "SEALING_KEYS": "k1:" + base64.b64encode(bytes(range(32))).decode(),
    "OTP_PEPPER": "for checking settings, used by nobody",
    "JITSI_DOMAIN": "meet.shala.example",
    **dict.fromkeys(("S3_ENDPOINT_URL", "S3_PUBLIC_URL"), "https://files.shala.example"),
    **dict.fromkeys(
        ("S3_ACCESS_KEY", "S3_SECRET_KEY", "MSG91_AUTHKEY", "MSG91_WEBHOOK_TOKEN", "JITSI_APP_ID", "JITSI_SECRET"),
        "for-checking-settings-used-by-nobody",
    ),
}


@dataclass(frozen=True)
class Stage:
    """`run` answers what is wrong, line by line; nothing wrong is an empty answer. `by_hand` repeats it."""

    name: str
    by_hand: str
    run: Callable[[], str]
    fix: Callable[[], str] | None = None


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/check", description=__doc__)
    parser.add_argument("--fix", action="store_true", help="first repair what a machine can")
    parser.add_argument("only", nargs="*", metavar="stage", help=", ".join(stage.name for stage in STAGES))
    options = parser.parse_args(arguments)
    unknown = set(options.only) - {stage.name for stage in STAGES}
    if unknown:
        parser.error(f"no stage is named {', '.join(sorted(unknown))}")
    stages = [stage for stage in STAGES if not options.only or stage.name in options.only]
    if options.fix:
        for stage in stages:
            if stage.fix is not None:
                with doing(f"repairing: {stage.name}"):
                    stage.fix()
    # Two at a time: the longest, types, then costs the others nothing on two cores.
    with doing(f"checking {len(stages)} things"), ThreadPoolExecutor(2) as pool:
        held = list(pool.map(_told, stages))
    return command.HELD if all(held) else command.NOT_HELD


def _told(stage: Stage) -> bool:
    begun = time.monotonic()
    wrong = stage.run().strip()
    seconds = time.monotonic() - begun
    if wrong:
        say(f"{stage.name}:\n{wrong}")
    show(f"{'FAILED' if wrong else 'ok':<6}  {stage.name:<14} {seconds:>5.1f} s   {stage.by_hand}")
    return not wrong


def _program(*line: str, env: dict[str, str] | None = None) -> Callable[[], str]:
    """A stage that is a program: what it printed when it failed."""

    def run() -> str:
        done = subprocess.run(
            wrapped(list(line), parting=signal.SIGKILL),
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return "" if done.returncode == 0 else done.stdout + done.stderr or f"ended with {done.returncode}"

    return run


def _stage(name: str, *line: str, env: dict[str, str] | None = None, fix: tuple[str, ...] = ()) -> Stage:
    settings = [f"{key}={shlex.quote(value)}" for key, value in (env or {}).items() if key == "DJANGO_SETTINGS_MODULE"]
    by_hand = " ".join([*settings, *(shlex.quote(part) for part in line)])
    return Stage(name, by_hand, _program(*line, env=env), _program(*fix, env=env) if fix else None)


def _sources(name: str, find: Callable[[], list[str]]) -> Stage:
    return Stage(name, f"scripts/check {shlex.quote(name)}", lambda: "\n".join(find()))


def _kept(name: str, find: Callable[[], list[str]], make: Callable[[], str]) -> Stage:
    """A stage over something made of the sources and committed."""
    return Stage(name, f"scripts/check {name}", lambda: "\n".join(find()), make)


def _openapi() -> str:
    """Made anew without a warning, and the same as the committed file."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch) / "openapi.yaml"
        wrong = _spectacular(str(fresh))()
        if wrong:
            return wrong
        committed = ROOT / OPENAPI
        if not committed.exists() or committed.read_text() != fresh.read_text():
            return f"{OPENAPI} is not what the code says: scripts/check --fix openapi, then read the difference"
    return ""


def _spectacular(file: str) -> Callable[[], str]:
    return _program(
        f"{BIN}/python", "manage.py", "spectacular", "--fail-on-warn", "--validate", "--file", file, env=DEVELOPMENT
    )


STAGES = (
    _stage("types", f"{BIN}/mypy", env=DEVELOPMENT),
    _stage("lock", os.environ.get("SHALA_UV", "uv"), "lock", "--check", "--offline"),
    _stage("format", f"{BIN}/ruff", "format", "--check", ".", fix=(f"{BIN}/ruff", "format", ".")),
    _stage("lint", f"{BIN}/ruff", "check", ".", fix=(f"{BIN}/ruff", "check", "--fix", ".")),
    _stage("imports", f"{BIN}/lint-imports"),
    _stage("migrations", f"{BIN}/python", "manage.py", "makemigrations", "--check", "--dry-run", env=DEVELOPMENT),
    _stage("squawk", f"{BIN}/python", "-m", "scripts.stack.migrations", env=DEVELOPMENT),
    _stage("deploy", f"{BIN}/python", "manage.py", "check", "--deploy", "--fail-level", "WARNING", env=PRODUCTION),
    Stage("openapi", "scripts/check openapi", _openapi, _spectacular(OPENAPI)),
    _kept("translations", translations.differences, translations.update),
    _sources("ports", sources.fixed_ports),
    _sources("clocks", sources.server_clocks),
    _kept("css", assets.differences, assets.build),
)

if __name__ == "__main__":
    command.run(main)
