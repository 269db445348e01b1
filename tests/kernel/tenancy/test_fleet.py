"""A fleet is migrated by one plan: as Django would in each schema, put off or stopped where it must be, never half done."""

import json
import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.test.utils import CaptureQueriesContext

from kernel.realtime.publish import channel
from kernel.tenancy import platform_scope
from kernel.tenancy.directory import forget
from kernel.tenancy.errors import FleetBusy
from kernel.tenancy.fleet import drift, selectors
from kernel.tenancy.fleet.crew import Pace
from kernel.tenancy.fleet.migrate import SchemaUnknown, Settings, fleet_migrate
from kernel.tenancy.fleet.runs import fleet_held, run_held
from kernel.tenancy.fleet.versions import code_fingerprint
from kernel.tenancy.models import FleetEntry, FleetRun
from kernel.tenancy.scope import schema_scope
from tests.support.fleets import Fleet, fleet_made
from tests.support.people import api
from tests.support.processes import dying_at
from tests.support.sql import ddl_cursor
from tests.support.tenants import tenant_make
from tests.support.workers import until

NOTE = (
    'migrations.AddField("campaign", "note", models.CharField(max_length=20, default="new", db_default="new"))',
    'migrations.AddIndex("campaign", models.Index(fields=["state", "note"], name="campaigns_note"))',
)
MORE = (
    """migrations.CreateModel("Thing", [
            ("id", models.BigAutoField(primary_key=True)), ("amount", models.IntegerField(default=0)),
            ("campaign", models.ForeignKey("campaigns.campaign", on_delete=models.CASCADE))])""",
    'migrations.AlterField("campaign", "grade", models.CharField(max_length=80, default="-"))',
    'migrations.AddConstraint("thing", models.CheckConstraint(name="thing_owed", condition=models.Q(amount__gte=0)))',
    """EverySQL("CREATE FUNCTION things() RETURNS bigint LANGUAGE sql SET search_path FROM CURRENT"
                 " AS $$ SELECT count(*) FROM campaigns_thing WHERE amount % 2 = 0 $$")""",
)
FILL = """migrations.RunPython(lambda apps, editor: [
            (setattr(one, "note", one.name + "!"), one.save(using=editor.connection.alias))
            for one in apps.get_model("campaigns", "Campaign").objects.using(editor.connection.alias)])"""
UNIQUE = (
    "migrations.RunSQL('CREATE UNIQUE INDEX CONCURRENTLY campaigns_noted ON campaigns_campaign (note, id)')",
    "migrations.RunSQL('ALTER TABLE campaigns_campaign ADD CONSTRAINT campaigns_noted UNIQUE USING INDEX campaigns_noted')",
)
INDEX = 'postgres.AddIndexConcurrently("campaign", models.Index(fields=["note"], name="campaigns_by_note"))'
HAS_NOTE = "SELECT 1 FROM pg_attribute WHERE attrelid = 'campaigns_campaign'::regclass AND attname = 'note'"
HAD_NOTE = "SELECT 1 FROM django_migrations WHERE app = 'campaigns' AND name = '0901_note'"
FAST = Settings(Pace(workers=2, batch=2, pause=0.05, attempts=40), lock_timeout=0.2)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with fleet_made(tmp_path) as made:
        yield made


@contextmanager
def told() -> Iterator[list[dict[str, Any]]]:
    """What followers of the operator's topic `fleet` are told while the block runs."""
    frames: list[dict[str, Any]] = []
    with redis.Redis.from_url(settings.REDIS_URL) as server, server.pubsub(ignore_subscribe_messages=True) as heard:
        heard.subscribe(channel())
        heard.get_message(timeout=1)
        yield frames
        while message := heard.get_message(timeout=0.2):
            head, _, body = message["data"].partition(b"\n")
            if head == b"topic public fleet":
                frames.append(json.loads(body))


def campaign_in(schema: str) -> None:
    with ddl_cursor(schema) as cursor:
        cursor.execute(
            "INSERT INTO campaigns_campaign (id, name, template, language, values, grade, board, state, created_at)"
            " VALUES (gen_random_uuid(), %s, 't', '', '{}', '', '', 'draft', '2026-01-01T00:00Z')",
            [schema],
        )


@pytest.fixture
def held() -> Iterator[psycopg.Connection]:
    """A connection that holds locks for as long as it is open."""
    names = connections.settings["ddl"]
    with psycopg.connect(
        host=names["HOST"],
        port=names["PORT"] or None,
        dbname=names["NAME"],
        user=names["USER"],
        password=names["PASSWORD"],
    ) as connection:
        yield connection


def test_what_is_replayed_is_what_django_does_in_each_schema(fleet: Fleet) -> None:
    fleet.adds("0901_note", *NOTE)
    fleet.adds("0902_more", *MORE)
    by_django, *others = fleet.schemas
    with schema_scope(by_django):
        executor = MigrationExecutor(connections["ddl"])
        executor.migrate(executor.loader.graph.leaf_nodes())
    with told() as frames:
        result = fleet_migrate(settings=FAST)
    assert (result.done, result.failed, result.left) == (len(fleet.schemas), {}, 0)
    stages = [frame["data"]["stage"] for frame in frames]
    assert list(dict.fromkeys(stages)) == ["", "template", "one", "one in a hundred", "all"]
    last = {"state": "finished", "total": len(fleet.schemas), "done": len(fleet.schemas), "failed": 0}
    assert frames[-1]["type"] == "fleet.moved"
    assert frames[-1]["data"] == {**frames[-1]["data"], "kind": "migrate", "stage": "all", **last}
    assert drift.check() == []
    assert fleet.versions() == {code_fingerprint()}
    assert {s: e.state for s, e in fleet.entries("0902_more").items()} == dict.fromkeys(
        [*others, "t_0", "public"], "applied"
    )
    with platform_scope():
        run = selectors.runs_recent(1)[0]
        assert (run.state, run.total, run.done, run.failed) == ("finished", len(fleet.schemas), len(fleet.schemas), 0)
        version = selectors.fleet_versions()[0]
        assert (version.is_current, version.tenants, version.ready) == (True, 3, len(fleet.schemas) - 3)
    assert fleet_migrate(settings=FAST).done == 0
    # One that stands for both is theirs already: it is noted, and nothing is done.
    fleet.squashes("0901_both", "0901_note", "0902_more")
    assert fleet_migrate(settings=FAST).done == len(fleet.schemas)
    assert (drift.check(), fleet.versions()) == ([], {code_fingerprint()})
    with pytest.raises(SchemaUnknown):
        fleet_migrate(schemas=["t_9999999"])


def test_rows_are_changed_in_each_schema_and_indexes_built_beside_running_work(
    fleet: Fleet, held: psycopg.Connection
) -> None:
    for schema in fleet.schemas:
        campaign_in(schema)
    fleet.adds("0901_note", *NOTE)
    fleet.adds("0902_fill", FILL)
    assert fleet_migrate(settings=FAST).is_whole
    fleet.adds("0903_index", INDEX, *UNIQUE, atomic=False)
    # What a build that was killed leaves behind, and one that was finished and not noted.
    broken, built = fleet.schemas[:2]
    for schema in (broken, built):
        with ddl_cursor(schema) as cursor:
            cursor.execute("CREATE INDEX campaigns_by_note ON campaigns_campaign (note)")
            cursor.execute("CREATE UNIQUE INDEX campaigns_noted ON campaigns_campaign (note, id)")
    invalidate(broken, "campaigns_by_note", "campaigns_noted")
    assert fleet_migrate(settings=FAST).is_whole
    for schema in fleet.schemas:
        assert fleet.has(schema, f"SELECT 1 FROM campaigns_campaign WHERE note = '{schema}!'")
    assert drift.check() == []
    assert {entry.state for entry in fleet.entries("0903_index").values()} == {"applied"}


def invalidate(schema: str, *indexes: str) -> None:
    from tests.support.database import _state

    with psycopg.connect(_state["admin"], dbname=connections.settings["ddl"]["NAME"]) as admin:
        for index in indexes:
            admin.execute(f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{schema}.{index}'::regclass")


def test_a_schema_whose_locks_are_held_is_put_off_and_tried_again(fleet: Fleet, held: psycopg.Connection) -> None:
    fleet.adds("0901_note", *NOTE)
    busy = fleet.schemas[3]
    held.execute(f"LOCK TABLE {busy}.campaigns_campaign IN ACCESS SHARE MODE")
    entries: list[FleetEntry] = []

    def release() -> None:
        try:
            until(lambda: busy in fleet.entries("0901_note"))
            entries.append(fleet.entries("0901_note")[busy])
        finally:
            held.rollback()
            connections.close_all()

    releasing = threading.Thread(target=release)
    releasing.start()
    result = fleet_migrate(settings=FAST)
    releasing.join()
    assert (result.is_whole, result.done) == (True, len(fleet.schemas))
    assert (entries[0].state, "LockNotAvailable" in entries[0].error) == ("waiting", True)
    entry = fleet.entries("0901_note")[busy]
    assert (entry.state, entry.error, entry.attempts > 1) == ("applied", "", True)


def test_failures_stop_it_and_harm_nobody_else(fleet: Fleet) -> None:
    fleet.adds("0901_note", *NOTE)
    first, *_, last = fleet.schemas
    for schema in (first, last):
        with ddl_cursor(schema) as cursor:
            cursor.execute("ALTER TABLE campaigns_campaign ADD COLUMN note text")
    # One tenant goes first; where it fails, nobody else is touched.
    result = fleet_migrate(settings=FAST)
    assert (result.done, list(result.failed), result.left) == (0, [first], len(fleet.schemas) - 1)
    assert "already exists" in result.failed[first]
    with ddl_cursor(first) as cursor:
        cursor.execute("ALTER TABLE campaigns_campaign DROP COLUMN note")
    with pytest.raises(CommandError) as refused:
        call_command("fleet", "migrate", "--workers", "1", "--most-failures", "1")
    assert (refused.value.returncode, last in str(refused.value)) == (1, True)
    assert fleet.entries("0901_note")[last].state == "failed"
    assert not fleet.has(last, HAD_NOTE)
    with ddl_cursor(last) as cursor:
        cursor.execute("ALTER TABLE campaigns_campaign DROP COLUMN note")
    assert fleet_migrate(settings=FAST).is_whole
    assert drift.check() == []
    # What the server says of a tenant's rows stays with the tenant.
    for _ in range(2):
        campaign_in(first)
    fleet.adds("0902_named", "migrations.RunSQL('CREATE UNIQUE INDEX campaigns_named ON campaigns_campaign (name)')")
    said = 'UniqueViolation: could not create unique index "campaigns_named"'
    assert fleet_migrate(settings=FAST).failed == {first: said}
    assert fleet.entries("0902_named")[first].error == said


def test_killed_anywhere_it_goes_on_and_nothing_is_half_done(fleet: Fleet) -> None:
    for schema in fleet.schemas:
        campaign_in(schema)
    fleet.adds("0901_note", *NOTE)
    fleet.adds("0902_fill", FILL)
    fleet.adds("0903_index", INDEX, atomic=False)
    deaths = (
        ("tenancy.fleet_template_moved", 1), ("tenancy.fleet_changed", 2), ("tenancy.fleet_index_built", 1),
        ("tenancy.fleet_committed", 2),
    )  # fmt: skip
    for point, nth in deaths:
        assert dying_at(point, lambda: fleet_migrate(settings=FAST), nth=nth), point
        for schema in [*fleet.schemas, "t_0"]:
            had = fleet.has(schema, HAD_NOTE)
            assert had == fleet.has(schema, HAS_NOTE) == (schema in fleet.entries("0901_note"))
    with schema_scope("public"):
        assert FleetRun.objects.using("ddl").filter(state="running").count() == 1
    with platform_scope():
        interrupted = selectors.runs_recent(1)[0]
    assert (interrupted.state, interrupted.is_interrupted) == ("running", True)
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("fleet", "status", stdout=said)
    assert re.search(
        r"^migrate: one[a-z ]*, \d of \d, interrupted; begin it again and it goes on$", said.getvalue(), re.M
    )
    with run_held(interrupted.id), platform_scope():
        assert not selectors.run_get(interrupted.id).is_interrupted
    assert fleet_migrate(settings=FAST).is_whole
    with schema_scope("public"):
        states = list(FleetRun.objects.using("ddl").order_by("started_at").values_list("state", flat=True))
    assert states == ["finished"] + ["stopped"] * len(deaths) + ["finished"]
    assert drift.check() == []
    for schema in fleet.schemas:
        assert fleet.has(schema, f"SELECT 1 FROM campaigns_campaign WHERE note = '{schema}!'")
        with ddl_cursor(schema) as cursor:
            cursor.execute("SELECT name FROM django_migrations WHERE app = 'campaigns' AND name > '09' ORDER BY id")
            assert [row[0] for row in cursor.fetchall()] == ["0901_note", "0902_fill", "0903_index"]


def test_nothing_to_do_asks_as_much_for_many_as_for_one(fleet: Fleet) -> None:
    counts = []
    for schemas in (fleet.schemas[:1], fleet.schemas):
        with CaptureQueriesContext(connections["ddl"]) as captured:
            assert fleet_migrate(schemas=schemas, settings=FAST).done == 0
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_tenant_behind_the_code_is_refused_alone(fleet: Fleet) -> None:
    one, other = tenant_make(), tenant_make()
    fleet.adds("0901_note", *NOTE)
    assert [api(b).get("auth/me").status_code for b in (one, other)] == [503, 503]
    call_command("fleet", "migrate", "--schema", one.schema)
    forget()
    answers = [api(b).get("auth/me") for b in (one, other)]
    assert answers[0].status_code == 401
    assert (answers[1].status_code, json.loads(answers[1].content)["code"]) == (503, "tenancy.behind")
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("fleet", "status", "--json", stdout=said)
    behind = [place["schema"] for place in json.loads(said.getvalue())["schemas"] if place["is_behind"]]
    assert behind == [schema for schema in fleet.schemas if schema != one.schema]
    said = StringIO()
    with pytest.raises(CommandError) as failed:
        call_command("fleet", "run", "showmigrations", "campaigns", stdout=said)
    assert (failed.value.returncode, other.slug in str(failed.value)) == (1, True)
    assert f"{one.slug}: campaigns" in said.getvalue()
    assert f"{other.slug}:" not in said.getvalue()


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """It comes through, also where tests begun in the background were told to ignore it."""
    was = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, was)


def test_one_at_a_time_and_ended_by_hand(fleet: Fleet, held: psycopg.Connection, ctrl_c: None) -> None:
    fleet.adds("0901_note", *NOTE)
    refused: list[Exception] = []

    def second() -> None:
        try:
            fleet_migrate()
        except FleetBusy as error:
            refused.append(error)
        finally:
            connections.close_all()

    with fleet_held(alone=False):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert len(refused) == 1

    held.execute(f"LOCK TABLE {fleet.schemas[0]}.campaigns_campaign IN ACCESS SHARE MODE")

    def interrupt() -> None:
        try:
            until(lambda: bool(fleet.entries("0901_note").keys() - {"t_0", "public"}))
        finally:
            connections.close_all()
            os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(SystemExit) as ended:
        call_command("fleet", "migrate", "--lock-timeout", "0.1", "--attempts", "1000")
    thread.join()
    assert ended.value.code == 130
    with platform_scope():
        assert selectors.runs_recent(1)[0].state == "stopped"
    held.rollback()
    assert fleet_migrate(settings=FAST).is_whole
