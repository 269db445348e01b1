"""The stage of a drill: a stack of its own, one business with everything it needs, and callers who do not give up."""

import csv
import io
import itertools
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg.conninfo import make_conninfo

from scripts.drills.diary import Diary
from scripts.stack import given, servers, whole
from scripts.stack.layout import LOCAL, CannotRun
from scripts.stack.progress import doing
from scripts.stack.report import Report
from scripts.story.cast import Play, Tenant
from scripts.story.client import Host, code_of, until
from scripts.story.opening import gateways_open

NAME = "chaos"
# Limits that a crowd behind one address would meet first, and waits that a drill would spend most of its time in.
SETTINGS = {
    "REQUESTS_PER_MINUTE": "10000000",
    "OTP_PER_NETWORK_HOUR": "100000",
    "OTP_PER_TENANT_HOUR": "100000",
    "OTP_PER_TENANT_DAY": "100000",
    "READY_SCHEMAS": "1",
    "JOBS_LEASE_SECONDS": "6",
    "GATEWAY_READ_SECONDS": "2",
    "MSG91_ANSWER_SECONDS": "2",
}
# What is worth asking again: nobody answered, or the answer was that it could not be said now.
_AGAIN = frozenset({500, 502, 503, 504})
_AGAIN_CODES = frozenset({"idempotency.in_flight", "payments.under_way", "payments.no_gateway"})
STUDENTS = 40


class NotAnswered(Exception):
    """No answer that means anything came in time; whether the call had an effect is not known."""


@dataclass
class Stage:
    """Who plays in a drill. `keys` are our business's accounts at the gateways."""

    stack: whole.Stack
    play: Play
    diary: Diary
    tenant: Tenant
    schema: str
    database: str
    deadline: float
    keys: frozenset[str] = frozenset()
    students: list[dict[str, Any]] = field(default_factory=list)
    payers: list[tuple[dict[str, Any], Host]] = field(default_factory=list)

    @property
    def owner(self) -> Host:
        return self.tenant.owner

    @property
    def time_left(self) -> float:
        return self.deadline - time.monotonic()

    def ask(self, who: Host, method: str, path: str, body: Any = None, *, key: str = "", patience_s: float = 40) -> Any:
        """The answer to a call, repeated under its key until one comes; None when it was refused, which is noted.

        Raises NotAnswered. A call without a key may happen more than once.
        """
        until_ = time.monotonic() + patience_s
        for wait in itertools.chain((0.1, 0.2, 0.4), itertools.repeat(0.8)):
            try:
                answer = who.call(method, path, body, key=key)
            except httpx.HTTPError as error:
                self.diary.no_answer(type(error).__name__)
            else:
                if answer.is_success:
                    return answer.json()
                code = code_of(answer)
                if answer.status_code not in _AGAIN and code not in _AGAIN_CODES:
                    self.diary.said_no(code)
                    return None
                self.diary.no_answer(f"{answer.status_code} {code}")
            if time.monotonic() > until_ or self.time_left < 0:
                raise NotAnswered(f"{method} {path}")
            time.sleep(wait)
        raise AssertionError("unreachable")

    def jobs_waiting(self) -> int:
        """How many jobs of the business are due and not done; none while the database is away."""
        try:
            with psycopg.connect(self.database) as connection:
                query = (
                    "SELECT count(*) FROM jobs_job WHERE business = %s AND state IN ('queued', 'running') AND due <= %s"
                )
                row = connection.execute(query, [self.schema, self.play.now()]).fetchone()
        except psycopg.OperationalError:
            return 0
        return int(row[0]) if row else 0

    def mend(self) -> None:
        """Every guard on again."""
        _broken(self.stack.folder).write_text("")


def started() -> Play:
    """A fresh stack to drill, its operator signed in. Raises CannotRun with servers that are not ours to kill."""
    if given.postgres_given() or given.redis_given():
        raise CannotRun("a drill kills its servers: unset DATABASE_URL and REDIS_URL, so that it starts its own")
    whole.forget(NAME)
    stack = whole.start(NAME, settings={**SETTINGS, "SHALA_BREAK_FILE": str(_broken(LOCAL / NAME))}, paired=True)
    try:
        with doing("signing the operator in"):
            play = Play(stack, Report(story="drill", run=1))
            address, password = "operator@shala.example", f"{secrets.token_urlsafe(14)}-Aa1"
            stack.manage("createadmin", f"--email={address}", "--name=Operator", env={"ADMIN_PASSWORD": password})
            play.admin = play.operator(address, password)
            return play
    except BaseException:
        stack.stop()
        raise


def opened(
    diary: Diary, *, deadline: float, broken: str = "", plan: str = "professional", play: Play | None = None
) -> Stage:
    """One business with everything it needs, on a stack that is given or started for it, the guard `broken` off."""
    ours = play is None
    play = play or started()
    try:
        stage = _furnished(play, diary, deadline=deadline, plan=plan)
        _broken(stage.stack.folder).write_text(broken)
        return stage
    except BaseException:
        if ours:
            play.stack.stop()
        raise


def _broken(folder: Path) -> Path:
    """Where the processes of a stack read which guard to do without."""
    return folder / "broken"


def _furnished(play: Play, diary: Diary, *, deadline: float, plan: str) -> Stage:
    stack = play.stack
    with doing("opening a business with gateways, credits and students"):
        play.admin.renew()  # the clock was moved since it signed in
        word = f"storm-{secrets.token_hex(2)}"
        tenant = play.tenant(play.opened(name=word.title(), slug=word, kind="both", plan=plan))
        strangers = _accounts(play)
        gateways_open(play.sandbox, tenant.owner, f"http://{tenant.public_id}.localhost:{stack.port}", "storm")
        bought = {"vendor": "msg91", "channel": "sms", "units": 1_000_000}
        play.admin.post("admin/credits/purchase", bought, key=f"stock-{word}")
        tenant.branch = tenant.owner.post("branches", {"name": "Main", "code": "MAIN", "kind": "academy"})["id"]
        assert stack.supervisor is not None
        database = make_conninfo(servers.pair_url(stack.supervisor), dbname=given.own_name(NAME))
        stage = Stage(
            stack=stack,
            play=play,
            diary=diary,
            tenant=tenant,
            schema=_schema(database, tenant.id),
            database=database,
            deadline=deadline,
            keys=_accounts(play) - strangers,
        )
        stage.students = _students(tenant)
        return stage


def payers_in(stage: Stage, count: int) -> None:
    """Sign students in who will pay, each with a code by SMS."""
    with doing(f"signing {count} students in"):
        give = {"tenant": stage.tenant.id, "channel": "sms", "units": count}
        stage.play.admin.post("admin/credits/allocate", give, key=f"codes-{stage.tenant.slug}")
        stage.diary.acknowledged("credits", units=count)
        stage.payers = [(one, stage.play.student(stage.tenant, one["phone"])) for one in stage.students[:count]]


def diary_of(name: str) -> Diary:
    """A diary outside the stack's folder: what the system loses, it does not lose there."""
    return Diary(LOCAL / f"{NAME}-{name}.jsonl")


def _students(tenant: Tenant) -> list[dict[str, Any]]:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["name", "phone"])
    rows.writerows([f"Student {number}", f"98220{number:05}"] for number in range(1, STUDENTS + 1))
    fields = {"branch": tenant.branch, "dry_run": "false"}
    files = {"file": ("students.csv", text.getvalue().encode(), "text/csv")}
    started = tenant.owner.post("students/bulk-import", data=fields, files=files)
    until("the import", lambda: tenant.owner.get(f"jobs/{started['id']}")["state"] in {"done", "failed"})
    return tenant.owner.all("students")


def _accounts(play: Play) -> frozenset[str]:
    return frozenset(one["key_id"] for one in play.sandbox.book()["accounts"])


def _schema(database: str, tenant: str) -> str:
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT schema_name FROM tenants_tenant WHERE id = %s", [tenant]).fetchone()
    assert row is not None
    return str(row[0])
