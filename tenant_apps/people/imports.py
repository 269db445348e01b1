"""Owns the import of students from a file: started, carried out in batches that survive a kill, undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from kernel import audit, clock, crash, jobs, quotas
from kernel.errors import DomainError
from kernel.ids import uuid7
from kernel.jobs.progress.services import (
    progress_cancel,
    progress_fail,
    progress_finish,
    progress_start,
    progress_update,
)
from shared_apps.files import services as files
from shared_apps.files.errors import StorageAway
from tenant_apps.people.admission import students_admit
from tenant_apps.people.drafts import Draft, draft_of
from tenant_apps.people.errors import (
    BranchNeeded,
    BranchUnknown,
    CodeTaken,
    ImportEnded,
    ImportNotDone,
    ImportNotUndoable,
    ImportTooLong,
    RowColumns,
    RowEncoding,
    StudentExists,
)
from tenant_apps.people.models import Branch, RefusedRow, Student, StudentImport
from tenant_apps.people.refused import refused_file_put
from tenant_apps.people.services import STUDENTS
from tenant_apps.people.sheet import Heading, Record, heading_of, records

ROWS_MAX = 10_000
BATCH_ROWS = 250
UNDO_WITHIN = timedelta(hours=24)
TRIES = 5

BATCH_WRITTEN = crash.register("people.import_batch_written")
BATCH_KEPT = crash.register("people.import_batch_kept")
REFUSED_STORED = crash.register("people.import_refused_stored")

State = StudentImport.State
Row = tuple[Record, Draft, Branch]


@dataclass(slots=True)
class Seen:
    """Who and which codes came earlier in the file; a dry run has no table to ask."""

    people: set[tuple[str, str, str]] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)


def import_start(
    *,
    file: UUID,
    file_name: str,
    branch: Branch | None,
    is_branch_fixed: bool,
    columns: Mapping[str, str],
    is_dry_run: bool,
    started_by: UUID | None,
) -> StudentImport:
    """Have a stored CSV file read by a job. Its id is also the id of its progress at jobs/{id}."""
    with transaction.atomic():
        row = StudentImport.objects.create(
            file_id=file,
            file_name=file_name[:200],
            branch=branch,
            is_branch_fixed=is_branch_fixed,
            columns=dict(columns),
            is_dry_run=is_dry_run,
            started_by=started_by,
        )
        import_queue(row)
    return row


def import_queue(row: StudentImport) -> None:
    """Have a job carry an import out, in the caller's transaction."""
    progress_start(kind="people.check" if row.is_dry_run else "people.import", id=row.id)
    audit.record(
        action="people.import_start",
        subject_type="import",
        subject_id=str(row.id),
        changes={"file": ["", row.file_name], "is_dry_run": ["", row.is_dry_run]},
    )
    jobs.put("people.import_run", student_import=str(row.id), priority=jobs.BULK, dedupe=f"people.import_run:{row.id}")


def import_stop(*, student_import: UUID) -> None:
    """Stop an import after the batch it is at; what is written stays and can be undone. Raises ImportEnded."""
    with transaction.atomic():
        row = StudentImport.objects.select_for_update(of=("self",)).get(id=student_import)
        if row.state not in (State.QUEUED, State.RUNNING):
            raise ImportEnded
        row.state, row.ended_at = State.STOPPED, clock.now()
        row.save(update_fields=["state", "ended_at"])
        row.refused_rows.all().delete()
        progress_cancel(row.id, result=_counts(row))
        audit.record(action="people.import_stop", subject_type="import", subject_id=str(row.id))


def import_run(*, student_import: UUID) -> dict[str, int]:
    """Carry an import on from its checkpoint to its end. Answers how many rows were taken and refused.

    Each batch of 250 rows commits with the checkpoint after it, so a killed worker's successor doubles nothing. Of two
    workers on one import the later has it: the earlier finds the other's mark at its next batch and leaves.
    """
    row = _begin(student_import)
    if row is not None:
        try:
            if _batches_run(row):
                _finish(row)
        except StorageAway:
            raise  # the job is tried again from the checkpoint
        except DomainError as error:
            _fail(row, error)
    ended = StudentImport.objects.get(id=student_import)
    return {"created": ended.created, "refused": ended.refused}


def import_undo(*, student_import: UUID) -> int:
    """Remove the students an import brought, all or none. Answers how many. Raises ImportNotDone, ImportNotUndoable."""
    with transaction.atomic():
        row = StudentImport.objects.select_for_update(of=("self",)).get(id=student_import)
        if row.state in (State.QUEUED, State.RUNNING):
            raise ImportNotDone
        if (
            row.state not in (State.DONE, State.STOPPED)
            or row.is_dry_run
            or not row.ended_at
            or row.ended_at < clock.now() - UNDO_WITHIN
        ):
            raise ImportNotUndoable
        places = Student.objects.filter(imported=row).exclude(state=Student.State.LEFT).count()
        try:
            with transaction.atomic():
                _, deleted = Student.objects.filter(imported=row).delete()
        except ProtectedError as error:
            raise ImportNotUndoable from error
        quotas.give_back(STUDENTS, places)
        row.state = State.UNDONE
        row.save(update_fields=["state"])
        count = deleted.get("people.Student", 0)
        audit.record(
            action="people.import_undo",
            subject_type="import",
            subject_id=str(row.id),
            changes={"students": [f"{count} students", ""]},
        )
    return count


def is_undoable(row: StudentImport) -> bool:
    """Whether an import wrote students and ended within the last 24 hours."""
    wrote = row.state in (State.DONE, State.STOPPED) and not row.is_dry_run
    return wrote and row.ended_at is not None and row.ended_at >= clock.now() - UNDO_WITHIN


def _begin(student_import: UUID) -> StudentImport | None:
    with transaction.atomic():
        row = StudentImport.objects.select_for_update(of=("self",)).get(id=student_import)
        if row.state not in (State.QUEUED, State.RUNNING):
            return None
        if row.is_dry_run:
            # It has written nothing but its findings, so it begins again rather than remember half a file.
            row.refused_rows.all().delete()
            row.row, row.offset, row.created, row.refused, row.skipped = 1, 0, 0, 0, 0
        row.state, row.runner = State.RUNNING, uuid7()
        row.save()
    return row


def _batches_run(row: StudentImport) -> bool:
    """Read and commit what is left; False when another worker has it now."""
    heading, count = _survey(row)
    progress_update(row.id, total=count, done=row.row - 1)
    seen = Seen()
    with files.file_open(row.file_id) as pieces:
        rest = records(pieces, offset=row.offset, row=row.row if row.offset else 0)
        if not row.offset:
            next(rest)  # the heading
        while batch := list(islice(rest, BATCH_ROWS)):
            if not _batch_keep(row, heading, batch, seen):
                return False
            crash.point(BATCH_KEPT)
    return True


def _survey(row: StudentImport) -> tuple[Heading, int]:
    """Read the file once without writing: what its columns are and how many rows it has. Raises its refusals."""
    with files.file_open(row.file_id) as pieces:
        rest = records(pieces)
        heading = heading_of(next(rest, None), row.columns)
        count = sum(1 for _ in islice(rest, ROWS_MAX + 1))
    if count > ROWS_MAX:
        raise ImportTooLong
    StudentImport.objects.filter(id=row.id).update(rows=count)
    return heading, count


def _batch_keep(mine: StudentImport, heading: Heading, batch: list[Record], seen: Seen) -> bool:
    """Commit a batch with its checkpoint; False when another worker has the import now."""
    for attempt in range(TRIES):
        try:
            with transaction.atomic():
                row = _held(mine)
                if row is None:
                    return False
                _batch_write(row, heading, batch, seen)
                crash.point(BATCH_WRITTEN)
            return True
        except IntegrityError:
            # Somebody admitted one of these people at this moment; the next look finds them.
            if attempt == TRIES - 1:
                raise
    return False


def _held(mine: StudentImport) -> StudentImport | None:
    """The import, locked, if it is still this worker's."""
    return (
        StudentImport.objects.select_for_update(of=("self",))
        .filter(id=mine.id, state=State.RUNNING, runner=mine.runner)
        .first()
    )


def _batch_write(row: StudentImport, heading: Heading, batch: list[Record], seen: Seen) -> None:
    wanted, refused = _sorted_out(row, heading, batch, seen)
    wanted, beyond = _within_quota(row, wanted)
    refused += beyond
    if row.is_dry_run:
        seen.people |= {draft.identity for _, draft, _ in wanted}
        seen.codes |= {draft.code for _, draft, _ in wanted if draft.code}
    else:
        students_admit(drafts=[(draft, branch) for _, draft, branch in wanted], imported=row.id)
    RefusedRow.objects.bulk_create(
        RefusedRow(
            student_import=row, row=record.row, field=error.field or "", code=error.code, action=_what_to_do(error)
        )
        for record, error in refused
    )
    row.row, row.offset = batch[-1].row, batch[-1].end
    row.created += len(wanted)
    row.refused += len(refused)
    row.skipped += sum(isinstance(error, StudentExists) for _, error in refused)
    row.save(update_fields=["row", "offset", "created", "refused", "skipped"])
    progress_update(row.id, done=row.row - 1)


def _sorted_out(
    row: StudentImport, heading: Heading, batch: list[Record], seen: Seen
) -> tuple[list[Row], list[tuple[Record, DomainError]]]:
    """The rows that could be admitted, and those that cannot with the reason; blank rows are neither."""
    branches = {
        branch.code: branch for branch in Branch.objects.all() if not row.is_branch_fixed or branch == row.branch
    }
    usual = row.branch or (next(iter(branches.values())) if len(branches) == 1 else None)
    read: list[Row] = []
    refused: list[tuple[Record, DomainError]] = []
    for record in batch:
        if record.is_blank:
            continue
        try:
            read.append((record, *_read(record, heading, branches, usual)))
        except DomainError as error:
            refused.append((record, error))
    people, codes = _known([draft for _, draft, _ in read])
    people |= seen.people
    codes |= seen.codes
    fresh: list[Row] = []
    for record, draft, branch in read:
        if draft.identity in people:
            refused.append((record, StudentExists(field="name")))
        elif draft.code in codes:
            refused.append((record, CodeTaken(field="code")))
        else:
            fresh.append((record, draft, branch))
            people.add(draft.identity)
            codes |= {draft.code} - {""}
    return fresh, refused


def _read(record: Record, heading: Heading, branches: dict[str, Branch], usual: Branch | None) -> tuple[Draft, Branch]:
    if not record.is_text:
        raise RowEncoding
    if len(record.cells) > heading.width:
        raise RowColumns
    values = heading.values(record)
    code = values.pop("branch", "").strip().upper()
    draft = draft_of(values)
    if code and code not in branches:
        raise BranchUnknown(field="branch")
    branch = branches[code] if code else usual
    if branch is None:
        raise BranchNeeded(field="branch")
    return draft, branch


def _known(drafts: list[Draft]) -> tuple[set[tuple[str, str, str]], set[str]]:
    """Who of these is a student already, and which of their codes are taken."""
    there = Student.objects.exclude(state=Student.State.LEFT).filter(
        phone__in={draft.phone for draft in drafts}, guardian_phone__in={draft.guardian_phone for draft in drafts}
    )
    people = {
        (phone, guardian, name.lower())
        for phone, guardian, name in there.values_list("phone", "guardian_phone", "name")
    }
    codes = Student.objects.filter(code__in=[draft.code for draft in drafts if draft.code])
    return people, set(codes.values_list("code", flat=True))


def _what_to_do(error: DomainError) -> str:
    """A refusal's advice as a line of the file can give it, with the numbers and names it speaks of."""
    if isinstance(error, quotas.QuotaReached):
        lifted = f"Take the plan {error.data['plan']}, or remove" if error.data["plan"] else "Remove"
        return f"Your plan allows {error.data['limit']} students. {lifted} some first, then import these rows again."
    advice = error.action if error.detail == error.title else f"{error.detail} {error.action}"
    return advice[:240]


def _within_quota(row: StudentImport, wanted: list[Row]) -> tuple[list[Row], list[tuple[Record, DomainError]]]:
    """Take the plan's places for as many rows as there are, the first ones first; the others are refused by it."""
    count = len(wanted)
    refusal: quotas.QuotaReached | None = None
    while count:
        try:
            if row.is_dry_run:
                _quota_ask(row.created + count)
            else:
                quotas.take(STUDENTS, count)
            break
        except quotas.QuotaReached as error:
            refusal = error
            room = error.data["limit"] - error.data["used"] - (row.created if row.is_dry_run else 0)
            count = max(0, min(count - 1, room))
    return wanted[:count], [(record, refusal) for record, _, _ in wanted[count:] if refusal]


def _quota_ask(count: int) -> None:
    """Whether so many would pass, without taking them. Raises QuotaReached."""
    use = next((use for use in quotas.usage() if use.name == STUDENTS), quotas.Use(STUDENTS, 0, 0, ""))
    if use.used + count > use.limit:
        raise quotas.QuotaReached(quota=STUDENTS, limit=use.limit, used=use.used, plan=use.lifted_by)


def _finish(mine: StudentImport) -> None:
    counts = StudentImport.objects.get(id=mine.id)
    # Storage is spoken to between transactions; a kill in between leaves a file nobody is shown.
    errors_file = refused_file_put(counts) if counts.refused else None
    crash.point(REFUSED_STORED)
    with transaction.atomic():
        row = _held(mine)
        if row is None:
            return
        row.state, row.errors_file_id, row.ended_at = State.DONE, errors_file, clock.now()
        row.save(update_fields=["state", "errors_file_id", "ended_at"])
        row.refused_rows.all().delete()
        progress_finish(row.id, result=_counts(row))


def _counts(row: StudentImport) -> dict[str, int | bool]:
    return {"created": row.created, "refused": row.refused, "is_dry_run": row.is_dry_run}


def _fail(mine: StudentImport, error: DomainError) -> None:
    with transaction.atomic():
        row = _held(mine)
        if row is None:
            return
        row.state, row.reason, row.ended_at = State.FAILED, f"{error.code}: {error.detail}"[:200], clock.now()
        row.save(update_fields=["state", "reason", "ended_at"])
        progress_fail(row.id, error=error.code)
