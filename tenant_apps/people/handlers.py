"""The jobs of people."""

from __future__ import annotations

from uuid import UUID

from kernel import jobs
from kernel.http.actor import Actor
from tenant_apps.people import exports, imports
from tenant_apps.people.search import Search


@jobs.handler("people.import_run", atomic=False)
def people_import_run(*, student_import: str) -> dict[str, int]:
    """Read an import's file from its checkpoint to its end."""
    return imports.import_run(student_import=UUID(student_import))


@jobs.handler("people.export_run", atomic=False, when_suspended=True)
def people_export_run(
    *, work: str, query: str, chosen: list[str], user: str, branches: list[str] | None, numbers: bool
) -> dict[str, int]:
    """Write a list of students as a workbook, with the eyes of who asked for it."""
    actor = Actor(
        kind="staff",
        user_id=UUID(user),
        branches=None if branches is None else frozenset(UUID(one) for one in branches),
        permissions=frozenset({"people.phones"} if numbers else ()),
    )
    search = Search.of_query(query)
    rows = exports.export_run(work=UUID(work), actor=actor, search=search, chosen=[UUID(one) for one in chosen])
    return {"rows": rows}
