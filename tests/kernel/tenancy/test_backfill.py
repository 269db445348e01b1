"""A backfill fills each row once whatever dies, goes on where it was, and holds back what takes the old away."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.migrations import Migration, RunSQL
from django.db.migrations.state import ProjectState

from kernel import clock, jobs
from kernel.tenancy import handlers, platform_scope
from kernel.tenancy.errors import BackfillUnfinished, BackfillUnknown
from kernel.tenancy.fleet import backfill as backfills
from kernel.tenancy.fleet import drift
from kernel.tenancy.fleet.backfill import BATCH_FILLED, BATCH_KEPT, Batch, backfill, backfill_run, unfinished
from kernel.tenancy.fleet.migrate import fleet_migrate
from kernel.tenancy.models import BackfillPosition, FleetRun
from kernel.tenancy.operations import Contract
from kernel.tenancy.schemas import schema_create
from kernel.tenancy.scope import schema_scope
from tests.support.fleets import fleet_made
from tests.support.processes import dying_at
from tests.support.racing import race
from tests.support.sql import ddl_cursor, schema_away

NAME, ROWS, SIZE = "tests.shout", 25, 4
CONTRACT = 'Contract(why="everyone reads title", backfills=("tests.title",))'
HAS_NAME = "SELECT 1 FROM pg_attribute WHERE attrelid = 'campaigns_campaign'::regclass AND attname = 'name'"


def shout(cursor: Any, after: str, size: int) -> Batch:
    """The usual shape: the next rows behind the last id, and that id."""
    cursor.execute("SELECT to_regclass('spoken')")
    if cursor.fetchone()[0] is None:
        return Batch(0, None)
    cursor.execute(
        "WITH chosen AS (SELECT id FROM spoken WHERE id > %s ORDER BY id LIMIT %s),"
        " filled AS (UPDATE spoken SET loud = upper(soft), times = times + 1 FROM chosen WHERE spoken.id = chosen.id)"
        " SELECT count(*), max(id) FROM chosen",
        [int(after or 0), size],
    )
    rows, last = cursor.fetchone()
    return Batch(rows, str(last) if rows == size else None)


@pytest.fixture
def spoken() -> Iterator[str]:
    """A schema with a table that was given a column."""
    schema = schema_create()
    with ddl_cursor(schema) as cursor:
        cursor.execute("CREATE TABLE spoken (id int PRIMARY KEY, soft text, loud text, times int NOT NULL DEFAULT 0)")
        cursor.execute("INSERT INTO spoken SELECT n, 'word ' || n FROM generate_series(1, %s) n", [ROWS])
    backfill(NAME, batch=SIZE)(shout)
    yield schema
    schema_away(schema)
    with ddl_cursor("public") as cursor:
        cursor.execute("DELETE FROM public.tenancy_backfillposition WHERE backfill LIKE 'tests.%%'", [])


def filled(schema: str) -> list[tuple[int, int]]:
    """How many rows were filled how many times."""
    with ddl_cursor(schema) as cursor:
        cursor.execute(
            "SELECT times, count(*) FROM spoken WHERE (loud IS NOT DISTINCT FROM upper(soft)) = (times > 0)"
            " GROUP BY 1 ORDER BY 1"
        )
        return list(cursor.fetchall())


def position(schema: str) -> tuple[str, int, bool]:
    with schema_scope("public"):
        one = BackfillPosition.objects.using("ddl").get(backfill=NAME, schema=schema)
    return one.after, one.rows, one.is_done


def taken_away(schema: str) -> bool:
    """Migrate the old column away as a migration does; whether it is gone."""
    migration = Migration("0009_soft_goes", "people")
    migration.operations = [
        Contract(why="everyone reads loud", backfills=(NAME,)),
        RunSQL("ALTER TABLE spoken DROP COLUMN soft"),
    ]
    try:
        with schema_scope(schema), connections["ddl"].schema_editor() as editor:
            migration.apply(ProjectState(), editor)
    finally:
        with ddl_cursor(schema) as cursor:
            cursor.execute("SELECT count(*) FROM pg_attribute WHERE attrelid = 'spoken'::regclass AND attname = 'soft'")
            gone = bool(cursor.fetchone()[0] == 0)
    return gone


def test_who_dies_in_a_batch_loses_it_and_no_row_is_filled_twice(spoken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BackfillUnfinished, match=NAME):
        taken_away(spoken)
    assert spoken in unfinished([NAME])[NAME], "never begun is unfinished everywhere"

    def run() -> None:
        backfill_run(NAME, pause_s=0)

    assert dying_at(BATCH_FILLED, run, nth=filled_batches() + 3)
    assert (filled(spoken), position(spoken)) == (
        [(0, ROWS - 2 * SIZE), (1, 2 * SIZE)],
        (str(2 * SIZE), 2 * SIZE, False),
    )
    assert dying_at(BATCH_KEPT, run, nth=1)
    assert (filled(spoken), position(spoken)) == (
        [(0, ROWS - 3 * SIZE), (1, 3 * SIZE)],
        (str(3 * SIZE), 3 * SIZE, False),
    )
    with pytest.raises(BackfillUnfinished, match=f"1 schemas \\({spoken}\\)"):
        taken_away(spoken)

    # Workers carry on, a slice of time a job: here one batch.
    monkeypatch.setattr(handlers, "SLICE_S", 0.0)
    with platform_scope():
        handlers.backfill_put(NAME)
    jobs.drain()
    assert (filled(spoken), position(spoken)[1:]) == ([(1, ROWS)], (ROWS, True))
    with schema_scope("public"):
        runs = FleetRun.objects.using("ddl").filter(kind="backfill", what=NAME).order_by("-started_at")
        assert [one.state for one in runs[:2]] == ["finished", "stopped"]
    assert unfinished([NAME]) == {}
    said = StringIO()
    call_command("fleet", "backfill", stdout=said)
    every = filled_batches() + 1
    assert f"{NAME}: {every} of {every} schemas, {ROWS} rows\n" in said.getvalue()
    assert taken_away(spoken)


def filled_batches() -> int:
    """Batches carried out in schemas before the one that has rows: each older one has one, that finds nothing."""
    with schema_scope("public"):
        return len(backfills._living()) - 1


def test_a_batch_that_takes_too_long_is_made_smaller_and_one_that_fails_stops_its_schema_alone(
    spoken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfills, "STATEMENT_TIMEOUT", "100ms")
    sizes: list[int] = []

    def slow(cursor: Any, after: str, size: int) -> Batch:
        batch = shout(cursor, after, size)
        if batch.rows:
            sizes.append(size)
            if after == "12":
                raise ValueError("row 13 is odd")
            cursor.execute("SELECT pg_sleep(%s)", [0.2 if size > 2 else 0])
        return batch

    backfill("tests.slow", batch=8)(slow)
    run = backfill_run("tests.slow", pause_s=0)
    assert sizes == [8, 4, *[2] * 7]
    assert (run.state, run.failed, run.error) == ("failed", 1, f"{spoken}: ValueError: row 13 is odd")
    assert (run.done + run.failed, filled(spoken)) == (run.total, [(0, 13), (1, 12)])
    assert unfinished(["tests.slow"]) == {"tests.slow": [spoken]}
    with pytest.raises(CommandError, match="row 13 is odd"):
        call_command("fleet", "backfill", "tests.slow", "--pause", "0", stdout=StringIO())
    backfill("tests.slow", batch=8)(shout)
    call_command("fleet", "backfill", "tests.slow", "--pause", "0", stdout=(said := StringIO()))
    assert said.getvalue() == "tests.slow: 1 of 1 schemas filled, 0 failed\n"
    assert filled(spoken) == [(1, ROWS)]
    with pytest.raises(BackfillUnknown, match=r"tests\.slow"):
        backfill_run("tests.nothing")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "INSERT INTO spoken VALUES (99, 'Asha Rao', NULL, NULL)",
            'IntegrityError: null value in column "times" of relation "spoken" violates not-null constraint',
        ),
        ("INSERT INTO spoken VALUES ('Asha Rao'::int)", "InvalidTextRepresentation"),
    ],
)
def test_what_the_server_says_of_a_tenants_row_is_not_kept(spoken: str, statement: str, said: str) -> None:
    def fill(cursor: Any, after: str, size: int) -> Batch:
        cursor.execute("SELECT current_schema()")
        if cursor.fetchone()[0] == spoken:
            cursor.execute(statement)
        return Batch(0, None)

    backfill("tests.told", batch=8)(fill)
    assert backfill_run("tests.told", pause_s=0).error == f"{spoken}: {said}"
    [standing] = [one for one in backfills.standings() if one.name == "tests.told"]
    assert standing.errors == {spoken: said}


def test_a_fleet_is_expanded_filled_by_several_at_once_and_contracted(tmp_path: Path) -> None:
    with fleet_made(tmp_path, tenants=2) as fleet:
        fleet.adds("0901_title", 'migrations.AddField("campaign", "title", models.TextField(null=True))')
        assert fleet_migrate().is_whole
        for schema in fleet.schemas:
            with ddl_cursor(schema) as cursor:
                cursor.execute(
                    "INSERT INTO campaigns_campaign (id, name, template, language, values, grade, board, state, created_at)"
                    " SELECT gen_random_uuid(), n::text, 't', '', '{}', '', '', 'draft', %s FROM generate_series(1, 40) n",
                    [clock.now()],
                )
        fleet.adds("0902_name_goes", CONTRACT, 'migrations.RunSQL("ALTER TABLE campaigns_campaign DROP COLUMN name")')
        backfill("tests.title", batch=7)(title)
        with pytest.raises(CommandError, match=rf"tests.title is unfinished in {len(fleet.schemas)} schemas"):
            call_command("fleet", "migrate")
        assert [one for one in [*fleet.schemas, "t_0"] if not fleet.has(one, HAS_NAME)] == []

        assert race(4, lambda _: backfill_run("tests.title", pause_s=0).state) == {"finished": 4}
        for schema in fleet.schemas:
            assert not fleet.has(schema, "SELECT 1 FROM campaigns_campaign WHERE title IS DISTINCT FROM name || '!'")
        with schema_scope("public"):
            positions = BackfillPosition.objects.using("ddl").filter(backfill="tests.title")
            assert list(positions.values_list("rows", "is_done")) == [(40, True)] * len(fleet.schemas)
        assert fleet_migrate().is_whole
        assert [one for one in [*fleet.schemas, "t_0"] if fleet.has(one, HAS_NAME)] == []
        assert drift.check() == []


def title(cursor: Any, after: str, size: int) -> Batch:
    """Not to be repeated: each time adds a mark."""
    cursor.execute(
        "WITH chosen AS (SELECT id FROM campaigns_campaign WHERE id > %s::uuid ORDER BY id LIMIT %s),"
        " filled AS (UPDATE campaigns_campaign c SET title = COALESCE(title, name) || '!' FROM chosen"
        "   WHERE c.id = chosen.id)"
        " SELECT count(*), (array_agg(id ORDER BY id DESC))[1] FROM chosen",
        [after or "00000000-0000-0000-0000-000000000000", size],
    )
    rows, last = cursor.fetchone()
    return Batch(rows, str(last) if rows == size else None)
