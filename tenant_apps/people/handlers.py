"""The jobs of people."""

from __future__ import annotations

from uuid import UUID

from kernel import jobs
from tenant_apps.people import imports


@jobs.handler("people.import_run", atomic=False)
def people_import_run(*, student_import: str) -> dict[str, int]:
    """Read an import's file from its checkpoint to its end."""
    return imports.import_run(student_import=UUID(student_import))
