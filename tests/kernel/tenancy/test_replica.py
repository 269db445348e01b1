"""Reports read from a real streaming replica, as their own business alone, and never from one too far behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from kernel.tenancy import Business
from kernel.tenancy.bootstrap import _login_url
from scripts.stack import servers
from tests.support.copies import NAME, copied, supervised
from tests.support.database import SECRET
from tests.support.factories.people import branch_make
from tests.support.workers import ROOT, until

LAG_S = 2


@contextmanager
def reader(**env: str) -> Iterator[Any]:
    """A process of the app's to whom one says what to do: `tell(door, …)`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.kernel.tenancy.reader"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}", "REPLICA_LAG_SECONDS": str(LAG_S), **env},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None

    def tell(*what: object) -> Any:
        process.stdin.write(json.dumps(what) + "\n")  # type: ignore[union-attr]
        process.stdin.flush()  # type: ignore[union-attr]
        return json.loads(process.stdout.readline())  # type: ignore[union-attr]

    try:
        yield tell
    finally:
        process.kill()
        process.communicate()


def test_reports_read_a_replica_that_keeps_up_and_else_the_primary(academy: Business, other_academy: Business) -> None:
    branch_make(academy, name="Ours", code="OURS", kind="academy")
    branch_make(other_academy, name="Theirs", code="THEIRS", kind="academy")
    ours, theirs, prefix = academy.schema, other_academy.schema, academy.role.removesuffix(f"_{academy.schema}")
    with supervised("replica") as supervisor:
        copy = copied(supervisor, academy, other_academy, durable=False)
        service, address = servers.standby(supervisor, copy.server, durable=False)
        supervisor.start(service)
        replica = _login_url(address, NAME, prefix, "app", SECRET)
        with (
            psycopg.connect(make_conninfo(address, dbname=NAME), autocommit=True) as standby,
            reader(DATABASE_URL=copy.urls.app, REPLICA_DATABASE_URL=replica) as tell,
        ):
            # As its own business alone, one after the other on the same connection.
            for business, named in [(academy, "Ours"), (other_academy, "Theirs")] * 3:
                want = {"replica": True, "role": business.role, "path": f"{business.schema}, ext", "branches": [named]}
                assert tell("read", business.schema) == want
            refused = ["InsufficientPrivilege", "ReadOnlySqlTransaction", "SyntaxError", "ScopeMissing"]
            assert tell("trespass", ours, theirs) == refused
            assert tell("read_in_transaction", ours) is False
            assert tell("asked", ours, 500) <= 1

            # Too far behind, and back again. What is written goes to the primary, wherever it was read.
            standby.execute("SELECT pg_wal_replay_pause()")
            assert tell("write", ours, "Later") == "default"
            begun = time.monotonic()
            until(lambda: not tell("read", ours)["replica"], seconds=LAG_S + 10)
            assert time.monotonic() - begun <= LAG_S + 1.5
            assert tell("read", ours)["branches"] == ["Later", "Ours"]
            standby.execute("SELECT pg_wal_replay_resume()")
            until(lambda: tell("read", ours)["replica"])
            assert tell("read", ours) == {
                "replica": True,
                "role": academy.role,
                "path": f"{ours}, ext",
                "branches": ["Later", "Ours"],
            }
            assert tell("read", theirs)["branches"] == ["Theirs"]

            # Gone: whoever was reading is told so, the others read the primary.
            supervisor.kill("standby", signal.SIGKILL)
            until(lambda: supervisor.running["standby"].poll() is not None)
            answers = [tell("read", ours) for _ in range(3)]
            assert [one for one in answers if "error" in one] in ([], [{"error": "OperationalError"}]), answers
            assert answers[-1]["replica"] is False
            assert answers[-1]["branches"] == ["Later", "Ours"]
