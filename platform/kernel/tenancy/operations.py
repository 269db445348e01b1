"""Migration operations for SQL that Django has no words for, and the one that opens a migration that takes away."""

from typing import Any

from django.db.migrations.operations import RunSQL
from django.db.migrations.operations.base import Operation

from kernel.tenancy.business import PUBLIC_SCHEMA


class EverySQL(RunSQL):
    """SQL without schema names, run in each schema the app belongs to. Functions pin `SET search_path FROM CURRENT`."""


class PublicSQL(RunSQL):
    """SQL run in the public schema only, whatever schemas the app belongs to."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.schema_name == PUBLIC_SCHEMA:
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.schema_name == PUBLIC_SCHEMA:
            super().database_backwards(app_label, schema_editor, from_state, to_state)


class Contract(Operation):
    """Opens a migration that only takes away what no running code knows any more.

    `why` says how that is known. The migration is refused, before it changes any tenant's schema, while one of the named
    `backfills` is not through in every schema (BackfillUnfinished).
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, *, why: str, backfills: tuple[str, ...] = ()) -> None:
        self.why = why
        self.backfills = backfills

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [], {"why": self.why, "backfills": self.backfills}

    def state_forwards(self, app_label: str, state: Any) -> None:
        pass

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        from kernel.tenancy.fleet.backfill import refuse_unfinished

        if not schema_editor.collect_sql:
            refuse_unfinished(self.backfills)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        pass

    def describe(self) -> str:
        return f"Take away: {self.why}"
