"""Owns an import as a person makes it: a draft whose columns are looked at, a try that writes nothing, then the deed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO
from uuid import UUID

from django.db import IntegrityError, transaction

from kernel.errors import DomainError
from kernel.ids import uuid7
from shared_apps.files import services as files
from tenant_apps.people.drafts import problems_of
from tenant_apps.people.errors import (
    BranchNeeded,
    BranchUnknown,
    ImportNotReady,
    ImportUnreadable,
    RowColumns,
)
from tenant_apps.people.imports import import_queue
from tenant_apps.people.models import Branch, StudentImport
from tenant_apps.people.sheet import Heading, Record, guesses, heading_of, records
from tenant_apps.people.uploads import csv_of

PREVIEWED = 20
State = StudentImport.State


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a previewed row, with why it cannot be used."""

    text: str
    problem: DomainError | None


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A row as it would be read; `problem` is one of no single cell."""

    number: int
    cells: list[Cell]
    problem: DomainError | None

    @property
    def is_bad(self) -> bool:
        return self.problem is not None or any(cell.problem for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Preview:
    """The headings with the field each is taken for (empty: left out), the first rows, and what stands in the way."""

    headings: list[str]
    fields: list[str]
    rows: list[PreviewRow]
    problem: DomainError | None

    @property
    def bad(self) -> int:
        return sum(row.is_bad for row in self.rows)


def import_draft(
    *, name: str, body: BinaryIO, size: int, branch: Branch | None, is_branch_fixed: bool, by: UUID | None
) -> StudentImport:
    """Keep a handed-in file, as CSV, and begin an import with it that is carried out by nobody yet.

    Outside transactions. Raises what `csv_of` refuses, StorageAway.
    """
    with csv_of(body, size=size) as sheet:
        stored = files.put(name=f"{name.rpartition('.')[0] or name}.csv", body=sheet, content_type="text/csv", owner=by)
    with files.file_open(stored.id) as pieces:
        first = next(records(pieces))
    return StudentImport.objects.create(
        file_id=stored.id,
        file_name=name[:200],
        branch=branch,
        is_branch_fixed=is_branch_fixed,
        columns=columns_of(guesses(first.cells)),
        is_dry_run=True,
        state=State.DRAFT,
        started_by=by,
    )


def columns_of(fields: list[str]) -> dict[str, str]:
    """Fields by the place of their column, as an import keeps them."""
    return {f"#{at}": field for at, field in enumerate(fields, 1)}


def preview_of(row: StudentImport, *, columns: Mapping[str, str] | None = None) -> Preview:
    """The first 20 rows as they would be read with these columns. Writes nothing; outside transactions."""
    columns = row.columns if columns is None else columns
    with files.file_open(row.file_id) as pieces:
        rest = records(pieces)
        first = next(rest)
        some = list(islice((record for record in rest if not record.is_blank), PREVIEWED))
    fields = [columns.get(f"#{at}", "") for at in range(1, len(first.cells) + 1)]
    try:
        # A column nobody spoke of is left out, not guessed again.
        heading = heading_of(first, columns_of(fields))
    except ImportUnreadable as error:
        shown = [PreviewRow(one.row, [Cell(text, None) for text in one.cells], None) for one in some]
        return Preview(first.cells, fields, shown, error)
    branches = _branches(row)
    return Preview(first.cells, fields, [_looked_at(one, heading, branches, row) for one in some], None)


def import_rehearse(*, student_import: UUID, columns: Mapping[str, str]) -> StudentImport:
    """Have a draft read to its end without writing, its columns taken for these fields.

    Asking again while it is read changes nothing. Raises ImportUnreadable when a needed column is missing.
    """
    with _locked(student_import) as row:
        if row.state == State.DRAFT:
            row.columns, row.state = dict(columns), State.QUEUED
            row.save(update_fields=["columns", "state"])
            import_queue(row)
    return row


def import_revise(*, student_import: UUID, by: UUID | None) -> StudentImport:
    """A new draft with the file and columns of a try, so that the columns can be changed."""
    row = StudentImport.objects.get(id=student_import)
    return StudentImport.objects.create(
        file_id=row.file_id,
        file_name=row.file_name,
        branch_id=row.branch_id,
        is_branch_fixed=row.is_branch_fixed,
        columns=row.columns,
        is_dry_run=True,
        state=State.DRAFT,
        started_by=by,
    )


def import_carry_out(*, rehearsal: UUID, by: UUID | None) -> StudentImport:
    """Write what a try found. Asked twice, it is the same import. Raises ImportNotReady."""
    with _locked(rehearsal) as tried:
        if tried.state != State.DONE or not tried.is_dry_run or not tried.created:
            raise ImportNotReady
        known = StudentImport.objects.filter(rehearsal=tried).first()
        if known is not None:
            return known
        try:
            with transaction.atomic():
                row = StudentImport.objects.create(
                    id=uuid7(),
                    file_id=tried.file_id,
                    file_name=tried.file_name,
                    branch_id=tried.branch_id,
                    is_branch_fixed=tried.is_branch_fixed,
                    columns=tried.columns,
                    started_by=by,
                    rehearsal=tried,
                )
        except IntegrityError:
            return StudentImport.objects.get(rehearsal=tried)
        import_queue(row)
    return row


def import_discard(*, student_import: UUID) -> None:
    """Throw a draft away with its file."""
    with _locked(student_import) as row:
        if row.state != State.DRAFT:
            raise ImportNotReady
        file = row.file_id
        row.delete()
    if not StudentImport.objects.filter(file_id=file).exists():
        files.file_remove(file_id=file)


@contextmanager
def _locked(student_import: UUID) -> Iterator[StudentImport]:
    with transaction.atomic():
        yield StudentImport.objects.select_for_update(of=("self",)).get(id=student_import)


def _branches(row: StudentImport) -> set[str]:
    if row.is_branch_fixed:
        return {row.branch.code} if row.branch else set()
    return set(Branch.objects.values_list("code", flat=True))


def _looked_at(record: Record, heading: Heading, branches: set[str], row: StudentImport) -> PreviewRow:
    """One row with every refusal at its cell."""
    values = heading.values(record)
    code = values.pop("branch", "").strip().upper()
    problems = problems_of(values)
    if code and code not in branches:
        problems["branch"] = BranchUnknown(field="branch")
    elif not code and row.branch_id is None and len(branches) != 1:
        problems["branch"] = BranchNeeded(field="branch")
    texts = record.cells[: heading.width] + [""] * (heading.width - len(record.cells))
    cells = [Cell(text, problems.pop(heading.fields.get(at, "-"), None)) for at, text in enumerate(texts)]
    whole = RowColumns() if len(record.cells) > heading.width else next(iter(problems.values()), None)
    return PreviewRow(record.row, cells, whole)
