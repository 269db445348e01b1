"""A phone on a slow network, as Lighthouse has it: what a page costs there, and what is wrong with it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import brotli
from playwright.sync_api import Browser, BrowserContext, Page, Response
from playwright.sync_api import Error as BrowserError

from scripts.stack.chromium import violations

PHONE, DESK, NARROW = {"width": 390, "height": 844}, {"width": 1280, "height": 900}, {"width": 320, "height": 700}
# Each size with each light, each light with each language, each language with each size.
LOOKS = [(PHONE, "light", "en"), (PHONE, "dark", "hi"), (DESK, "light", "hi"), (DESK, "dark", "en")]
# Lighthouse's slow 4G when a browser is to keep to it: a request of 562.5 ms, 1474.56 kbit/s down, 675 up; a processor
# of a quarter (core/config/constants.js, throttling.mobileSlow4G).
SLOW_4G = {"offline": False, "latency": 562.5, "downloadThroughput": 1474.56 * 128, "uploadThroughput": 675 * 128}
SLOWER = 4
QUIET_MS, PATIENCE_MS = 1_000, 15_000
KINDS = {"document": "html_kb", "script": "js_kb", "stylesheet": "css_kb"}
# What a proxy takes for what it writes while it is asked, and for what it may prepare.
_QUALITY = {"document": 5, "script": 11, "stylesheet": 11}

# Watches from before the first byte: largest paint, shifts, and tasks that hold the page up.
_WATCH = """
(() => {
  const seen = window.__seen = { lcp: 0, fcp: 0, shifts: [], tasks: [] };
  const watch = (type, each) => new PerformanceObserver((list) => list.getEntries().forEach(each))
    .observe({ type, buffered: true });
  watch("largest-contentful-paint", (one) => { seen.lcp = one.startTime; });
  watch("paint", (one) => { if (one.name === "first-contentful-paint") seen.fcp = one.startTime; });
  watch("layout-shift", (one) => { if (!one.hadRecentInput) seen.shifts.push([one.startTime, one.value]); });
  watch("longtask", (one) => seen.tasks.push([one.startTime, one.duration]));
})();
"""


def vitals(seen: dict[str, Any]) -> dict[str, float]:
    """LCP and TBT in milliseconds, CLS: of what a page saw of itself.

    TBT: what tasks after the first paint take over 50 ms. CLS: the worst window of shifts at most a second apart and
    five seconds long (web.dev/articles/cls).
    """
    blocked = sum(max(0.0, length - 50) for start, length in seen["tasks"] if start + length > seen["fcp"])
    worst = window = began = last = 0.0
    for at, value in sorted(seen["shifts"]):
        if at - last > 1_000 or at - began > 5_000:
            window, began = 0.0, at
        window, last = window + value, at
        worst = max(worst, window)
    return {"lcp_ms": round(seen["lcp"]), "tbt_ms": round(blocked), "cls": round(worst, 4)}


@contextmanager
def opened(browser: Browser, state: Any, *, slow: bool) -> Iterator[Page]:
    """A page in a profile of its own, with nothing kept from before but the sign-in."""
    options: dict[str, Any] = {"storage_state": state, "reduced_motion": "reduce"}
    if slow:
        options |= {"viewport": PHONE, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
        options |= {"service_workers": "block"}  # what it keeps for later is no part of a first visit
    context = browser.new_context(**options)
    try:
        page = context.new_page()
        if slow:
            _slow(context, page)
        yield page
    finally:
        context.close()


def _slow(context: BrowserContext, page: Page) -> None:
    page.add_init_script(_WATCH)
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW_4G)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})


def load(browser: Browser, state: Any, address: str) -> tuple[dict[str, float], dict[str, float]]:
    """Open a page for the first time: its vitals; the sizes of what it is made of, in KB after brotli.

    `plain` counts answers of text that came over the wire as they are.
    """
    with opened(browser, state, slow=True) as page:
        answers: list[Response] = []
        page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - Playwright marks what it is given
        page.goto(address, wait_until="load", timeout=60_000)
        _quiet(page)
        return vitals(page.evaluate("window.__seen")), _sizes(answers)


def _quiet(page: Page) -> None:
    """Until the network rests: a page that keeps asking is taken as it is."""
    try:
        page.wait_for_load_state("networkidle", timeout=PATIENCE_MS)
    except BrowserError:
        page.wait_for_timeout(QUIET_MS)


def _sizes(answers: list[Response]) -> dict[str, float]:
    sizes = {**dict.fromkeys(KINDS.values(), 0.0), "plain": 0.0}
    for answer in answers:
        kind = answer.request.resource_type
        if kind not in KINDS or not answer.ok or answer.frame.parent_frame is not None:
            continue
        body = answer.body()
        sizes[KINDS[kind]] += len(brotli.compress(body, quality=_QUALITY[kind])) / 1024
        if len(body) > 1024 and "content-encoding" not in answer.headers:
            sizes["plain"] += 1
    return {name: round(size, 1) for name, size in sizes.items()}


def looked_at(browser: Browser, state: Any, address: str, *, looks: list[Any]) -> tuple[dict[str, float], list[str]]:
    """Counts of what axe finds, of words on the console, of pixels over the edge of 320; and each in words."""
    counts, found = {"axe": 0.0, "console": 0.0, "sideways_px": 0.0}, []
    with opened(browser, state, slow=False) as page:
        said: list[str] = []
        page.on("console", lambda message: said.append(f"console: {message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"console: {error}"))
        for size, theme, language in looks:
            origin = "/".join(address.split("/")[:3])
            page.context.add_cookies(
                [
                    {"name": name, "value": value, "url": origin}
                    for name, value in (("theme", theme), ("language", language))
                ]
            )
            page.set_viewport_size(size)
            page.goto(address, wait_until="load")
            wrong = [f"axe ({size['width']}, {theme}, {language}): {one}" for one in violations(page)]
            counts["axe"] += len(wrong)
            found += wrong
            page.set_viewport_size(NARROW)  # type: ignore[arg-type]
            wide = page.evaluate("document.documentElement.scrollWidth") - NARROW["width"]
            counts["sideways_px"] = max(counts["sideways_px"], wide)
        counts["console"] = len(said)
    return counts, [re.sub(r"\s+", " ", one)[:300] for one in [*found, *said]]
