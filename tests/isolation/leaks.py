"""Two tenants with equal ids, asked a great many times in every way work is done, whose rows each answer holds.

A row bears its owner's mark, so an answer that holds another's is a leak whatever was asked. A tally counts queries as
they are asked, not requests: `asked`, `wrong` and, for each kind of question, how often it was put.
"""

import asyncio
import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import websockets
from django.db import DatabaseError, connection, connections, transaction
from django.db.models import Count, Max, Min
from django.test import override_settings

from kernel import clock, jobs, quotas
from kernel.http import throttles
from kernel.ids import uuid7
from kernel.jobs.progress.models import Progress
from kernel.jobs.worker import Worker
from kernel.tenancy import Business, current, directory, tenant_scope
from kernel.tenancy.backend.base import DatabaseWrapper
from kernel.tenancy.scope import Scope
from shared_apps.accounts.models import User
from shared_apps.files.errors import FileMissing
from shared_apps.files.models import File
from shared_apps.files.services import file_link
from tests.support.sql import rows_of

ROWS = 24
THREADS, SOCKETS, ASKERS, WORKERS, SLOTS = 32, 200, 20, 4, 2
# Of all queries so much is asked in each way.
SHARES = {"threads": 0.4, "workers": 0.4, "sockets": 0.1, "views": 0.1}
IDS = [UUID(int=(0x0192F0DE << 96) | (7 << 76) | (2 << 62) | number) for number in range(ROWS)]
# Of a thread's scopes one in so many begins on a new connection.
RENEWED = 400
# Queries of one job; frames of one socket, fewer than a socket may send at once; queries of one view.
A_JOB, FRAMES, A_VIEW = 50, 25, 10
# A worker with nothing to do for so long takes what is missing for lost.
PATIENCE_SECONDS = 20.0

Tally = Counter[str]


def sow(business: Business) -> None:
    """The same people, file and limit under the same ids in each business, marked with their owner."""
    now = clock.now()
    with tenant_scope(business):
        User.objects.bulk_create(
            User(id=id_, name=business.schema, phone=f"+9198{number:08}") for number, id_ in enumerate(IDS)
        )
        File.objects.create(
            id=IDS[0], key=f"tenants/{business.schema}/{IDS[0]}/a.txt", name="a.txt", content_type="text/plain", size=1,
            state=File.State.STORED, created_at=now, stored_at=now,
        )  # fmt: skip
        quotas.set_limit(throttles.PLAN_LIMIT, int(business.schema.removeprefix("t_")))


def written(business: Business) -> tuple[int, int]:
    """How many rows were written by questions in a business's schema, and how many of them are another's."""
    with tenant_scope(business):
        rows = Progress.objects.filter(kind__startswith="t_")
        return rows.count(), rows.exclude(kind=business.schema).count()


# The questions: each gives the marks of the owners it came upon.


def one(rng: random.Random) -> list[str]:
    return [User.objects.get(id=rng.choice(IDS)).name]


def some(rng: random.Random) -> list[str]:
    return list(User.objects.filter(id__in=rng.sample(IDS, 5)).values_list("name", flat=True))


def raw(rng: random.Random) -> list[str]:
    return [name for (name,) in rows_of("SELECT name FROM accounts_user WHERE id = %s", rng.choice(IDS))]


def aggregate(rng: random.Random) -> list[str]:
    found = User.objects.filter(id__in=IDS).aggregate(low=Min("name"), high=Max("name"), number=Count("id"))
    return [found["low"], found["high"]] if found["number"] == ROWS else ["incomplete"]


def grouped(rng: random.Random) -> list[str]:
    found = User.objects.filter(id__in=IDS).values("name").annotate(number=Count("id"))
    return [row["name"] if row["number"] == ROWS else "incomplete" for row in found]


def streamed(rng: random.Random) -> list[str]:
    return [user.name for user in User.objects.filter(id__in=rng.sample(IDS, 9)).iterator(chunk_size=4)]


def streamed_in_a_transaction(rng: random.Random) -> list[str]:
    with transaction.atomic():
        return streamed(rng)


def after_a_savepoint(rng: random.Random) -> list[str]:
    with transaction.atomic():
        try:
            with transaction.atomic():
                rows_of("SELECT 1 / %s::int", 0)
        except DatabaseError:
            return one(rng)
    return ["never refused"]


def after_an_error(rng: random.Random) -> list[str]:
    try:
        rows_of("SELECT name FROM no_such_table WHERE id = %s", IDS[0])
    except DatabaseError:
        return one(rng)
    return ["never refused"]


def after_a_rollback(rng: random.Random) -> list[str]:
    with transaction.atomic():
        changed = User.objects.filter(id=rng.choice(IDS)).update(name="never to be seen")
        transaction.set_rollback(True)
    return one(rng) if changed == 1 else ["never changed"]


def after_a_look_elsewhere(rng: random.Random) -> list[str]:
    found = directory._load("by_schema", current().schema)
    return [found.schema if found else "nobody", *one(rng)]


def write(rng: random.Random) -> list[str]:
    now = clock.now()
    made = Progress.objects.create(id=uuid7(), kind=current().schema, created_at=now, updated_at=now)
    return [Progress.objects.get(id=made.id).kind, *one(rng)]


def key_in_the_storage(rng: random.Random) -> list[str]:
    try:
        return [file_link(IDS[0]).partition("/tenants/")[2].partition("/")[0]]
    except FileMissing:
        return ["refused"]


def key_in_the_process(rng: random.Random) -> list[str]:
    return [f"t_{throttles._plan_limit(current())}"]


# How many queries each is, and how. What a process remembers is asked of no database. Most are plain: whose rows come is
# decided below the models, where a query without one costs a tenth.
QUESTIONS: Sequence[tuple[int, Callable[[random.Random], list[str]]]] = (
    *((1, one), (1, some), (1, raw), (1, aggregate), (1, grouped), (1, streamed)) * 2,
    *((1, raw),) * 8,
    *((1, streamed_in_a_transaction), (2, after_a_savepoint), (2, after_an_error), (2, after_a_rollback)),
    *((2, after_a_look_elsewhere), (3, write), (1, key_in_the_storage), (0, key_in_the_process)),
)
KINDS = frozenset(question.__name__ for _, question in QUESTIONS)


def ask(rng: random.Random, queries: int) -> Tally:
    """Ask at least so many queries in the present scope; `wrong` are those answered with what is not its business's."""
    told: Tally = Counter()
    while told["asked"] < queries:
        number, question = rng.choice(QUESTIONS)
        told["asked"] += number
        told[question.__name__] += 1
        told["wrong"] += max(number, 1) * (set(question(rng)) != {current().schema})
    return told


# In threads


def in_threads(businesses: Sequence[Business], queries: int, seed: int) -> Tally:
    """Each of 32 threads goes from one business to the other as chance has it."""

    def work(number: int) -> Tally:
        rng, told = random.Random(f"{seed}.{number}"), Counter[str]()
        try:
            while told["asked"] < queries / THREADS:
                if rng.randrange(RENEWED) == 0:
                    connection.close()
                with tenant_scope(rng.choice(businesses)):
                    told += ask(rng, rng.randint(1, 5))
            return told
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(work, range(THREADS)), Counter[str]())


# Through sockets and asynchronous views, which `leaks_served` serves


async def by_sockets(businesses: Sequence[Business], port: int, queries: int, seed: int) -> Tally:
    """200 sockets open at once, every second one another's, each asking in a few frames."""
    told: Tally = Counter()
    each = -(-queries // SOCKETS)
    frames = min(FRAMES, -(-each // 4))
    opening, all_open = asyncio.Semaphore(SOCKETS // 8), asyncio.Barrier(SOCKETS)

    async def talk(number: int) -> None:
        business = businesses[number % len(businesses)]
        address = f"ws://{business.public_id}.localhost:{port}/ws/live/"
        async with opening:
            socket = await websockets.connect(address, host="127.0.0.1", port=port, open_timeout=60, proxy=None)
            await _said(socket, {"type": "subscribe", "topic": "tests.leaks"})
        await all_open.wait()
        for turn in range(frames):
            data = {"seed": f"{seed}.{number}.{turn}", "queries": -(-each // frames)}
            frame = {"type": "tests.leaks_ask", "topic": "tests.leaks", "data": data}
            _add(told, (await _said(socket, frame))["data"], business)
        await socket.close()

    await asyncio.gather(*(talk(number) for number in range(SOCKETS)))
    return told


async def by_views(businesses: Sequence[Business], port: int, queries: int, seed: int) -> Tally:
    """Requests to an asynchronous view, twenty at a time."""
    told: Tally = Counter()
    # Each on a connection of its own: one that rests may be closed just as it is used again.
    limits = httpx.Limits(max_keepalive_connections=0)
    address = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=address, timeout=60, trust_env=False, limits=limits) as client:

        async def work(asker: int) -> None:
            rng = random.Random(f"{seed}.{asker}")
            for _ in range(-(-queries // A_VIEW // ASKERS)):
                business = rng.choice(businesses)
                headers = {"Host": f"{business.public_id}.localhost"}
                given = await client.get(f"/leaks/{rng.randrange(10**6)}", headers=headers)
                _add(told, given.json() if given.status_code == 200 else {}, business)

        await asyncio.gather(*(work(asker) for asker in range(ASKERS)))
    return told


async def _said(socket: Any, frame: dict[str, Any]) -> dict[str, Any]:
    await socket.send(json.dumps(frame))
    told: dict[str, Any] = json.loads(await socket.recv())
    return told


def _add(told: Tally, answer: Mapping[str, Any], business: Business) -> None:
    """`failed` are answers that are none, or are given as another business."""
    told.update({name: number for name, number in answer.items() if isinstance(number, int)})
    told["failed"] += answer.get("schema") != business.schema


# By workers, which `leaks_worker` starts


@jobs.handler("tests.leaks", atomic=False)
def by_job(*, seed: str, report: str) -> None:
    """Ask, and add what came of it to a file: one line, one write. Not in one transaction: some questions are errors."""
    told = ask(random.Random(seed), A_JOB)
    with Path(report).open("a") as file:
        file.write(json.dumps(told) + "\n")


def jobs_put(businesses: Sequence[Business], queries: int, seed: int, report: Path) -> int:
    """Jobs of the businesses in equal parts; how many. The bell is not rung: the workers look by themselves."""
    report.touch()
    each = -(-queries // A_JOB // len(businesses))
    for business in businesses:
        with override_settings(JOBS_RING=False), tenant_scope(business), transaction.atomic():
            for turn in range(each):
                jobs.put("tests.leaks", seed=f"{seed}.{business.schema}.{turn}", report=str(report))
    return each * len(businesses)


def work(report: Path, number: int) -> None:
    """Carry out what is due in the slots of one worker until so many jobs have reported."""
    worker = Worker(SLOTS + 1)  # one is kept for what is urgent

    def slot(_: int) -> None:
        busy = time.monotonic()
        try:
            while report.read_bytes().count(b"\n") < number and time.monotonic() < busy + PATIENCE_SECONDS:
                if worker.work():
                    busy = time.monotonic()
                time.sleep(0.05)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(SLOTS) as pool:
        list(pool.map(slot, range(SLOTS)))


def reported(report: Path) -> Tally:
    return sum((Counter(json.loads(line)) for line in report.read_text().splitlines()), Counter[str]())


# Broken on purpose

_apply = DatabaseWrapper._apply
_first: dict[int, Scope] = {}


def stuck(self: DatabaseWrapper, scope: Scope | None) -> None:
    """Whichever tenant is asked for, a process goes on serving the first it served: the scope is kept where all share it."""
    if scope is not None and scope == self.applied:
        return
    wanted = scope
    if scope is not None and not scope.business.is_platform:
        wanted = _first.setdefault(os.getpid(), scope)
    _apply(self, wanted)
    self.applied = scope


def stuck_if_told() -> None:
    """For the processes of a control run."""
    if os.environ.get("LEAKS_STUCK"):
        DatabaseWrapper._apply = stuck  # type: ignore[method-assign]
