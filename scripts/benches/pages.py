"""`scripts/bench pages`: what every page costs on a phone with a slow network, and what is wrong with it."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx
from playwright.sync_api import Browser
from playwright.sync_api import Error as BrowserError

from scripts.benches.addresses import Route, routes
from scripts.benches.line import Line
from scripts.benches.phone import LOOKS, load, looked_at
from scripts.stack.progress import say

ROUNDS, AGAIN = 5, 3
WANT = {"lcp_ms": 2_500, "tbt_ms": 150, "cls": 0.05, "js_kb": 40, "css_kb": 20, "html_kb": 40}
WANT |= {"axe": 0, "console": 0, "sideways_px": 0, "plain": 0}
# Rooms bring video: an island of their own.
ROOMS = {"js_kb": 200}


@dataclass(frozen=True)
class Viewer:
    """Who looks: a role on one kind of host ("" is anyone), where that host is, and the browser's sign-in."""

    name: str
    side: str
    role: str
    origin: str
    samples: dict[str, str]
    state: Any = None

    def get(self, address: str) -> httpx.Response:
        """The answer to a plain request, as the browser would be given it. Names below localhost are resolved here."""
        url = httpx.URL(self.origin)
        cookies = "; ".join(f"{one['name']}={one['value']}" for one in (self.state or {}).get("cookies", ()))
        headers = {"Host": f"{url.host}:{url.port}", **({"Cookie": cookies} if cookies else {})}
        return httpx.get(
            f"http://127.0.0.1:{url.port}{address}",
            headers=headers,
            timeout=30,
            trust_env=False,
            follow_redirects=False,
        )


@dataclass
class Seen:
    """What there is to measure, and why the rest is not; `wrong`: pages nobody was shown."""

    pages: list[tuple[Line, Viewer, str]] = field(default_factory=list)
    others: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def gathered(viewers: Iterable[Viewer], *, only: Callable[[Route], bool] = lambda route: True) -> Seen:
    """Every page for everyone who may open it; wrong is one without a sample, and one that refuses all of them."""
    seen = Seen()
    everybody = list(viewers)
    for route in filter(only, routes()):
        refused: list[str] = []
        asked = [one for one in everybody if one.side == route.side and one.role in route.roles]
        for viewer in asked:
            name = f"U1.{viewer.name}.{route.name.removeprefix('page_')}"
            try:
                address = route.address(viewer.samples)
            except KeyError as missing:
                refused.append(f"{name}: no sample of {missing} for {route.pattern}")
                continue
            answer = viewer.get(address)
            if answer.is_error:
                refused.append(f"{name}: {address.partition('?')[0]} answered {answer.status_code}")
            else:
                _sort(name, viewer, address, answer, seen)
        if len(refused) == len(asked):
            seen.wrong += refused or [f"{route.name}: nobody who looks may open it"]
        seen.others |= dict(one.split(": ", 1) for one in refused)
    return seen


def _sort(name: str, viewer: Viewer, address: str, answer: httpx.Response, seen: Seen) -> None:
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    if answer.is_redirect:
        seen.others[name] = f"leads to {answer.headers['Location'].partition('?')[0]}"
    elif kind != "text/html":
        seen.others[name] = kind
    elif "<html" not in answer.text[:500].lower():
        seen.others[name] = "part of a page"
    else:
        want = {**WANT, **(ROOMS if name.endswith(".class_room") else {})}
        seen.pages.append((Line(name, want), viewer, address))


def measured(browser: Browser, seen: Seen, *, quick: bool) -> list[Line]:
    """Fill the lines in: each page once for what is wrong with it, then round after round of all pages in turn."""
    pages, told = seen.pages, time.monotonic()
    for number, (line, viewer, address) in enumerate(pages, start=1):
        line.quick = quick
        _guarded(line, lambda: _looks(browser, line, viewer, address, quick=quick))  # noqa: B023
        told = _tell(told, f"{number} of {len(pages)} pages looked at")
    rounds = 1 if quick else ROUNDS
    for number in range(rounds):
        turned = pages[number * len(pages) // rounds :] + pages[: number * len(pages) // rounds]
        for done, (line, viewer, address) in enumerate(turned, start=1):
            _guarded(line, lambda: _round(browser, line, viewer, address))  # noqa: B023
            told = _tell(told, f"round {number + 1} of {rounds}: {done} of {len(pages)} pages")
    for line, viewer, address in pages:
        for _ in range(0 if quick else AGAIN):
            if not line.is_noisy:
                break
            say(f"  {line.line}: too noisy, again")
            line.rounds.clear()
            for _ in range(ROUNDS):
                _guarded(line, lambda: _round(browser, line, viewer, address))  # noqa: B023
    return [line for line, _, _ in pages]


def _looks(browser: Browser, line: Line, viewer: Viewer, address: str, *, quick: bool) -> None:
    looks = LOOKS[:1] if quick else LOOKS
    counts, found = looked_at(browser, viewer.state, viewer.origin + address, looks=looks)
    line.values |= counts
    line.wrong += found


def _round(browser: Browser, line: Line, viewer: Viewer, address: str) -> None:
    timed, sizes = load(browser, viewer.state, viewer.origin + address)
    line.rounds.append(timed)
    line.values |= sizes
    if not timed["lcp_ms"]:
        line.wrong.append("nothing was painted")


def _guarded(line: Line, work: Callable[[], None]) -> None:
    """One page that cannot be opened leaves the others measured."""
    try:
        work()
    except BrowserError as error:
        line.wrong.append(str(error).splitlines()[0])


def _tell(told: float, what: str) -> float:
    if time.monotonic() - told < 5:
        return told
    say(f"… {what}")
    return time.monotonic()
