"""What every command does alike: exit codes, signals, and words on the way out."""

import argparse
import os
import random
import signal
import sys
from collections.abc import Callable
from types import FrameType

from scripts.stack.layout import CannotRun
from scripts.stack.progress import say

HELD, NOT_HELD, CANNOT_RUN, INTERRUPTED = 0, 1, 2, 130


def run(command: Callable[[list[str]], int]) -> None:
    """Run a command with its arguments and exit: 0 all held, 1 something did not, 2 could not run, 130 after Ctrl-C."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupted)
    try:
        code = command(sys.argv[1:])
    except KeyboardInterrupt:
        code = INTERRUPTED
    except CannotRun as error:
        say(f"cannot run: {error}")
        code = CANNOT_RUN
    sys.stdout.flush()
    # At once: a thread still waiting for a program would keep us; the program ends with us (setpriv --pdeathsig).
    os._exit(code)


def options(parser: argparse.ArgumentParser, arguments: list[str], *, quick: str, seed: str = "") -> argparse.Namespace:
    """Read what the command line says, with `--quick` and `--json` and, given what it repeats, `--seed`."""
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--json", action="store_true")
    if seed:
        any_ = random.randrange(1_000_000)  # noqa: S311 - not a secret
        parser.add_argument("--seed", type=int, default=any_, help=seed)
    return parser.parse_args(arguments)


def _interrupted(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
