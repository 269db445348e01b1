"""T7: a list of fifty rows over HTTP, signed in, on two worker processes of each side's server.

Ours is served as `scripts/serve` does, with all its middleware; the peer is DRF's ModelSerializer over stock tenancy on
gunicorn, at the defaults of Django and of gunicorn but for the number of workers. One process asks, sixteen clients at
a time, each again as soon as it is answered.
"""

import json
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from scripts.benches.load import Load, load, request
from scripts.benches.ratio import Ratio, compare
from scripts.benches.tenancy_place import Place
from scripts.stack.layout import PYTHON, ROOT
from scripts.stack.processes import wait_until
from scripts.stack.product import THREADS_PER_WEB_WORKER, WEB_WORKERS

CLIENTS, SECONDS, QUICK_SECONDS = 16, 4.0, 1.0
STUDENTS = 50
LISTS = {"students": ("/api/v1/students", 15.0)}
_OURS = ["granian", "--interface", "wsgi", "--host", "127.0.0.1", "--workers", str(WEB_WORKERS), "--no-ws"]
_OURS += ["--blocking-threads", str(THREADS_PER_WEB_WORKER), "config.wsgi:application"]
_STOCK = ["gunicorn", "--workers", str(WEB_WORKERS), "scripts.benches.peers.stock.wsgi:application"]


def t7(place: Place, *, quick: bool) -> list[Ratio]:
    """Lists, and how fast the slowest twentieth of the answers of ours comes."""
    schema = place.ours.call("fleet", number=1)[0]
    place.stock.call("fleet", schemas=["s_1"], statements=place.ours.call("snapshot"), path="ext")
    secret = secrets.token_hex(32)
    more = {"SECRET_KEY": secret, "REQUESTS_PER_MINUTE": "100000000", "SHALA_PROCESS": "web"}
    rows = _rows()
    seconds = QUICK_SECONDS if quick else SECONDS
    lines = []
    with ExitStack() as stack:
        ours_settings = {"DJANGO_SETTINGS_MODULE": "scripts.benches.ours_settings"}
        stock_settings = {"DJANGO_SETTINGS_MODULE": "scripts.benches.peers.stock.settings", "BENCH_LISTS": "1"}
        sides: dict[str, tuple[int, dict[str, str]]] = {}
        for name, module, settings, command, own in (
            ("ours", "scripts.benches.ours", ours_settings, _OURS, schema),
            ("peer", "scripts.benches.peers.stock.work", stock_settings, _STOCK, "s_1"),
        ):
            with place.worker(module, **settings, **more) as making:
                entry = making.call("lists", schema=own, rows=rows)
            sides[name] = (stack.enter_context(_serving(place, command, {**settings, **more}, entry)), entry)
        for name, (path, least) in LISTS.items():
            line = Ratio(f"T7.{name}", "requests/s", {"vs_peer": least}, more_is_better=True, quick=quick)
            line.note = f"{STUDENTS} rows, {CLIENTS} clients; peer: ModelSerializer, stock tenancy, gunicorn"
            compare(line, {side: _asked(line, side, path, sides[side], seconds) for side in sides})
            lines.append(_alike(line))
    return lines


def _asked(
    line: Ratio, side: str, path: str, served: tuple[int, dict[str, str]], seconds: float
) -> Callable[[], float]:
    """Answers a second; anything but an answer is wrong."""

    port, entry = served

    def ask() -> float:
        found: Load = load(port, [request(path, **entry)], clients=CLIENTS, seconds=seconds)
        if found.wrong:
            line.wrong.append(f"{side} answered {found.wrong}")
        figures = line.values.setdefault(side, {})
        figures["p95_ms"] = round(found.percentile(0.95) * 1000, 2)
        figures["body"] = found.body.decode()
        return found.rate

    return ask


def _alike(line: Ratio) -> Ratio:
    """Whether both sides answered with the same rows."""
    told = {side: json.loads(line.values[side].pop("body"))["results"] for side in ("ours", "peer")}
    for side, results in told.items():
        told[side] = sorted((row["name"], row["phone"], row["branch"]["code"], row["joined_on"]) for row in results)
    if told["ours"] != told["peer"] or len(told["ours"]) != STUDENTS:
        line.wrong.append(f"the sides answered differently: {len(told['ours'])} and {len(told['peer'])} rows")
    return line


def _rows() -> list[dict[str, Any]]:
    """The same students for both sides."""
    return [
        {"name": f"Student {n:02}", "phone": f"+9198{n:08}", "code": f"MAIN-{n:04}", "grade": f"{n % 12 + 1}"}
        for n in range(STUDENTS)
    ]


@contextmanager
def _serving(place: Place, command: list[str], env: dict[str, str], entry: dict[str, str]) -> Iterator[int]:
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
        first = load(port, [request(next(iter(LISTS.values()))[0], **entry)], clients=1, seconds=0.2)
        assert not first.wrong, f"{command[0]} answers {first.wrong}: {log.read_text()[-1500:]}"
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
        time.sleep(0.1)
        return False


LINES: dict[str, Callable[..., list[Ratio]]] = {"T7": t7}
