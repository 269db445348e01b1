"""A PostgreSQL of the test's own, shut down at once and recovered while requests are being served, as they are served."""

import os
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from django.conf import settings
from psycopg import sql
from psycopg.conninfo import make_conninfo

from kernel.tenancy import Business
from kernel.tenancy.bootstrap import ensure_database
from scripts.stack import product, servers
from scripts.stack.layout import program
from scripts.stack.supervisor import Supervisor, remove
from tests.support import database
from tests.support.factories.people import branch_make
from tests.support.people import Client, staff
from tests.support.workers import until

PROGRAMS = program("postgres").parent
CALLERS = 4
NAME = "shala_restarted"


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    made = Supervisor(f"restart-{os.getpid()}")
    yield made
    made.stop()
    remove(made.folder)


def copied(supervisor: Supervisor, business: Business) -> tuple[str, str]:
    """A durable PostgreSQL holding the operator's rows and one business's: its server login's URL, and the app's."""
    service, admin = servers.postgres(supervisor, durable=True)
    supervisor.start(service)
    source = database.superuser_url()
    with psycopg.connect(source) as server:
        tenants = f"{settings.ROLE_PREFIX}_t_%"
        roles = [row[0] for row in server.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE %s", [tenants])]
    with psycopg.connect(admin, autocommit=True) as server:
        for role in roles:  # every one is named in the grants of what is copied
            server.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
    urls = ensure_database(admin, NAME, secret=database.SECRET, role_prefix=settings.ROLE_PREFIX)
    inside = make_conninfo(admin, dbname=NAME)
    with psycopg.connect(inside, autocommit=True) as server:
        role, prefix = sql.Identifier(business.role), settings.ROLE_PREFIX
        app, tenant = sql.Identifier(f"{prefix}_app"), sql.Identifier(f"{prefix}_tenant")
        server.execute(sql.SQL("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE").format(role, app))
        server.execute(sql.SQL("GRANT {} TO {}").format(tenant, role))
        server.execute("DROP SCHEMA public")
    only = ["-n", "public", "-n", business.schema]
    dumped = subprocess.run([PROGRAMS / "pg_dump", *only, source], capture_output=True, check=True)
    restoring = [PROGRAMS / "psql", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-f", "-", inside]
    restored = subprocess.run(restoring, input=dumped.stdout, capture_output=True, check=False)
    assert restored.returncode == 0, restored.stderr
    return inside, urls.app


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
    admin, url = copied(supervisor, academy)
    given = {
        name: value for name, value in os.environ.items() if name.startswith(("S3_", "SHALA_", "REDIS_", "DJANGO_"))
    }
    env = {**given, "DATABASE_URL": url, "REQUESTS_PER_MINUTE": "10000000"}
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
    with psycopg.connect(admin) as server:
        query = sql.SQL("SELECT id::text FROM {}.people_student").format(sql.Identifier(academy.schema))
        there = {row[0] for row in server.execute(query)}
    assert set(load.kept) <= there
    # Beside those, at most one of each caller's: written, and the answer to it lost.
    assert len(there) - len(load.kept) <= CALLERS
