"""Chromium as tests and measurements use it: found or installed, and axe asked about the page it shows."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from playwright.sync_api import Browser, Page, sync_playwright

from scripts.stack.layout import ROOT, CannotRun

AXE = ROOT / "tests/browser/vendor/axe-4.14.1.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_ASK = (
    f"axe.run(document, {{runOnly: {RULES}}}).then(r => JSON.stringify(r.violations.map(v => "
    "v.id + ': ' + v.nodes.map(n => n.target.join(' ') + ' ' + n.failureSummary).slice(0, 3).join(' | '))))"
)


def chromium() -> str:
    """Debian's Chromium; installed when that is in our power. Raises CannotRun with what to do."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        for line in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "chromium"]):
            subprocess.run(
                line, check=True, capture_output=True, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            )
        found = shutil.which("chromium")
    if found is None:
        raise CannotRun("Chromium is missing: install it (apt-get install chromium), or run this as root")
    return found


@contextmanager
def browser_open() -> Iterator[Browser]:
    """One Chromium, which ends with the block."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        # Playwright's loop is this thread's now; Django's guard against forgotten awaits would refuse every query.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
        try:
            yield opened
        finally:
            os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)
            opened.close()


def violations(page: Page) -> list[str]:
    """What axe finds; put in by the debugger's protocol, since the page's own policy lets no script in."""
    session = page.context.new_cdp_session(page)
    session.send("Runtime.evaluate", {"expression": _axe()})
    answer = session.send("Runtime.evaluate", {"expression": _ASK, "awaitPromise": True, "returnByValue": True})
    session.detach()
    found: list[str] = json.loads(answer["result"]["value"])
    return found


@cache
def _axe() -> str:
    return AXE.read_text()
