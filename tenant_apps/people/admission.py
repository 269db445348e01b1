"""Owns how drafts become students: codes, rows, sign-ins; the one path of the desk, the API and the import."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError

from kernel import clock
from kernel.errors import DomainError
from shared_apps.accounts.services import phones as accounts
from tenant_apps.people.codes import codes_take
from tenant_apps.people.drafts import Draft
from tenant_apps.people.errors import CodeTaken, StudentExists
from tenant_apps.people.models import Access, Branch, Student


@dataclass(frozen=True, slots=True)
class Link:
    """That whoever signs in with `phone` may act for `student`."""

    student: UUID
    phone: str
    relation: str
    name: str


def students_admit(*, drafts: Sequence[tuple[Draft, Branch]], imported: UUID | None = None) -> list[Student]:
    """Insert students with codes and sign-ins, in the caller's transaction, which has taken the quota.

    Raises IntegrityError when a person or a code is already there; `refusal_of` says which.
    """
    fresh = [branch for draft, branch in drafts if not draft.code]
    codes = iter(codes_take(branches=fresh, avoid=[draft.code for draft, _ in drafts if draft.code]))
    today, now = clock.today(), clock.now()
    students = Student.objects.bulk_create(
        Student(
            code=draft.code or next(codes),
            name=draft.name,
            phone=draft.phone,
            email=draft.email,
            branch=branch,
            grade=draft.grade,
            board=draft.board,
            guardian_name=draft.guardian_name,
            guardian_phone=draft.guardian_phone,
            guardian_relation=draft.guardian_relation,
            joined_on=draft.joined_on or today,
            tags=list(draft.tags),
            imported_id=imported,
            created_at=now,
            updated_at=now,
        )
        for draft, branch in drafts
    )
    sign_ins_link(
        link for student, (draft, _) in zip(students, drafts, strict=True) for link in links_of(student.id, draft)
    )
    return students


def links_of(student: UUID, draft: Draft) -> list[Link]:
    return [
        Link(
            student=student,
            phone=number,
            relation=relation,
            name=draft.name if relation == "self" else draft.guardian_name,
        )
        for number, relation in draft.sign_ins.items()
    ]


def sign_ins_link(links: Iterable[Link]) -> None:
    """Give each number a user, new or known, who may act for the student. One number serves many students."""
    links = list(links)
    users = accounts.users_ensure({link.phone: link.name for link in links})
    Access.objects.bulk_create(
        (Access(user_id=users[link.phone], student_id=link.student, relation=link.relation) for link in links),
        ignore_conflicts=True,
    )


def refusal_of(error: IntegrityError) -> DomainError:
    """Which rule of the table said no. Anything unexpected is raised again: it is a bug, not a refusal."""
    constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""
    if constraint == "people_student_once":
        return StudentExists(field="name")
    if constraint.startswith("people_student_code"):
        return CodeTaken(field="code")
    raise error
