"""T7: a list of fifty rows over HTTP, signed in, on two worker processes of each side's server.

Ours is served as `scripts/serve` does, with all its middleware; the peer is DRF's ModelSerializer over stock tenancy on
gunicorn, at the defaults of Django and of gunicorn but for the number of workers. One process asks, sixteen clients at
a time, each again as soon as it is answered.
"""

import json
import secrets
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from scripts.benches.load import Load, load, request
from scripts.benches.ratio import Ratio, compare
from scripts.benches.tenancy_place import OURS, STOCK, STOCK_SETTINGS, Place
from scripts.stack.layout import PYTHON, ROOT
from scripts.stack.processes import wait_until
from scripts.stack.product import THREADS_PER_WEB_WORKER, WEB_WORKERS

ROWS, CLIENTS, SECONDS, QUICK_SECONDS = 50, 16, 4.0, 1.0
# The least each list is to be faster than the peer's; of all in turn, also how many answers a second and how late.
LISTS = {
    "students": "students",
    "seats": "bookings/availability?hall={hall}&day={day}&shift={shift}",
    "classes": "classes",
}
LEAST, MIX_LEAST, MIX_RATE, MIX_P95_MS = 15.0, 10.0, 1_000.0, 200.0
_OURS = ["granian", "--interface", "wsgi", "--host", "127.0.0.1", "--workers", str(WEB_WORKERS), "--no-ws"]
_OURS += ["--blocking-threads", str(THREADS_PER_WEB_WORKER), "config.wsgi:application"]
_STOCK = ["gunicorn", "--workers", str(WEB_WORKERS), "scripts.benches.peers.stock.wsgi:application"]

_NOTE = f"{ROWS} rows, {CLIENTS} clients; peer: ModelSerializer, stock tenancy, gunicorn"


def t7(place: Place, *, quick: bool) -> list[Ratio]:
    """Each list by itself, then all in turn."""
    schema = place.grown(1)["ours"][0]
    more = {"SECRET_KEY": secrets.token_hex(32), "REQUESTS_PER_MINUTE": "100000000", "SHALA_PROCESS": "web"}
    seconds = QUICK_SECONDS if quick else SECONDS
    with ExitStack() as stack:
        sides = {}
        for name, module, settings, command, own in (
            ("ours", OURS, {"DJANGO_SETTINGS_MODULE": "scripts.benches.ours_settings"}, _OURS, schema),
            ("peer", STOCK, {"DJANGO_SETTINGS_MODULE": STOCK_SETTINGS, "BENCH_LISTS": "1"}, _STOCK, "s_1"),
        ):
            with place.worker(module, **settings, **more) as making:
                entry = making.call("lists", schema=own)
            asked = {
                what: request(f"/api/v1/{path.format(**entry)}", entry["host"], entry["token"])
                for what, path in LISTS.items()
            }
            sides[name] = (
                stack.enter_context(_serving(place, command, {**settings, **more}, asked["students"])),
                asked,
            )
        place.analyzed()
        lines = [_list(name, sides, quick=quick, seconds=seconds) for name in LISTS]
        return [*lines, _mix(sides, quick=quick, seconds=seconds)]


def _list(name: str, sides: dict[str, tuple[int, dict[str, bytes]]], *, quick: bool, seconds: float) -> Ratio:
    """One list: both sides answer with the same rows."""
    line = Ratio(f"T7.{name}", "requests/s", {"vs_peer": LEAST}, more_is_better=True, quick=quick, note=_NOTE)
    last: dict[str, bytes] = {}

    def asked(side: str) -> Callable[[], float]:
        port, requests = sides[side]

        def ask() -> float:
            found = _loaded(line, side, port, [requests[name]], seconds)
            last[side] = found.body
            return found.rate

        return ask

    compare(line, {side: asked(side) for side in sides})
    told = {side: shown(name, json.loads(body)) for side, body in last.items()}
    if told["ours"] != told["peer"] or len(told["ours"]) != ROWS:
        line.wrong.append(f"the sides answered differently: {told['ours'][:1]} and {told['peer'][:1]}")
    return line


def _mix(sides: dict[str, tuple[int, dict[str, bytes]]], *, quick: bool, seconds: float) -> Ratio:
    """All lists in turn, by every client."""
    line = Ratio("T7.mix", "requests/s", {"vs_peer": MIX_LEAST}, more_is_better=True, quick=quick, note=_NOTE)

    def asked(side: str) -> Callable[[], float]:
        port, requests = sides[side]
        return lambda: _loaded(line, side, port, list(requests.values()), seconds).rate

    compare(line, {side: asked(side) for side in sides})
    rate, late = (line.side("ours") or {})["median"], line.values["ours"]["p95_ms"]
    line.beside += [f"{rate:.0f} requests/s < {MIX_RATE:.0f}"] if rate < MIX_RATE else []
    line.beside += [f"p95 {late} ms > {MIX_P95_MS:.0f}"] if late > MIX_P95_MS else []
    return line


def _loaded(line: Ratio, side: str, port: int, requests: list[bytes], seconds: float) -> Load:
    """Anything but an answer is wrong."""
    found = load(port, requests, clients=CLIENTS, seconds=seconds)
    if found.wrong:
        line.wrong.append(f"{side} answered {found.wrong}")
    line.values[side] = {"p95_ms": round(found.percentile(0.95) * 1000, 2)}
    return found


def shown(name: str, told: Any) -> list[tuple[Any, ...]]:
    """What of an answer must be the same on both sides, in an order of its own."""
    rows = told["seats"] if name == "seats" and "seats" in told else told["results"]
    columns = {
        "students": lambda row: (row["name"], row["phone"], row["branch"]["code"], row["joined_on"], row["grade"]),
        "seats": lambda row: (row["label"], row["row"], row["column"], row["state"], row["student"] is None),
        "classes": lambda row: (row["title"], row["subject"], row["state"], row["teacher_name"], row["chat_seq"]),
    }
    return sorted(columns[name](row) for row in rows)


@contextmanager
def _serving(place: Place, command: list[str], env: dict[str, str], first: bytes) -> Iterator[int]:
    """A server of one side on a port of its own, for the length of the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    where = ["--port", str(port)] if command is _OURS else ["--bind", f"127.0.0.1:{port}"]
    paths = f"{place.env['PYTHONPATH']}:{ROOT}:{ROOT / 'platform'}"
    place.logs += 1
    log = place.folder / f"{place.logs}.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [str(PYTHON), "-m", *command[:1], *where, *command[1:]],
            cwd=ROOT,
            env={**place.env, **env, "PYTHONPATH": paths},
            stdout=errors,
            stderr=errors,
        )
    try:
        wait_until(lambda: process.poll() is not None or _answers(port), 60.0)
        assert _answers(port), f"{command[0]} did not start: {log.read_text()[-1500:]}"
        met = load(port, [first], clients=1, seconds=0.2)
        assert not met.wrong, f"{command[0]} answers {met.wrong}: {log.read_text()[-1500:]}"
        yield port
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


LINES: dict[str, Callable[..., list[Ratio]]] = {"T7": t7}
