"""What blocks, rewrites or breaks is refused by name before it is merged; its safe form passes."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from django.db import migrations as m
from django.db import models as f
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from kernel.tenancy.operations import Contract
from kernel.tenancy.scope import schema_scope
from scripts.stack import check, command, migrations

BEFORE = [
    m.CreateModel("Hall", [("id", f.BigAutoField(primary_key=True))]),
    m.CreateModel(
        "Student",
        [
            ("id", f.BigAutoField(primary_key=True)),
            ("phone", f.CharField(max_length=16)),
            ("age", f.IntegerField(null=True)),
            ("note", f.TextField(null=True)),
            ("hall", f.ForeignKey("people.Hall", f.CASCADE, null=True)),
        ],
    ),
]
NEW_TABLE = m.CreateModel(
    "Fee",
    [("id", f.BigAutoField(primary_key=True)), ("student", f.ForeignKey("people.Student", f.CASCADE))],
    options={
        "indexes": [f.Index(fields=["student", "id"], name="fee_latest")],
        "constraints": [f.CheckConstraint(name="fee_some", condition=f.Q(id__gt=0))],
    },
)
ADULT = f.CheckConstraint(name="adult", condition=f.Q(age__gte=18))
KEY = "ALTER TABLE people_student ADD CONSTRAINT room_key FOREIGN KEY (room) REFERENCES people_hall (id)"
ONCE = "ALTER TABLE people_student ADD CONSTRAINT phone_once UNIQUE"

UNSAFE: dict[str, tuple[list[Operation], set[str]]] = {
    "a field that must not be empty, whose default is Django's": (
        [m.AddField("student", "grade", f.TextField(default=""))],
        {"ban-drop-default"},
    ),
    "a field that must not be empty, without a default": (
        [m.RunSQL("ALTER TABLE people_student ADD COLUMN grade text NOT NULL")],
        {"adding-required-field"},
    ),
    "a field that may no longer be empty": (
        [m.AlterField("student", "note", f.TextField())],
        {"adding-not-nullable-field"},
    ),
    "a type that rewrites the table": (
        [m.AlterField("student", "age", f.BigIntegerField(null=True))],
        {"changing-column-type"},
    ),
    "a text that must be shorter": (
        [m.AlterField("student", "phone", f.CharField(max_length=8))],
        {"changing-column-type"},
    ),
    "an index that locks out writers": (
        [m.AddIndex("student", f.Index(fields=["age"], name="by_age"))],
        {"require-concurrent-index-creation"},
    ),
    "a renamed column": ([m.RenameField("student", "note", "remark")], {"renaming-column"}),
    "a renamed table": ([m.RenameModel("student", "pupil")], {"renaming-table"}),
    "a dropped column": ([m.RemoveField("student", "note")], {"ban-drop-column"}),
    "a dropped column with a key": ([m.RemoveField("student", "hall")], {"ban-drop-column", "ban-drop-constraint"}),
    "a dropped table": ([m.DeleteModel("student")], {"ban-drop-table"}),
    "a key that is validated at once": (
        [m.AddField("student", "room", f.ForeignKey("people.Hall", f.CASCADE, null=True, related_name="+"))],
        {"adding-foreign-key-constraint", "require-concurrent-index-creation"},
    ),
    "a check that is validated at once": ([m.AddConstraint("student", ADULT)], {"constraint-missing-not-valid"}),
    "a check validated while its lock is held": (
        [AddConstraintNotValid("student", ADULT), ValidateConstraint("student", "adult")],
        {"constraint-missing-not-valid"},
    ),
    "a unique constraint": (
        [m.AddConstraint("student", f.UniqueConstraint(fields=["phone"], name="once"))],
        {"constraint-missing-not-valid", "disallowed-unique-constraint"},
    ),
    "a unique index": (
        [m.AddConstraint("student", f.UniqueConstraint(fields=["phone"], condition=f.Q(age=1), name="once"))],
        {"require-concurrent-index-creation"},
    ),
    "a rename dressed as taking away": (
        [Contract(why="nobody reads it"), m.RenameField("student", "note", "remark")],
        {"renaming-column"},
    ),
}
SAFE: dict[str, list[Operation]] = {
    "a field that may be empty": [m.AddField("student", "grade", f.TextField(null=True))],
    "a field whose default is the database's": [m.AddField("student", "grade", f.TextField(db_default=""))],
    "not empty, promised for new rows": [
        m.RunSQL("ALTER TABLE people_student ADD CONSTRAINT noted NOT NULL note NOT VALID")
    ],
    "not empty, proven for old rows": [m.RunSQL("ALTER TABLE people_student VALIDATE CONSTRAINT noted")],
    "a longer text": [m.AlterField("student", "phone", f.CharField(max_length=32))],
    "a text of any length": [m.AlterField("student", "phone", f.TextField())],
    "a column dropped when nobody knows it": [Contract(why="nothing reads it"), m.RemoveField("student", "note")],
    "a key column": [
        m.AddField(
            "student",
            "room",
            f.ForeignKey("people.Hall", f.CASCADE, null=True, related_name="+", db_index=False, db_constraint=False),
        )
    ],
    "a key for new rows": [m.RunSQL(f"{KEY} NOT VALID")],
    "a check for new rows": [AddConstraintNotValid("student", ADULT)],
    "unique by an index that stands": [m.RunSQL(f"{ONCE} USING INDEX phone_once_index")],
    "a new table with all it has": [NEW_TABLE],
}
BESIDE: dict[str, list[Operation]] = {
    "an index built beside running work": [AddIndexConcurrently("student", f.Index(fields=["age"], name="by_age"))],
}


def executed(name: str, operations: list[Operation], **more: Any) -> migrations.Executed:
    migration = m.Migration(name, "people")
    migration.operations = operations
    for key, value in more.items():
        setattr(migration, key, value)
    state = ProjectState()
    for operation in BEFORE:
        operation.state_forwards("people", state)
    with schema_scope("t_0"):
        return migrations.executed(migration, state)


def test_each_unsafe_migration_is_refused_by_name_and_each_safe_one_passes() -> None:
    told: dict[str, set[str]] = {name: set() for name in [*UNSAFE, *SAFE, *BESIDE]}
    every = [executed(name, operations) for name, (operations, _) in UNSAFE.items()]
    every += [executed(name, operations) for name, operations in SAFE.items()]
    every += [executed(name, operations, atomic=False) for name, operations in BESIDE.items()]
    assert [one.name for one in every if not one.text] == []
    for finding in migrations.judge(every):
        told[finding.name.removeprefix("people.")].add(finding.rule)
    assert told == {name: rules for name, (_, rules) in UNSAFE.items()} | {name: set() for name in [*SAFE, *BESIDE]}


def test_the_stage_judges_what_came_after_the_baseline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fewer = tmp_path / "migrations.baseline"
    fewer.write_text(migrations.BASELINE.read_text().replace("tenants.0002_presentation\n", ""))
    monkeypatch.setattr(migrations, "BASELINE", fewer)
    assert migrations.main([]) == command.NOT_HELD
    said = capsys.readouterr().err
    assert "tenants.0002_presentation: ban-drop-default: Dropping a column default may break existing clients." in said
    assert 'ALTER TABLE "tenants_tenant" ALTER COLUMN "brand" DROP DEFAULT' in said
    assert "docs/migrations.md" in said
    # What it says of a whole checkout is the stage's own word.
    (stage,) = (stage for stage in check.STAGES if stage.name == "squawk")
    assert stage.by_hand.endswith("-m scripts.stack.migrations")
