"""Migration operations for SQL that Django has no words for."""

from django.db.migrations.operations import RunSQL

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
