"""Reads of people: every request-facing one takes the actor and cuts to their own rows and branches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db.models import Case, F, Min, QuerySet, Value, When
from django.db.models.functions import Concat, Left, Right, Substr

from kernel.http.actor import Actor
from kernel.http.lookup import found
from shared_apps.accounts.profiles import Profile
from tenant_apps.people.errors import BranchNeeded, BranchUnknown
from tenant_apps.people.models import Access, Branch, SavedView, Student, StudentImport


@dataclass(frozen=True, slots=True)
class StudentCard:
    """What other apps may know of a student. `phone` is the one to write to: their own, else a guardian's."""

    id: UUID
    code: str
    name: str
    phone: str
    email: str
    branch: UUID
    state: str

    @property
    def is_active(self) -> bool:
        return self.state == Student.State.ACTIVE


@dataclass(frozen=True, slots=True)
class Audience:
    """Active students of a branch, a grade and a board; an empty one means any."""

    branch: UUID | None
    grade: str = ""
    board: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom a message to many reaches: a phone, and the first by name of those it stands for."""

    phone: str
    name: str


def branches_visible(actor: Actor) -> QuerySet[Branch]:
    """Staff of some branches see those; staff of all, and students, see all: where a place is, is no secret."""
    branches = Branch.objects.all()
    if actor.kind != "student" and actor.branches is not None:
        branches = branches.filter(id__in=actor.branches)
    return branches


def branch_get(actor: Actor, branch: UUID) -> Branch:
    """One visible branch. Raises NotFound."""
    return found(branches_visible(actor), id=branch)


def branch_chosen(actor: Actor, branch: UUID | None) -> Branch:
    """The branch meant: the one named, else the only one the actor has. Raises BranchUnknown, BranchNeeded."""
    if branch is not None:
        found = branches_visible(actor).filter(id=branch).first()
        if found is None:
            raise BranchUnknown(field="branch")
        return found
    choice = list(branches_visible(actor)[:2])
    if len(choice) != 1:
        raise BranchNeeded(field="branch")
    return choice[0]


def students_visible(actor: Actor) -> QuerySet[Student]:
    """A student's sign-in sees the profiles it may act for; staff see the students of their branches."""
    if actor.kind == "student":
        return Student.objects.filter(id__in=actor.students)
    students = Student.objects.all()
    if actor.branches is not None:
        students = students.filter(branch_id__in=actor.branches)
    return students


def students_listed(actor: Actor) -> QuerySet[Student]:
    """The visible students with numbers masked for eyes that need none (`people.phones`); one's own are whole."""
    sees_numbers = actor.kind == "student" or actor.can("people.phones")
    return students_visible(actor).annotate(
        shown_phone=F("phone") if sees_numbers else _masked("phone"),
        shown_guardian_phone=F("guardian_phone") if sees_numbers else _masked("guardian_phone"),
    )


def students_columns(actor: Actor) -> tuple[str, ...]:
    """Where students are searched. Numbers and addresses are found by those alone who may see them."""
    private = ("phone", "guardian_phone", "guardian_name", "email")
    return ("name", "code", *(private if actor.can("people.phones") else ()))


def _masked(field: str) -> Concat:
    # The shape of kernel.phone.mask; an absent number stays recognisable as a short mask.
    return Concat(Left(field, 3), Value(" "), Substr(field, 4, 2), Value("•• ••"), Right(field, 4))


def student_get(actor: Actor, student: UUID) -> Student:
    """One visible student. Raises NotFound: whether someone else has such a student is not told."""
    return found(students_visible(actor).select_related("branch"), id=student)


def profile_shown(actor: Actor) -> Student | None:
    """Whom a student's sign-in acts for: the profile picked, else the only one."""
    mine = students_visible(actor)
    if actor.student is not None:
        mine = mine.filter(id=actor.student)
    found = list(mine[:2])
    return found[0] if len(found) == 1 else None


def accesses_of(actor: Actor, student: UUID) -> QuerySet[Access]:
    """Who may act for a visible student."""
    return Access.objects.filter(student=student_get(actor, student))


def imports_visible(actor: Actor) -> QuerySet[StudentImport]:
    """Staff of some branches see the imports into those."""
    imports = StudentImport.objects.all()
    if actor.branches is not None:
        imports = imports.filter(branch_id__in=actor.branches)
    return imports


def import_get(actor: Actor, student_import: UUID) -> StudentImport:
    """One visible import. Raises NotFound."""
    return found(imports_visible(actor), id=student_import)


def views_of(actor: Actor) -> QuerySet[SavedView]:
    """The actor's own saved views, by name."""
    views = SavedView.objects.order_by("name")
    return views.filter(user_id=actor.user_id) if actor.user_id else views.none()


def student_card(student: UUID) -> StudentCard | None:
    """One student for other apps, or None. Cuts nothing: the caller has."""
    return student_cards([student]).get(student)


def student_cards(students: Iterable[UUID]) -> dict[UUID, StudentCard]:
    """Many students for other apps, by id."""
    return {
        row.id: StudentCard(
            id=row.id,
            code=row.code,
            name=row.name,
            phone=row.phone or row.guardian_phone,
            email=row.email,
            branch=row.branch_id,
            state=row.state,
        )
        for row in Student.objects.extra(where=["id = ANY(%s)"], params=[list(students)])
    }


def contacts(audience: Audience, *, after: str = "", limit: int | None = None) -> list[Contact]:
    """The phones of an audience, each once, in order; past `after`, up to `limit`. Siblings may share one."""
    some = _reached(audience).filter(to__gt=after).annotate(first=Min("name")).order_by("to")
    return [Contact(phone, name) for phone, name in some.values_list("to", "first")[:limit]]


def contacts_count(audience: Audience) -> int:
    """How many phones `contacts` would give in all."""
    return _reached(audience).count()


def _reached(audience: Audience) -> QuerySet:
    chosen = {name: value for name, value in asdict(audience).items() if value}
    students = Student.objects.filter(state=Student.State.ACTIVE, **chosen)
    return (
        students.annotate(to=Case(When(phone="", then=F("guardian_phone")), default=F("phone"))).values("to").distinct()
    )


def profiles_of(user: UUID) -> list[Profile]:
    """The profiles a sign-in may act for, by name. One who has left is no profile any more."""
    accesses = _accesses(user).order_by("student__name", "student_id")
    return [
        Profile(id=student, name=name, relation=relation)
        for student, name, relation in accesses.values_list("student_id", "student__name", "relation")
    ]


def profile_ids(user: Any) -> QuerySet:
    """The same as one column of ids; `user` may be an OuterRef."""
    return _accesses(user).values("student_id")


def _accesses(user: Any) -> QuerySet[Access]:
    return Access.objects.filter(user_id=user).exclude(student__state=Student.State.LEFT)


def users_of_students(students: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """Student → the users who may act for them: whom to tell."""
    users: dict[UUID, list[UUID]] = {}
    for student, user in Access.objects.filter(student_id__in=list(students)).values_list("student_id", "user_id"):
        users.setdefault(student, []).append(user)
    return users
