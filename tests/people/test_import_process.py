"""The import in a real process: what it needs of memory, and that dying anywhere doubles and loses nobody."""

import os
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import pytest

from kernel import crash, jobs, quotas
from kernel.jobs import claims
from kernel.tenancy import Business, tenant_scope
from tenant_apps.people import imports
from tenant_apps.people.models import Access, RefusedRow, Student, StudentImport
from tests.people.test_imports import refused_rows, send
from tests.support import crashes
from tests.support.factories.people import branch_make
from tests.support.people import Client, staff
from tests.support.processes import drain_dying_at
from tests.support.racing import race

pytestmark = pytest.mark.usefixtures("bucket")

ROOT = Path(__file__).resolve().parents[2]
WORKER = """
import django
django.setup()
from kernel import jobs
jobs.drain(max_seconds=120)
"""
MEASURED = """
import django
django.setup()
from pathlib import Path
from uuid import UUID
from kernel import jobs

def kilobytes(name):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])

jobs.drain(max_seconds=60)  # the small import: everything is loaded and connected
print("ready", flush=True)
input()
idle = kilobytes("VmRSS")
Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
jobs.drain(max_seconds=120)
print(idle, kilobytes("VmHWM"))
"""


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "platform"))), **more}


def killed(place: str) -> None:
    """Run a worker that dies at a named place; its lease has run out when this returns."""
    env = environment(SHALA_CRASH_AT=place, JOBS_LEASE_SECONDS="1")
    done = subprocess.run(
        [sys.executable, "-c", WORKER], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert crashes.died(place, done.returncode), done.stderr[-2000:]
    deadline = time.monotonic() + 10
    while claims.reclaim() == 0:
        assert time.monotonic() < deadline, "the dead worker's job was not given back"


def sheet(rows: int, *, bad_every: int = 0) -> bytes:
    lines = ["name,phone,guardian_name,guardian_phone,grade,board,email,tags"]
    for n in range(rows):
        phone = "12" if bad_every and n % bad_every == 0 else f"98{n:08d}"
        lines.append(f"छात्र क्रमांक {n},{phone},Parent of {n},97{n // 2:08d},10,CBSE,student{n}@example.in,evening;new")
    return "\n".join(lines).encode()


def started(client: Client, body: bytes, **fields: str) -> str:
    answer = send(client, body, **fields)
    assert answer.status_code == 202, answer.content
    return str(answer.json()["id"])


def test_killed_at_row_5000_of_10000_and_carried_on(academy: Business) -> None:
    branch_make(academy, code="ASH", kind="academy")
    owner = staff(academy)
    import_id = started(owner, sheet(10_000))
    killed(f"{imports.BATCH_KEPT}:{5_000 // imports.BATCH_ROWS}")
    with tenant_scope(academy):
        row = StudentImport.objects.get()
        assert (row.state, row.row, row.created) == ("running", 5_001, 5_000)
        assert Student.objects.count() == 5_000
    progress = owner.get(f"jobs/{import_id}").json()
    assert (progress["state"], progress["done"], progress["total"]) == ("running", 5_000, 10_000)
    jobs.drain(max_seconds=120)
    ended = owner.get(f"students/bulk-import/{import_id}").json()
    assert (ended["state"], ended["rows"], ended["created"], ended["refused"]) == ("done", 10_000, 10_000, 0)
    with tenant_scope(academy):
        assert Student.objects.count() == 10_000
        assert Student.objects.values("name").distinct().count() == 10_000
        assert Student.objects.values("code").distinct().count() == 10_000
        # Each signs in by their own number and a parent's, which two of them share.
        assert Access.objects.count() == 20_000
        assert Access.objects.values("user").distinct().count() == 15_000
        assert {use.name: use.used for use in quotas.usage()}["students"] == 10_000


def test_every_place_to_die_is_tried() -> None:
    named = {name for name in crash.registered() if name.startswith("people.")}
    assert named == {imports.BATCH_WRITTEN, imports.BATCH_KEPT, imports.REFUSED_STORED}


@pytest.mark.parametrize(
    ("place", "dry_run"),
    [
        (imports.BATCH_WRITTEN, False),
        (imports.BATCH_KEPT, False),
        (imports.REFUSED_STORED, False),
        (imports.BATCH_KEPT, True),
    ],
)
def test_dying_anywhere_changes_nothing_of_the_end(academy: Business, place: str, dry_run: bool) -> None:
    branch_make(academy, code="ASH", kind="academy")
    owner = staff(academy)
    import_id = started(owner, sheet(600, bad_every=100), dry_run=str(dry_run).lower())
    assert drain_dying_at(place)
    jobs.drain(max_seconds=60)
    ended = owner.get(f"students/bulk-import/{import_id}").json()
    assert (ended["state"], ended["rows"], ended["created"], ended["refused"]) == ("done", 600, 594, 6)
    assert [int(row["row"]) for row in refused_rows(owner, import_id)] == [2, 102, 202, 302, 402, 502]
    with tenant_scope(academy):
        assert Student.objects.count() == (0 if dry_run else 594)
        assert RefusedRow.objects.count() == 0
        assert {use.name: use.used for use in quotas.usage()}["students"] == (0 if dry_run else 594)


def test_two_workers_on_one_import_double_nothing(academy: Business) -> None:
    branch_make(academy, code="ASH", kind="academy")
    import_id = started(staff(academy), sheet(1_000))
    with tenant_scope(academy):
        script = (
            "import sys, django; django.setup()\n"
            "from kernel.tenancy import business_by_schema, tenant_scope\n"
            "from tenant_apps.people import imports\n"
            "with tenant_scope(business_by_schema(sys.argv[1])): imports.import_run(student_import=sys.argv[2])\n"
        )
    command = [sys.executable, "-c", script, academy.schema, import_id]
    both = [subprocess.Popen(command, cwd=ROOT, env=environment()) for _ in range(2)]
    assert [worker.wait(120) for worker in both] == [0, 0]
    jobs.drain()
    with tenant_scope(academy):
        row = StudentImport.objects.get()
        assert (row.state, row.created, row.refused) == ("done", 1_000, 0)
        assert Student.objects.count() == 1_000


def test_ten_thousand_rows_need_less_than_64_mb(academy: Business) -> None:
    branch_make(academy, code="ASH", kind="academy")
    owner = staff(academy)
    started(owner, sheet(10))
    worker = subprocess.Popen(
        [sys.executable, "-c", MEASURED],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "ready\n"
    import_id = started(owner, sheet(10_000, bad_every=3))
    out, _ = worker.communicate("go\n", timeout=180)
    assert worker.returncode == 0
    idle_kb, peak_kb = map(int, out.split())
    assert peak_kb - idle_kb < 64 * 1024, f"{(peak_kb - idle_kb) / 1024:.1f} MB above {idle_kb / 1024:.1f} MB idle"
    ended = owner.get(f"students/bulk-import/{import_id}").json()
    # Ten of them were the small import's; the bad among those are bad here again.
    assert (ended["state"], ended["created"] + ended["refused"]) == ("done", 10_000)
    print(f"{(peak_kb - idle_kb) / 1024:.1f} MB above idle")  # noqa: T201


def test_the_same_sheet_imported_twice_at_once_admits_everyone_once(academy: Business) -> None:
    branch_make(academy, code="ASH", kind="academy")
    owner = staff(academy)
    body = sheet(1_500)
    import_ids = [started(owner, body) for _ in range(2)]

    def run(index: int) -> str:
        with tenant_scope(academy):
            imports.import_run(student_import=UUID(import_ids[index]))
            return "done"

    assert race(2, run) == {"done": 2}
    jobs.drain()
    with tenant_scope(academy):
        both = StudentImport.objects.all()
        assert [row.state for row in both] == ["done", "done"]
        assert sum(row.created for row in both) == sum(row.refused for row in both) == 1_500
        assert Student.objects.count() == Student.objects.values("name").distinct().count() == 1_500
        assert {use.name: use.used for use in quotas.usage()}["students"] == 1_500
