"""Writes of people: branches, students, and who may act for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from kernel import audit, clock, quotas
from shared_apps.accounts.services import phones as accounts
from tenant_apps.people.admission import Link, links_of, refusal_of, sign_ins_link, students_admit
from tenant_apps.people.codes import pattern_check
from tenant_apps.people.drafts import Draft, draft_of, tidy
from tenant_apps.people.errors import (
    BranchInUse,
    BranchTaken,
    GuardianUnknown,
    NumberMissing,
    TooMany,
    ViewsFull,
    ViewTaken,
)
from tenant_apps.people.models import Access, Branch, SavedView, Student

LIBRARIES = "libraries"
STUDENTS = "students"
MANY = 200


def branch_create(
    *,
    name: str,
    code: str,
    kind: str,
    city: str = "",
    address: str = "",
    state: str = Branch.State.OPEN,
    code_pattern: str = "{BRANCH}-{YY}-{SEQ:4}",
) -> Branch:
    """Open a place; a library takes one of the plan's. Raises BranchTaken, CodePatternInvalid, QuotaReached."""
    pattern_check(code_pattern)
    with transaction.atomic():
        if kind == Branch.Kind.LIBRARY:
            quotas.take(LIBRARIES)
        try:
            with transaction.atomic():
                branch = Branch.objects.create(
                    name=name, code=code, kind=kind, city=city, address=address, state=state, code_pattern=code_pattern
                )
        except IntegrityError as error:
            raise BranchTaken(field="code") from error
        audit.record(
            action="people.branch_create",
            subject_type="branch",
            subject_id=str(branch.id),
            changes={"branch": ["", code]},
        )
    return branch


def branch_change(*, branch: Branch, changes: Mapping[str, Any]) -> Branch:
    """Rename, move, open or close a place; its kind and code stay. Raises CodePatternInvalid."""
    pattern_check(changes.get("code_pattern", branch.code_pattern))
    with transaction.atomic():
        branch = Branch.objects.select_for_update(of=("self",)).get(id=branch.id)
        _apply(branch, changes, action="people.branch_change", subject_type="branch")
    return branch


def branch_delete(*, branch: Branch) -> None:
    """Remove a place that was never used. Raises BranchInUse."""
    with transaction.atomic():
        try:
            branch.delete()
        except ProtectedError as error:
            raise BranchInUse from error
        if branch.kind == Branch.Kind.LIBRARY:
            quotas.give_back(LIBRARIES, 1)
        audit.record(
            action="people.branch_delete",
            subject_type="branch",
            subject_id=str(branch.id),
            changes={"branch": [branch.code, ""]},
        )


def student_create(*, draft: Draft, branch: Branch) -> Student:
    """Admit one student: quota, code, row and sign-ins in one transaction.

    Raises QuotaReached, StudentExists, CodeTaken.
    """
    with transaction.atomic():
        quotas.take(STUDENTS)
        try:
            with transaction.atomic():
                [student] = students_admit(drafts=[(draft, branch)])
        except IntegrityError as error:
            raise refusal_of(error) from error
        audit.record(
            action="people.student_create",
            subject_type="student",
            subject_id=str(student.id),
            changes={"student": ["", student.code]},
        )
    return student


def student_change(
    *, student: UUID, changes: Mapping[str, str], branch: Branch | None = None, check: Callable[[], None] | None = None
) -> Student:
    """Change what is known of a student. A number that is replaced ends the access of whoever signed in with it.

    `changes` is text by field, checked as on admission; `check` is called once the row is locked and may refuse.
    Raises the draft's refusals, StudentExists.
    """
    with transaction.atomic():
        row = Student.objects.select_for_update(of=("self",)).get(id=student)
        if check is not None:
            check()
        before = _draft(row)
        after = draft_of(_text(row) | dict(changes))
        values = {field: getattr(after, field) for field in changes}
        if "tags" in values:
            values["tags"] = list(after.tags)
        if "joined_on" in values and after.joined_on is None:
            values.pop("joined_on")
        if branch is not None:
            values["branch_id"] = branch.id
        try:
            with transaction.atomic():
                _apply(row, values, action="people.student_change", subject_type="student")
        except IntegrityError as error:
            raise refusal_of(error) from error
        gone = before.sign_ins.items() - after.sign_ins.items()
        new = after.sign_ins.items() - before.sign_ins.items()
        accesses_remove(student=row.id, phones=[number for number, _ in gone])
        sign_ins_link(link for link in links_of(row.id, after) if (link.phone, link.relation) in new)
    return row


def student_suspend(*, student: UUID, reason: str = "") -> Student:
    """Keep a student out until reactivated; their place in the plan stays taken."""
    return _student_move(student, to=Student.State.SUSPENDED, reason=reason)


def student_reactivate(*, student: UUID) -> Student:
    """Let a suspended student, or one who had left, back in. Raises QuotaReached, StudentExists for the latter."""
    return _student_move(student, to=Student.State.ACTIVE)


def students_move(*, students: Sequence[UUID], to: str, reason: str = "") -> int:
    """Suspend or reactivate (`to` is suspended or active) many at once, all or none; gives how many were changed.

    Raises TooMany, QuotaReached, StudentExists.
    """
    if len(students) > MANY:
        raise TooMany
    with transaction.atomic():
        before = dict(Student.objects.filter(id__in=list(students)).values_list("id", "state"))
        wanted = [student for student in sorted(before) if before[student] != to]
        for student in wanted:
            _student_move(student, to=Student.State(to), reason=reason)
    return len(wanted)


def student_delete(*, student: UUID) -> None:
    """Remove a student. One with a history ends in the state `left` and keeps it; the plan's place is free again."""
    with transaction.atomic():
        row = Student.objects.select_for_update(of=("self",)).get(id=student)
        if row.state == Student.State.LEFT:
            return
        try:
            with transaction.atomic():
                row.delete()
        except ProtectedError:
            _student_move(student, to=Student.State.LEFT)
            return
        quotas.give_back(STUDENTS, 1)
        audit.record(
            action="people.student_delete",
            subject_type="student",
            subject_id=str(student),
            changes={"student": [row.code, ""]},
        )


def guardian_add(*, student: UUID, name: str, phone: str, relation: str) -> None:
    """Let one more person sign in for a student. Adding the same number again changes nothing."""
    with transaction.atomic():
        Student.objects.select_for_update(of=("self",)).get(id=student)
        sign_ins_link([Link(student=student, phone=phone, relation=relation, name=name)])
        audit.record(
            action="people.guardian_add",
            subject_type="student",
            subject_id=str(student),
            changes={"relation": ["", relation]},
        )


def guardian_remove(*, student: UUID, access: UUID) -> None:
    """End one person's access to a student. Raises GuardianUnknown; NumberMissing when nobody would be left."""
    with transaction.atomic():
        row = Student.objects.select_for_update(of=("self",)).get(id=student)
        found = Access.objects.filter(id=access, student=row).first()
        if found is None:
            raise GuardianUnknown
        number = accounts.user_phones([found.user_id]).get(found.user_id)
        changes = {field: "" for field in ("phone", "guardian_phone") if number and getattr(row, field) == number}
        if changes and not (_draft(row).sign_ins.keys() - {number}):
            raise NumberMissing("A student needs at least one number to sign in with.", field="phone")
        _apply(row, changes, action="people.guardian_remove", subject_type="student")
        found.delete()


def accesses_remove(*, student: UUID, phones: list[str]) -> None:
    """End the access of whoever signs in with these numbers."""
    if phones:
        Access.objects.filter(student_id=student, user_id__in=accounts.users_by_phone(phones).values()).delete()


def view_save(*, user: UUID, name: str, query: str) -> SavedView:
    """Keep a search under a name, on the first free place of its owner. Raises ViewTaken, ViewsFull."""
    with transaction.atomic():
        taken = set(SavedView.objects.filter(user_id=user).values_list("place", flat=True))
        place = next((place for place in range(1, SavedView.PLACES + 1) if place not in taken), None)
        if place is None:
            raise ViewsFull(field="name")
        try:
            with transaction.atomic():
                return SavedView.objects.create(user_id=user, name=tidy(name), query=query[:400], place=place)
        except IntegrityError as error:
            raise ViewTaken(field="name") from error


def view_delete(*, user: UUID, view: UUID) -> None:
    """Forget one of one's own views; one that is not there is no error."""
    SavedView.objects.filter(user_id=user, id=view).delete()


def _student_move(student: UUID, *, to: Student.State, reason: str = "") -> Student:
    with transaction.atomic():
        row = Student.objects.select_for_update(of=("self",)).get(id=student)
        if row.state == to:
            return row
        if row.state == Student.State.LEFT:
            quotas.take(STUDENTS)
        if to == Student.State.LEFT:
            quotas.give_back(STUDENTS, 1)
        changes = {"state": [row.state, to.value]} | ({"reason": ["", reason]} if reason else {})
        row.state, row.updated_at = to, clock.now()
        try:
            with transaction.atomic():
                row.save(update_fields=["state", "updated_at"])
        except IntegrityError as error:
            raise refusal_of(error) from error
        audit.record(
            action=f"people.student_{to.value}", subject_type="student", subject_id=str(student), changes=changes
        )
    return row


def _apply(row: Branch | Student, values: Mapping[str, Any], *, action: str, subject_type: str) -> None:
    """Write what differs, with its trace."""
    changes = {field: [getattr(row, field), value] for field, value in values.items() if getattr(row, field) != value}
    if not changes:
        return
    for field in changes:
        setattr(row, field, values[field])
    row.updated_at = clock.now()
    row.save(update_fields=[*changes, "updated_at"])
    audit.record(action=action, subject_type=subject_type, subject_id=str(row.pk), changes=changes)


def _text(row: Student) -> dict[str, str]:
    fields = ("name", "phone", "guardian_phone", "guardian_name", "guardian_relation", "email", "grade", "board")
    joined_on: date = row.joined_on
    return {field: getattr(row, field) for field in fields} | {
        "joined_on": joined_on.isoformat(),
        "tags": ",".join(row.tags),
    }


def _draft(row: Student) -> Draft:
    return draft_of(_text(row))
