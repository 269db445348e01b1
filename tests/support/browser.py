"""What Chromium sees in tests: the product served to it by a thread, and what every page is held to."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page

from kernel.tenancy import Business
from scripts.stack.chromium import violations
from shared_apps.accounts import sessions
from tests.support.people import Client

SHOTS = Path(__file__).parents[2] / ".local/shots"
PHONE, DESK, NARROW = {"width": 390, "height": 844}, {"width": 1280, "height": 900}, {"width": 320, "height": 700}
LOOKS = [("phone", "light", "en"), ("desk", "dark", "hi")]
LOOKS += [
    (size, theme, language)
    for size in ("phone", "desk")
    for theme in ("light", "dark")
    for language in ("en", "hi")
    if (size, theme, language) not in LOOKS
]


@contextmanager
def served() -> Iterator[int]:
    """The port at which this process serves every business, pages and sockets alike."""
    from config.asgi import application

    config = uvicorn.Config(
        application, host="127.0.0.1", port=0, lifespan="off", ws="websockets-sansio", log_config=None
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert thread.is_alive(), "the server ended before it began"
        assert time.monotonic() < deadline, "the server did not begin"
        thread.join(0.02)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)


def origin(business: Business, port: int) -> str:
    """Where the browser finds a business."""
    host = "localhost" if business.is_platform else f"{business.public_id}.localhost"
    return f"http://{host}:{port}"


@dataclass
class Visit:
    """A browser of its own at one business, and everything its console said."""

    context: BrowserContext
    page: Page
    base: str
    said: list[str] = field(default_factory=list)

    def go(self, path: str) -> int:
        """Open a page; the status of its answer."""
        answer = self.page.goto(f"{self.base}{path}", wait_until="load")
        return answer.status if answer else 0

    def look(self, name: str, path: str = "") -> None:
        """Hold the page at `path`, or the present one, to what every page is held to, in one look that turns with the name.

        With SHALA_LOOKS=all in every size, light and language, and a picture of each goes to `.local/shots`.
        """
        path = path or self.page.url.removeprefix(self.base)
        thorough = os.environ.get("SHALA_LOOKS") == "all"
        wrong = []
        for size, theme, language in LOOKS if thorough else [LOOKS[sum(name.encode()) % 2]]:
            self.prefer(language=language, theme=theme)
            self.page.set_viewport_size(PHONE if size == "phone" else DESK)  # type: ignore[arg-type]
            status = self.go(path)
            assert status != 429, f"{name}: asked for too often to be seen"
            assert status < 500 or status == 503, f"{name}: {status}"
            wrong += [f"{name} {size} {theme} {language}: {one}" for one in self.violations()]
            if thorough:
                self.shot(f"{name}-{size}-{theme}-{language}")
        self.page.set_viewport_size(NARROW)  # type: ignore[arg-type]
        if (wide := self.page.evaluate("document.documentElement.scrollWidth")) > NARROW["width"]:
            wrong.append(f"{name}: {wide} px wide at {NARROW['width']}")
        self.prefer(language="en", theme="light")
        self.page.set_viewport_size(DESK)  # type: ignore[arg-type]
        assert not wrong, "\n".join(wrong)
        self.silent()

    def silent(self) -> None:
        """Nothing was said on the console, but that a page is a refusal when it is one, that leaving cleared, and that
        a page was left, or the network, before its socket was there."""
        expected = (
            "the server responded with a status of",
            "Clear-Site-Data header on",
            "WebSocket is closed before the connection is established",
        )
        said = [line for line in self.said if not any(words in line for words in expected)]
        assert not said, said

    def prefer(self, *, language: str, theme: str) -> None:
        cookies = [
            {"name": name, "value": value, "url": self.base}
            for name, value in (("language", language), ("theme", theme))
        ]
        self.context.add_cookies(cookies)  # type: ignore[arg-type]

    def violations(self) -> list[str]:
        """What axe finds."""
        return violations(self.page)

    def shot(self, name: str) -> None:
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.evaluate("scrollTo(0, 0)")
        self.page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


@contextmanager
def visit(browser: Browser, base: str, *, client: Client | None = None) -> Iterator[Visit]:
    """A fresh browser profile at a business; as `client`'s person when given."""
    context = browser.new_context(viewport=DESK, reduced_motion="reduce")  # type: ignore[arg-type]
    page = context.new_page()
    made = Visit(context, page, base)
    page.on("console", lambda message: made.said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: made.said.append(str(error)))
    if client is not None:
        context.add_cookies([{"name": sessions.name(), "value": client.session, "url": base}])
    try:
        yield made
    finally:
        context.close()


def until(page: Page, wanted: Callable[[], bool]) -> None:
    """Wait for what a page does by itself and tells nobody."""
    for _ in range(80):
        if wanted():
            return
        page.wait_for_timeout(50)
    assert wanted()
