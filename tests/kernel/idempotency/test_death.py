"""A process that dies in the middle of a keyed request leaves nothing in the way of the next one."""

import os
import subprocess
import sys
import time
from pathlib import Path

import orjson
import pytest

from kernel import crash
from kernel.audit.models import Entry
from kernel.idempotency import guard
from kernel.idempotency.models import Call, State
from kernel.tenancy import tenant_scope
from tests.kernel.http import views
from tests.support import crashes

ROOT = Path(__file__).resolve().parents[3]
CHILD = """
import sys, django
django.setup()
from django.conf import settings
from django.test import Client
settings.TENANT_URLCONF = "tests.kernel.http.views"
host, authorization, key = sys.argv[1:]
headers = {"Host": host, "Authorization": authorization, "Idempotency-Key": key}
answer = Client().generic("POST", "/api/v1/pay", b'{"n":1}', content_type="application/json", headers=headers)
print(answer.status_code)
"""


def child(caller, *, crash_at):
    env = {**os.environ, "SHALA_CRASH_AT": crash_at, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "platform")))}
    headers = caller.headers
    command = [sys.executable, "-c", CHILD, headers["Host"], headers["Authorization"], "k"]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_every_place_to_die_is_tried():
    named = {name for name in crash.registered() if name.startswith("idempotency.")}
    assert named == {guard.STARTED, guard.WORKED}


@pytest.mark.parametrize(("place", "done_by_the_dead"), [(guard.STARTED, 0), (views.WORKED_HARD, 1), (guard.WORKED, 1)])
def test_the_next_equal_request_is_worked_on(caller, academy, place, done_by_the_dead):
    someone = caller()
    dead = child(someone, crash_at=place)
    assert crashes.died(place, dead.returncode), dead.stderr
    with tenant_scope(academy):
        assert Call.objects.get().state == State.RUNNING
        assert Entry.objects.count() == done_by_the_dead
    different = someone.post("/api/v1/pay", {"n": 2}, Idempotency_Key="k")
    assert different.status_code == 422
    # The server notices the dead connection within moments and frees the key.
    deadline = time.monotonic() + 20
    while (answer := someone.post("/api/v1/pay", {"n": 1}, Idempotency_Key="k")).status_code == 409:
        assert time.monotonic() < deadline
    assert (answer.status_code, orjson.loads(answer.content)) == (201, {"n": 1})
    assert "Idempotent-Replay" not in answer
    assert someone.post("/api/v1/pay", {"n": 1}, Idempotency_Key="k")["Idempotent-Replay"] == "true"
    with tenant_scope(academy):
        # The dead request's own work stands: the view's services carry `idempotency_id`, the same for both.
        assert Entry.objects.count() == done_by_the_dead + 1
        assert len(set(Entry.objects.values_list("subject_type", flat=True))) == 1
