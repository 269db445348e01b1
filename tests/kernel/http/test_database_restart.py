"""A PostgreSQL of the test's own, shut down at once and recovered while requests are being served, as they are served."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from psycopg import sql

from kernel.tenancy import Business
from scripts.stack import product
from scripts.stack.supervisor import Supervisor
from tests.support.copies import copied, supervised
from tests.support.factories.people import branch_make
from tests.support.people import Client, staff
from tests.support.workers import until

CALLERS = 4


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    with supervised("restart") as made:
        yield made


@dataclass
class Load:
    """Callers who write as fast as they are answered."""

    client: Client
    url: str
    branch: UUID
    kept: list[str] = field(default_factory=list)
    answers: Counter[Any] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._call_on, args=(n,), daemon=True) for n in range(CALLERS)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(30)

    def _call_on(self, caller: int) -> None:
        headers = {"Host": self.client.host, "Authorization": f"Bearer {self.client.token}"}
        with httpx.Client(base_url=self.url, headers=headers, timeout=20, trust_env=False) as http:
            number = 0
            while not self._ended.is_set():
                number += 1
                name, phone = f"Asha {caller}-{number}", f"97{caller}{number:07}"
                body = {"name": name, "phone": phone, "branch": str(self.branch)}
                self._told(http.post("/api/v1/students", json=body))

    def _told(self, answer: httpx.Response) -> None:
        kind = answer.headers["content-type"].partition(";")[0]
        self.answers[answer.status_code, kind, "" if answer.is_success else answer.json()["code"]] += 1
        if answer.is_success:
            self.kept.append(answer.json()["id"])


def test_what_was_acknowledged_is_kept_and_the_web_recovers_by_itself(
    academy: Business, supervisor: Supervisor
) -> None:
    owner, branch = staff(academy), branch_make(academy, kind="academy")
    copy = copied(supervisor, academy)
    given = {
        name: value for name, value in os.environ.items() if name.startswith(("S3_", "SHALA_", "REDIS_", "DJANGO_"))
    }
    env = {**given, "DATABASE_URL": copy.urls.app, "REQUESTS_PER_MINUTE": "10000000"}
    web = product.processes(supervisor, env, {}, reload=False)[0]
    supervisor.start(web)
    supervisor.watch()
    served_by = supervisor.running["web"].pid
    port = supervisor.ports.take("web")
    with Load(owner, f"http://127.0.0.1:{port}", branch.id) as load:
        until(lambda: load.answers.total() > 20)
        assert set(load.answers) == {(201, "application/json", "")}
        was = supervisor.running["postgres"]
        # At once: no checkpoint, every session cut off in the middle of what it does.
        supervisor.kill("postgres", signal.SIGQUIT)
        until(lambda: was.poll() is not None)
        before = len(load.kept)
        until(lambda: len(load.kept) > before + 20, seconds=60)
    assert supervisor.running["postgres"].pid != was.pid
    assert supervisor.running["web"].pid == served_by
    assert supervisor.running["web"].poll() is None
    refused = {what: times for what, times in load.answers.items() if what[0] != 201}
    assert set(refused) == {(503, "application/problem+json", "http.try_again")}, load.answers
    with psycopg.connect(copy.admin) as server:
        query = sql.SQL("SELECT id::text FROM {}.people_student").format(sql.Identifier(academy.schema))
        there = {row[0] for row in server.execute(query)}
    assert set(load.kept) <= there
    # Beside those, at most one of each caller's: written, and the answer to it lost.
    assert len(there) - len(load.kept) <= CALLERS
