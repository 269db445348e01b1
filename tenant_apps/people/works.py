"""What people are told of the long work of this app: its name, its steps, where its result is, how it is stopped."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.jobs.progress.kinds import Kind, Step, register
from kernel.jobs.progress.models import Progress
from tenant_apps.people.imports import import_stop


def register_kinds() -> None:
    """Called when the app is ready."""
    told: dict[str, Any] = {"errors": "page_import_errors", "page": "page_import", "cancel": _stop, "steps": _steps}
    register(
        "people.import",
        Kind(gettext_lazy("Import of students"), result_word=gettext_lazy("See the result"), **told),
    )
    register(
        "people.check",
        Kind(gettext_lazy("Check of a file of students"), result_word=gettext_lazy("See what was found"), **told),
    )
    register(
        "people.export",
        Kind(gettext_lazy("Export of students"), page="page_export", result_word=gettext_lazy("Download the workbook")),
    )


def _stop(work: UUID) -> None:
    import_stop(student_import=work)


def _steps(progress: Progress) -> list[Step]:
    """Read, rows, summary: as far as the progress tells."""
    state, counted = progress.state, progress.total is not None
    ended = state in {"done", "failed", "cancelled"}
    rows = "waiting" if not counted else "done" if state == "done" else "failed" if ended else "running"
    first = "done" if counted else "failed" if ended else "running" if state == "running" else "waiting"
    middle = _("Look at every row") if progress.kind == "people.check" else _("Write the students")
    return [
        Step(_("Read the file and count its rows"), first),
        Step(middle, rows),
        Step(_("Keep what was refused, with reasons"), "done" if state == "done" else "waiting"),
    ]
