"""Judging migrations: what each new one executes, worked out from the code alone and read by squawk.

A migration named in the baseline ran over empty schemas only and is taken as it is. squawk parses what the others would
execute and refuses what blocks readers or writers for long, rewrites a table, or takes away what code still serving
stands on. What takes something away for good is let through in a migration that opens with `Contract`.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.schema import DatabaseSchemaEditor
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from psycopg import sql

from scripts.stack import command
from scripts.stack.layout import ROOT, CannotRun
from scripts.stack.progress import say

BASELINE = ROOT / "scripts/data/migrations.baseline"
SQUAWK = ROOT / ".venv/bin/squawk"
POSTGRESQL = 18
# Timeouts and repeats are the fleet's work, and which types to take is a matter of taste.
MATTERS_OF_TASTE = (
    "require-lock-timeout",
    "require-statement-timeout",
    "prefer-robust-stmts",
    "prefer-text-field",
    "prefer-identity",
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
    "ban-char-field",
)
# What a migration that opens with `Contract` is there to do.
TAKING_AWAY = frozenset({"ban-drop-column", "ban-drop-table", "ban-drop-constraint", "ban-drop-default"})


@dataclass(frozen=True, slots=True)
class Executed:
    """What a migration executes in one kind of schema."""

    name: str
    text: str
    atomic: bool
    takes_away: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing refused: `rule` is squawk's name for it."""

    name: str
    rule: str
    statement: str
    why: str

    def __str__(self) -> str:
        return f"{self.name}: {self.rule}: {self.why}\n    {self.statement}"


def main(_: list[str]) -> int:
    # The login that migrates has to have an address; nobody goes there.
    os.environ.setdefault("MIGRATE_DATABASE_URL", "postgresql:///")
    django.setup()
    found = judge(executed_since(baseline()))
    for finding in found:
        say(str(finding))
    if found:
        say("how to do it instead: docs/migrations.md")
    return command.NOT_HELD if found else command.HELD


def baseline() -> frozenset[str]:
    """Migrations taken as they are, as `<app>.<name>`."""
    lines = (line.strip() for line in BASELINE.read_text().splitlines())
    return frozenset(line for line in lines if line and not line.startswith("#"))


def executed_since(known: Iterable[str]) -> list[Executed]:
    """What every migration on the disk but the `known` would execute, in the public schema and in a tenant's."""
    from kernel.tenancy.business import PUBLIC_SCHEMA
    from kernel.tenancy.scope import schema_scope

    known = frozenset(known)
    loader = MigrationLoader(None)
    found = []
    for app, name in sorted(loader.disk_migrations):
        migration = loader.disk_migrations[(app, name)]
        if f"{app}.{name}" in known or app not in _ours():
            continue
        state = loader.project_state((app, name), at_end=False)
        for schema in (PUBLIC_SCHEMA, "t_0"):
            with schema_scope(schema):
                one = executed(migration, state.clone())
            if one.text and one not in found:
                found.append(one)
    return found


def executed(migration: Migration, state: ProjectState) -> Executed:
    """What a migration executes on a database at `state`, in the present scope; no server is asked."""
    from kernel.tenancy.operations import Contract

    with _Editor(_connection()) as editor:
        migration.apply(state, editor, collect_sql=True)
    return Executed(
        name=f"{migration.app_label}.{migration.name}",
        text="\n".join(line for line in editor.collected_sql if line != "--"),
        atomic=migration.atomic,
        takes_away=bool(migration.operations) and isinstance(migration.operations[0], Contract),
    )


def judge(migrations: Iterable[Executed]) -> list[Finding]:
    """What squawk refuses of them, in their order."""
    migrations = list(migrations)
    found = []
    for atomic in (True, False):
        found += _judged([one for one in migrations if one.atomic is atomic], atomic=atomic)
    return found


def _judged(migrations: list[Executed], *, atomic: bool) -> list[Finding]:
    if not migrations:
        return []
    if not SQUAWK.exists():
        raise CannotRun("squawk is not installed: run `uv sync --frozen --all-groups`")
    with tempfile.TemporaryDirectory() as scratch:
        files = {str(Path(scratch) / f"{position:04}.sql"): one for position, one in enumerate(migrations)}
        for file, one in files.items():
            Path(file).write_text(one.text)
        line = [
            str(SQUAWK),
            "--reporter=json",
            f"--pg-version={POSTGRESQL}.0",
            f"--exclude={','.join(MATTERS_OF_TASTE)}",
        ]
        line += ["--assume-in-transaction"] if atomic else []
        done = subprocess.run([*line, *files], capture_output=True, text=True, check=False)
    if done.returncode not in {0, 1}:
        raise CannotRun(f"squawk ended with {done.returncode}: {done.stderr}")
    found = [_finding(files[one["file"]], one) for one in json.loads(done.stdout or "[]")]
    lifted = {one.name for one in migrations if one.takes_away}
    return [one for one in found if not (one.rule in TAKING_AWAY and one.name in lifted)]


def _finding(migration: Executed, told: dict[str, Any]) -> Finding:
    statement = migration.text.splitlines()[told["line"]]
    return Finding(migration.name, told["rule_name"], statement, told["message"])


class _Editor(DatabaseSchemaEditor):
    """Writes statements down and answers by itself what Django would ask the server."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        super().__init__(connection, collect_sql=True, atomic=False)

    def execute(self, statement: Any, params: Any = ()) -> None:
        text = str(statement)
        super().execute(text % tuple(map(sql.quote, params)) if params else text, None)

    def _constraint_names(self, *_: Any, **__: Any) -> list[str]:
        return ["known_to_the_server"]

    def _get_sequence_name(self, *_: Any) -> None:
        return None

    def _alter_column_type_sql(self, model: Any, old_field: Any, new_field: Any, new_type: str, *rest: Any) -> Any:
        fragment = super()._alter_column_type_sql(model, old_field, new_field, new_type, *rest)  # type: ignore[misc]
        if _is_wider(old_field.db_type(self.connection), new_type):
            self.collected_sql.append("-- squawk-ignore changing-column-type")
        return fragment


def _is_wider(old: str | None, new: str) -> bool:
    """Whether every value stays as it is stored: text that may be longer; PostgreSQL then changes its catalogue alone."""
    if not old or not old.startswith("varchar("):
        return False
    return new in {"text", "varchar"} or (new.startswith("varchar(") and _length(new) >= _length(old))


def _length(varchar: str) -> int:
    return int(varchar.removeprefix("varchar(").removesuffix(")"))


def _connection() -> BaseDatabaseWrapper:
    """The login that migrates, told which server it would find."""
    from kernel.tenancy.router import DDL_ALIAS

    made = connections.create_connection(DDL_ALIAS)
    made.__dict__["pg_version"] = POSTGRESQL * 10_000
    return made


def _ours() -> frozenset[str]:
    """Apps whose migrations are this product's."""
    from django.apps import apps

    return frozenset(
        app.label for app in apps.get_app_configs() if Path(app.path).is_relative_to(ROOT) and ".venv" not in app.path
    )


if __name__ == "__main__":
    command.run(main)
