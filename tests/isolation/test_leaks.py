"""Nobody ever reads another's rows, however many work at once; and with the scope broken on purpose half of all do.

`scripts/bench isolation` runs this with a million queries.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

from kernel.tenancy import Business
from kernel.tenancy.backend.base import DatabaseWrapper
from tests.isolation import leaks
from tests.isolation.leaks import SHARES, Tally
from tests.support.queue import empty_queue
from tests.support.tenants import tenant_make
from tests.support.workers import ROOT, live

__all__ = ["empty_queue"]

QUERIES = int(os.environ.get("LEAKS_QUERIES", "8000"))
# Half of them are wrong, so a few thousand tell as much as a hundred thousand.
CONTROL = min(max(QUERIES // 10, 3_000), 20_000)
SEED = int(os.environ.get("LEAKS_SEED", "1"))


@pytest.fixture
def pair() -> list[Business]:
    made = [tenant_make(), tenant_make()]
    for business in made:
        leaks.sow(business)
    return made


def test_in_no_way_of_asking_is_anybody_answered_with_anothers_rows(pair: list[Business], tmp_path: Path) -> None:
    found = asked_in_every_way(pair, QUERIES, tmp_path)
    report(sound=found)
    assert {way: (told["wrong"], told["failed"]) for way, told in found.items()} == dict.fromkeys(SHARES, (0, 0))
    wanting = {way: told["asked"] for way, told in found.items() if told["asked"] < QUERIES * SHARES[way]}
    assert wanting == {}
    assert {way: leaks.KINDS.difference(told) for way, told in found.items()} == {way: set() for way in SHARES}
    # What was written lies where it belongs, all of it.
    lie = [leaks.written(business) for business in pair]
    assert [strange for _, strange in lie] == [0, 0]
    assert sum(number for number, _ in lie) == sum(told["write"] for told in found.values())


def test_with_a_scope_that_stays_each_way_is_found_out(pair: list[Business], tmp_path: Path) -> None:
    found = asked_in_every_way(pair, CONTROL, tmp_path, stuck=True)
    report(stuck=found)
    total = sum(found.values(), Counter[str]())
    assert total["asked"] >= CONTROL
    assert all(told["wrong"] > 0.3 * told["asked"] for told in found.values()), found
    assert total["wrong"] > 0.4 * total["asked"], found


def asked_in_every_way(
    pair: Sequence[Business], queries: int, folder: Path, *, stuck: bool = False
) -> dict[str, Tally]:
    """Threads here, sockets and views of a live process, jobs of workers, all at the same time."""
    share = {way: round(queries * part) for way, part in SHARES.items()}
    file = folder / "jobs"
    number = leaks.jobs_put(pair, share["workers"], SEED, file)
    with ExitStack() as opened:
        if stuck:
            opened.enter_context(broken())
        workers = opened.enter_context(working(file, number, log=folder / "worker.log"))
        served = live(
            settings.REDIS_URL, log=folder / "live.log", application="tests.isolation.leaks_served:application"
        )
        port = opened.enter_context(served).port
        threads = opened.enter_context(ThreadPoolExecutor(1)).submit(leaks.in_threads, pair, share["threads"], SEED)
        sockets, views = asyncio.run(_live(pair, port, share))
        found = {"threads": threads.result(), "sockets": sockets, "views": views}
        assert workers.wait() == 0, (folder / "worker.log").read_text()
    return {**found, "workers": leaks.reported(file)}


@contextmanager
def broken() -> Iterator[None]:
    """This process and those it starts keep to one scope."""
    connections.close_all()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEAKS_STUCK", "1")
        patch.setattr(DatabaseWrapper, "_apply", leaks.stuck)
        yield


@contextmanager
def working(report: Path, number: int, *, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """The processes that carry out the jobs."""
    command = [sys.executable, "-m", "tests.isolation.leaks_worker", str(report), str(number)]
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}", "SHALA_PROCESS": "worker"}
    with log.open("wb") as output, subprocess.Popen(command, cwd=ROOT, env=env, stderr=output) as process:
        try:
            yield process
        finally:
            process.kill()


async def _live(pair: Sequence[Business], port: int, share: dict[str, int]) -> tuple[Tally, Tally]:
    return await asyncio.gather(
        leaks.by_sockets(pair, port, share["sockets"], SEED), leaks.by_views(pair, port, share["views"], SEED)
    )


def report(**found: Any) -> None:
    """For who measures: what was found, where they ask for it."""
    if name := os.environ.get("LEAKS_REPORT"):
        file = Path(name)
        known = json.loads(file.read_text()) if file.exists() else {}
        file.write_text(json.dumps(known | found))
